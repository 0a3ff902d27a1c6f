"""Wire types of what happens to encumbrances besides paying one, and of balances with open encumbrances in one snapshot."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.money import Fen, SignedFen
from common.text import PlainLine
from common.web.openapi import example
from common.wire import Wire
from ledger.budgets.schemas import ENCUMBRANCE_EXAMPLE, EncumbranceMoved, EncumbranceOut, Instant
from ledger.funds.schemas import POSTED_EXAMPLE, EntryBrief, PayeeRef, Reference, Source, VoucherIn
from ledger.journal.schemas import ProblemOut, ProposalOut

MOST_IN_A_GROUP = 1_000
"""Encumbrances of one act: what one transaction of the engine holds."""
_ID = ENCUMBRANCE_EXAMPLE["id"]


class LiquidationShareIn(Wire):
    """What one encumbrance pays in a group; one may stand in it more than once, for several payees."""

    id: UUID
    amount_fen: Fen
    payee_ref: PayeeRef
    source: Source | None = None
    """The source that bears it; without one, the fund's order of sources does. 资金来源，缺省时按基金的来源顺序分摊。"""
    reference: Reference = None
    """Its own reference; without one, the group's. 单笔外部单据号，缺省时用整批的。"""


class GroupLiquidationIn(VoucherIn):
    """The payment of many encumbrances as one act 批量核销: all of them or none."""

    model_config = example(
        {
            "items": [{"id": _ID, "amount_fen": 830_000, "payee_ref": "claim-payee-41"}],
            "effective_on": "2026-03-09",
            "reference": "batch:2026-0003",
        }
    )

    items: Annotated[list[LiquidationShareIn], Field(min_length=1, max_length=MOST_IN_A_GROUP)]


class GroupReleaseIn(VoucherIn):
    """What is left of many encumbrances goes back to available as one act 批量解除冻结: all of them or none."""

    model_config = example({"ids": [_ID], "effective_on": "2026-04-01", "reason": "项目取消"})

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_IN_A_GROUP)]
    reason: PlainLine


class GroupResult(Wire):
    """What became of one encumbrance of a group."""

    id: UUID
    """The encumbrance's id. 冻结编号。"""
    status: Literal["posted", "proposed", "replayed", "refused", "not_attempted"]
    posted: EncumbranceMoved | None = None
    """With ``posted`` and ``replayed``."""
    proposal: ProposalOut | None = None
    """With ``proposed``, and with ``replayed`` of a proposal."""
    problem: ProblemOut | None = None
    """With ``refused``: the one that kept all the others out."""


class GroupOut(Wire):
    """One result per encumbrance, in the order of the request."""

    model_config = example({"results": [{"id": _ID, "status": "not_attempted"}]})

    results: list[GroupResult]


class ExpiryIn(Wire):
    """How many expired encumbrances to release at most, the first opened first."""

    model_config = example({"most": 1_000})

    most: Annotated[int, Field(strict=True, ge=1, le=MOST_IN_A_GROUP)] = MOST_IN_A_GROUP
    """At most so many 最多笔数."""


class ExpiryOut(GroupOut):
    """What became of each expired encumbrance that was found."""

    model_config = example(
        {"expired_by": "2026-12-31T16:00:00.000000Z", "results": [{"id": _ID, "status": "refused"}], "more": False}
    )

    expired_by: AwareDatetime
    """The instant by the database's clock for which they were looked for 查找时点."""
    more: bool
    """More expired ones were there than were asked for: call again with a new key 是否还有."""


class ExtensionIn(Wire):
    """More time for an encumbrance 展期."""

    model_config = example({"expires_at": "2027-03-31T16:00:00Z", "reason": "工程延期验收"})

    expires_at: Instant
    """Later than the expiry in force, and than now. 新的到期时间。"""
    reason: PlainLine


class ExtensionOut(Wire):
    """An extension, with the place of its record in the chain."""

    expires_at: AwareDatetime
    replaced_expires_at: AwareDatetime | None
    reason: str
    by_person: str
    at: AwareDatetime
    position: int


_EXTENSION: dict[str, object] = {
    "expires_at": "2027-03-31T16:00:00.000000Z",
    "replaced_expires_at": "2026-12-31T16:00:00.000000Z",
    "reason": "工程延期验收",
    "by_person": "officer-1",
    "at": "2026-12-20T02:11:09.318204Z",
    "position": 611,
}


