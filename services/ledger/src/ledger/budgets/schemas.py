"""Wire types of budget control: allotments and encumbrances."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema

from common.dates import BusinessDate
from common.money import Fen, SignedFen
from common.text import PlainLine
from common.validation import field_error
from common.web.openapi import example
from common.wire import Wire
from ledger.funds.schemas import (
    POSTED_EXAMPLE,
    EntryBrief,
    FiscalYear,
    FundAfter,
    FundCode,
    PayeeRef,
    Posted,
    PurposeCode,
    Source,
    VoucherIn,
    WarningOut,
)

# Years as in business dates (1900 to 2199): the ends of what the machine can hold do not survive a change of zone.
_RFC_3339 = re.compile(
    r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def _an_instant(value: object) -> object:
    # Pydantic would also read numbers, as seconds since 1970.
    if (isinstance(value, str) and not _RFC_3339.fullmatch(value)) or isinstance(value, int | float):
        raise field_error("not_an_instant", "须为 RFC 3339 时间。", "Must be an RFC 3339 time.")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_an_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_RFC_3339.pattern}$"}),
]
"""An instant on the wire: RFC 3339 with its offset."""

EncumbranceStatus = Literal["open", "expired", "liquidated", "released"]


class AllotmentIn(VoucherIn):
    """Budget becoming available 下达指标."""

    model_config = example(
        {
            "amount_fen": 800_000_000,
            "fiscal_year": 2026,
            "effective_on": "2026-01-15",
            "authority": "宁财农〔2026〕12号",
            "reference": "ZB-2026-0012",
        }
    )

    amount_fen: Fen
    fiscal_year: FiscalYear
    authority: PlainLine
    """The decision that grants it, e.g. its document number. 下达依据（文号）。"""
    purpose_code: PurposeCode = None


class EncumbranceIn(VoucherIn):
    """Budget reserved for one purpose 冻结指标."""

    model_config = example(
        {
            "fund": "insurance",
            "fiscal_year": 2026,
            "amount_fen": 830_000,
            "purpose": "防贫保理赔",
            "effective_on": "2026-03-02",
            "reference": "claim:2026-000041",
            "expires_at": "2026-12-31T16:00:00Z",
        }
    )

    fund: FundCode
    fiscal_year: FiscalYear
    amount_fen: Fen
    purpose: PlainLine
    expires_at: Instant | None = None
    """From this instant on it pays nothing any more. 到期时间。"""
    purpose_code: PurposeCode = None


class LiquidationIn(VoucherIn):
    """The payment of an encumbrance, in part or whole 核销支付."""

    model_config = example(
        {
            "amount_fen": 830_000,
            "effective_on": "2026-03-09",
            "payee_ref": "claim-payee-41",
            "reference": "batch:2026-0003/17",
        }
    )

    amount_fen: Fen
    payee_ref: PayeeRef
    source: Source | None = None
    """The source that bears it; without one, the fund's order of sources does. 资金来源，缺省时按基金的来源顺序分摊。"""


class ReturnIn(VoucherIn):
    """The bank gave a liquidation back 支付退票."""

    model_config = example({"effective_on": "2026-03-11", "reason": "账号与户名不符"})

    reason: PlainLine


class ReleaseIn(VoucherIn):
    """What is left of an encumbrance goes back to available 解除冻结."""

    model_config = example({"effective_on": "2026-04-01", "reason": "项目取消"})

    reason: PlainLine | None = None


class EncumbranceFacts(Wire):
    """An encumbrance and what happened to it: amount = liquidated + released + remaining."""

    id: UUID
    status: EncumbranceStatus
    fiscal_year: int
    purpose: str
    purpose_code: str | None
    reference: str | None
    expires_at: AwareDatetime | None
    opened_on: BusinessDate
    amount_fen: Fen
    liquidated_fen: SignedFen
    """Paid and not returned by the bank."""
    returned_fen: SignedFen
    """Returned by the bank over its whole life."""
    payable_fen: SignedFen
    """Returned by the bank and not paid again yet."""
    released_fen: SignedFen
    remaining_fen: SignedFen


ENCUMBRANCE_EXAMPLE: dict[str, object] = {
    "id": "01957c6e-8f1a-7c3e-9b1d-2f4a6c8e0b12",
    "status": "open",
    "fiscal_year": 2026,
    "purpose": "防贫保理赔",
    "purpose_code": None,
    "reference": "claim:2026-000041",
    "expires_at": "2026-12-31T16:00:00Z",
    "opened_on": "2026-03-02",
    "amount_fen": 830_000,
    "liquidated_fen": 0,
    "returned_fen": 0,
    "payable_fen": 0,
    "released_fen": 0,
    "remaining_fen": 830_000,
}


class EncumbranceOut(EncumbranceFacts):
    """An encumbrance in lists and alone; ``fund`` is the code of its fund."""

    model_config = example({**ENCUMBRANCE_EXAMPLE, "fund": "insurance"})

    fund: str


class EncumbrancePosted(EncumbranceFacts):
    """A new encumbrance (``id`` is its own), the entry that opened it, and the fund's figures after it."""

    model_config = example(
        {
            **ENCUMBRANCE_EXAMPLE,
            **{name: POSTED_EXAMPLE[name] for name in POSTED_EXAMPLE if name not in {"id", "status"}},
        }
    )

    seq: int
    voucher_number: int
    hash: str
    entry: EntryBrief
    fund: FundAfter
    warnings: list[WarningOut]


class EncumbranceMoved(Posted):
    """The entry of a liquidation, return or release, the fund's figures after it, and the encumbrance."""

    model_config = example({**POSTED_EXAMPLE, "encumbrance": {**ENCUMBRANCE_EXAMPLE, "fund": "insurance"}})

    encumbrance: EncumbranceOut
