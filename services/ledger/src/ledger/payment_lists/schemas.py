"""Wire types of payment lists."""

from typing import Literal
from uuid import UUID

from common.money import SignedFen
from common.spreadsheets.bad_rows import BadRowOut
from common.web import Wire, example
from ledger.journal.schemas import ProblemOut

Mode = Literal["all", "good"]
RowStatus = Literal["posted", "proposed", "replayed", "refused", "not_attempted"]
_ENTRY = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"


class ListRowOut(Wire):
    """What became of one row."""

    row: int
    """Its number, as a spreadsheet program shows it 行号."""
    status: RowStatus
    """``replayed``: the row was paid, or proposed, by an earlier list 已由先前清单办理."""
    amount_fen: SignedFen | None
    """What the row says of it 金额; null for an operation that computes its amount from a share."""
    entry: UUID | None = None
    """The journal entry 凭证 it made, now or before."""
    voucher_number: int | None = None
    proposal: UUID | None = None
    """The proposal 待复核 it made, now or before."""
    taken_back_by: UUID | None = None
    """The red entry 红字凭证 that took it back since; it is not done again."""
    problem: ProblemOut | None = None
    """With ``refused``."""


class PaymentListOut(Wire):
    """What became of a payment list 发放清单, or in a dry run what would."""

    model_config = example(
        {
            "operation": "welfare_wage",
            "fund": "employment",
            "rows": 2,
            "posted": 1,
            "proposed": 0,
            "replayed": 0,
            "refused": 0,
            "not_attempted": 0,
            "posted_fen": 60_000,
            "bad_rows": [
                {
                    "row": 3,
                    "column": "支付金额（元）",
                    "code": "not_an_amount",
                    "detail_zh": "不是金额。",
                    "detail_en": "Is not an amount.",
                }
            ],
            "results": [
                {
                    "row": 2,
                    "status": "posted",
                    "amount_fen": 60_000,
                    "entry": _ENTRY,
                    "voucher_number": 412,
                    "proposal": None,
                    "problem": None,
                }
            ],
        }
    )

    operation: str
    fund: str
    rows: int
    """Rows with anything in them below the headings; good and bad ones 行数."""
    posted: int
    proposed: int
    replayed: int
    refused: int
    not_attempted: int
    posted_fen: SignedFen | None
    """The sum of ``amount_fen`` of the rows posted now 本次入账合计; null as theirs."""
    bad_rows: list[BadRowOut]
    results: list[ListRowOut]
    """One per good row, in the order of the file."""