class EncumbranceExtended(EncumbranceOut):
    """The encumbrance as it stands now, and its extension."""

    model_config = example(
        {
            **ENCUMBRANCE_EXAMPLE,
            "fund": "insurance",
            "expires_at": "2027-03-31T16:00:00.000000Z",
            "extension": _EXTENSION,
        }
    )

    extension: ExtensionOut


class HistoryOut(Wire):
    """Something that happened to an encumbrance: an entry that moved it, or an extension."""

    model_config = example(
        {
            "position": 433,
            "at": "2026-03-09T03:12:45.120301Z",
            "what": "entry",
            "entry": POSTED_EXAMPLE["entry"],
            "change_fen": -830_000,
            "remaining_fen": 0,
            "fiscal_year": 2026,
            "expires_at": None,
            "reason": None,
            "payee_ref": "claim-payee-41",
            "by_person": "officer-1",
            "reviewed_by": None,
        }
    )

    position: int
    """Its place in the chain; the history is in this order. 链上位置。"""
    at: AwareDatetime
    what: Literal["entry", "extension"]
    entry: EntryBrief | None
    """Of an entry. 凭证。"""
    change_fen: SignedFen
    """What it added to what is encumbered (positive) or took from it. 增减额（分）。"""
    remaining_fen: SignedFen
    """What was left after it. 余额（分）。"""
    fiscal_year: int
    """The budget year it stood in after it. 预算年度。"""
    expires_at: AwareDatetime | None
    """Of an extension: the new expiry. 新的到期时间。"""
    reason: str | None
    """Of an extension; of an entry its description 摘要."""
    payee_ref: str | None
    by_person: str
    """Who prepared the entry, or extended it. 制单人或展期人。"""
    reviewed_by: str | None


class AccountFigures(Wire):
    """What was posted on an account of a fund, over all sources and purposes."""

    account: str
    name_zh: str
    basis: Literal["financial", "budgetary", "control"]
    normal_side: Literal["debit", "credit"]
    budget_year: int | None
    """Of control accounts. 预算年度。"""
    debit_fen: SignedFen
    credit_fen: SignedFen
    balance_fen: SignedFen
    """Debit minus credit. 借方减贷方。"""


class FundBalances(Wire):
    """A fund's own figures, without those of the funds below it, which stand beside it."""

    fund: str
    name_zh: str
    available_fen: SignedFen
    encumbered_fen: SignedFen
    """All budget years together, as are all figures here. 已冻结指标。"""
    open_encumbrances: int
    """How many have something left, expired ones with them. 未结冻结笔数。"""
    remaining_fen: SignedFen
    """What is left of these, which equals ``encumbered_fen``. 冻结余额合计。"""
    accounts: list[AccountFigures]


class BalancesOut(Wire):
    """Balances and open encumbrances of one snapshot.

    Everything here contains the entries up to ``as_of_seq`` whose effective date is not after ``as_of``, and no other.
    """

    model_config = example(
        {
            "as_of": "2026-03-31",
            "as_of_seq": 412,
            "funds": [
                {
                    "fund": "insurance",
                    "name_zh": "防贫保防贫基金",
                    "available_fen": 70_000_000,
                    "encumbered_fen": 830_000,
                    "open_encumbrances": 1,
                    "remaining_fen": 830_000,
                    "accounts": [
                        {
                            "account": "encumbered",
                            "name_zh": "已冻结指标",
                            "basis": "control",
                            "normal_side": "credit",
                            "budget_year": 2026,
                            "debit_fen": 8_000_000,
                            "credit_fen": 8_830_000,
                            "balance_fen": -830_000,
                        }
                    ],
                }
            ],
            "encumbrances": [{**ENCUMBRANCE_EXAMPLE, "fund": "insurance"}],
            "next_cursor": None,
        }
    )

    as_of: date
    as_of_seq: int
    funds: list[FundBalances]
    encumbrances: list[EncumbranceOut]
    """Those with something left, in the order they were opened. 未结冻结。"""
    next_cursor: str | None
    """If there are more: the next call is another snapshot, and says which by its own ``as_of_seq``."""


class ExpiringOut(EncumbranceOut):
    """An encumbrance whose time is soon over."""

    model_config = example({**ENCUMBRANCE_EXAMPLE, "fund": "insurance", "days_left": 12})

    days_left: int
    """Whole days of 24 hours left. 剩余天数。"""
