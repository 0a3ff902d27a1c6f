"""Wire types of the bank."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator

from common.dates import BusinessDate
from common.money import SignedFen
from common.spreadsheets.bad_rows import BadRowOut
from common.spreadsheets.cells import DAY_FORMAT, is_day_format
from common.text import Code, PlainLine, PlainText, compact
from common.validation import field_error
from common.web import Wire, example
from ledger.journal.schemas import VoucherType

MOST_PAIRS = 2_000
MOST_FUNDS = 200
_NUMBER_LENGTH = range(8, 33)

Heading = Annotated[PlainLine, Field(max_length=60)]
Reason = Literal["amount", "reference", "date", "only_one"]
_LINE_ID = "0198c5a2-9a77-7d21-8c55-6b1f0e2d3c01"
_ENTRY_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
_MATCH_ID = "0198c5a2-9a77-7d21-8c55-6b1f0e2d3c03"
_MAPPING: dict[str, Any] = {
    "date": "交易日期",
    "date_format": "YYYY-MM-DD",
    "header_row": 1,
    "debit": "借方发生额",
    "credit": "贷方发生额",
    "balance": "余额",
    "reference": "凭证号",
    "counterparty": "对方户名",
    "text": "摘要",
}


class BankAccountIn(Wire):
    """A bank account 银行账户 of the book, and the funds whose cash (1002) lies on it."""

    model_config = example(
        {
            "code": "boc-main",
            "bank_name": "示例银行",
            "name_zh": "防贫基金专户",
            "number": "1000 2000 3000 4000",
            "funds": ["insurance", "repair"],
        }
    )

    code: Code
    bank_name: PlainLine
    """The bank 开户银行; accounts of one bank share their column mapping until they have their own."""
    name_zh: PlainLine
    """Name of the account 户名."""
    number: Annotated[str, Field(strict=True, pattern=r"^[0-9][0-9 -]{6,46}[0-9]$")]
    """Account number 账号, 8 to 32 digits. Sealed at rest; answers show its last four digits."""
    funds: Annotated[list[Code], Field(min_length=1, max_length=MOST_FUNDS)]
    """Codes of the funds 基金; the funds below each lie on the account too. A fund lies on one account at most."""
    opening_balance_fen: SignedFen = 0
    """The bank's balance when the account is taken over 期初银行余额; it becomes the first line of the statement."""
    opening_on: BusinessDate | None = None
    """The day of that balance; required with one."""

    @field_validator("number")
    @classmethod
    def _digits(cls, number: str) -> str:
        digits = compact(number)
        if len(digits) not in _NUMBER_LENGTH:
            raise field_error("wrong_form", "账号须为 8 至 32 位数字。", "Must have 8 to 32 digits.")
        return digits

    @field_validator("opening_balance_fen")
    @classmethod
    def _bounded(cls, fen: int) -> int:
        if abs(fen) > 10**15:
            raise field_error("too_large", "数值过大。", "The number is too large.")
        return fen

    @field_validator("opening_on")
    @classmethod
    def _with_a_balance(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day is not None and info.data.get("opening_balance_fen") == 0:
            raise field_error("without_balance", "仅可与期初余额同时给出。", "Only together with an opening balance.")
        return day

    @model_validator(mode="after")
    def _dated(self) -> BankAccountIn:
        if self.opening_balance_fen and self.opening_on is None:
            raise field_error("required", "期初余额须注明日期。", "An opening balance needs its day.")
        return self


class ColumnMappingIn(Wire):
    """Where the bank's file has what 对账单列对应关系. Columns are named by their headings."""

    model_config = example(_MAPPING)

    date: Heading
    """Heading of the booking day 记账日期."""
    date_format: Annotated[str, Field(strict=True, pattern=DAY_FORMAT)] = "YYYY-MM-DD"
    """How days are written: ``YYYY-MM-DD``, ``YYYYMMDD``, ``DD/MM/YYYY``, ``YYYY年MM月DD日``; date cells of a spreadsheet need none."""
    header_row: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of the row with the headings 表头所在行."""
    amount: Heading | None = None
    """Heading of the amount 发生额: money in positive, money out negative. Or debit and credit."""
    debit: Heading | None = None
    """Heading of money out 借方发生额."""
    credit: Heading | None = None
    """Heading of money in 贷方发生额."""
    balance: Heading | None = None
    """Heading of the balance after the line 余额."""
    reference: Heading | None = None
    """Heading of the reference 凭证号 that payments and receipts are known by on both sides."""
    counterparty: Heading | None = None
    """Heading of who is on the other side 对方户名; sealed at rest."""
    text: Heading | None = None
    """Heading of the remark 摘要; personal numbers in it are masked before it is stored."""

    @field_validator("date_format")
    @classmethod
    def _whole(cls, day_format: str) -> str:
        if not is_day_format(day_format):
            raise field_error("wrong_form", "须含 YYYY、MM、DD 各一次。", "Must contain YYYY, MM and DD once each.")
        return day_format

    @model_validator(mode="after")
    def _one_way_of_amounts(self) -> ColumnMappingIn:
        halves = (self.debit is not None, self.credit is not None)
        if (self.amount is None) != all(halves) or (self.amount is not None and any(halves)):
            raise field_error(
                "amount_or_sides", "须指定发生额一列，或借方与贷方两列。", "Name the amount, or both debit and credit."
            )
        return self


class ColumnMappingOut(Wire):
    """A version of an account's column mapping. Setting it again makes the next version."""

    model_config = example(
        {**_MAPPING, "amount": None, "account": "boc-main", "version": 1, "set_by": "officer-1", "set_at": "2026-03-05T08:00:00Z"}
    )  # fmt: skip

    account: str
    """The account it was set for."""
    version: int
    date: str
    date_format: str
    header_row: int
    amount: str | None
    debit: str | None
    credit: str | None
    balance: str | None
    reference: str | None
    counterparty: str | None
    text: str | None
    set_by: str
    set_at: datetime


class BankAccountOut(Wire):
    """A bank account of the book."""

    model_config = example(
        {
            "code": "boc-main",
            "bank_name": "示例银行",
            "name_zh": "防贫基金专户",
            "number": "************4000",
            "funds": ["insurance", "repair"],
            "opened_by": "officer-1",
            "opened_at": "2026-03-05T08:00:00Z",
            "statements_cover_to": None,
            "column_mapping": None,
        }
    )

    code: str
    bank_name: str
    name_zh: str
    number: str
    """All but the last four digits hidden."""
    funds: list[str]
    opened_by: str
    opened_at: datetime
    statements_cover_to: date | None
    """The last day its imported statements reach to 对账单截止日."""
    column_mapping: ColumnMappingOut | None
    """The latest column mapping, the account's own or one of the same bank."""


class PreviewRowOut(Wire):
    """A line as read, as it would be stored."""

    row: int
    booked_on: date
    amount_fen: SignedFen
    """Money in positive, money out negative."""
    balance_fen: SignedFen | None
    reference: str | None
    counterparty: str | None
    text: str | None
    is_known: bool
    """The account has this line already; it would not be taken twice."""


class StatementOut(Wire):
    """What an import of a statement did, or with ``preview=true`` would do."""

    model_config = example(
        {
            "id": _LINE_ID,
            "preview": False,
            "mapping_version": 1,
            "covers_from": "2026-03-01",
            "covers_to": "2026-03-31",
            "lines_taken": 212,
            "lines_known": 3,
            "bad_rows": [
                {
                    "row": 217,
                    "column": "交易日期",
                    "code": "not_a_date",
                    "detail_zh": "不是所定格式的日期。",
                    "detail_en": "Is not a date of the stated format.",
                }
            ],
            "balance_breaks": [],
            "rows": None,
        }
    )  # fmt: skip

    id: UUID | None
    preview: bool
    mapping_version: int
    covers_from: date | None
    covers_to: date | None
    """The days the statement covers: as given, else its first and last line's."""
    lines_taken: int
    lines_known: int
    """Lines the account had already."""
    bad_rows: list[BadRowOut]
    balance_breaks: list[int]
    """Rows whose balance is not the balance before plus their amount: a line is missing there 余额不连续的行."""
    rows: list[PreviewRowOut] | None
    """With ``preview=true``: every line as read, in the order of time."""


class LineOut(Wire):
    """A line of the account's statement 银行流水."""

    model_config = example(
        {
            "id": _LINE_ID,
            "number": 12,
            "booked_on": "2026-03-05",
            "amount_fen": -1_200_000,
            "balance_fen": 48_800_000,
            "reference": "ZF-2026-0031",
            "counterparty": "示例养路队",
            "text": "养护费",
            "match": None,
        }
    )

    id: UUID
    number: int
    """Counts the account's lines, from 1."""
    booked_on: date
    amount_fen: SignedFen
    """Money in positive, money out negative."""
    balance_fen: SignedFen | None
    reference: str | None
    counterparty: str | None
    """A person's name but for its first character hidden."""
    text: str | None
    match: UUID | None
    """The match it is in."""


class MovementOut(Wire):
    """How an entry moved the account's cash."""

    entry: UUID
    seq: int
    effective_on: date
    period: str
    voucher_type: VoucherType
    voucher_number: int
    """Voucher number 凭证号 of the period and type."""
    description: str
    reference: str | None
    amount_fen: SignedFen
    """Receipts positive, payments negative."""


class ProposalIn(Wire):
    """How far apart a line and an entry may lie."""

    model_config = example({"window_days": 5})

    window_days: Annotated[int, Field(ge=0, le=366)] = 5
    """Days between the bank's date and the entry's 日期差. A shared reference counts at any distance."""


class ProposedMatchOut(Wire):
    """A line and an entry that seem to be the same money."""

    line: LineOut
    entry: MovementOut
    score: int
    """The higher the surer, at most 100; docs/adr/0011 says how it is counted."""
    reasons: list[Reason]


class ProposedMatchesOut(Wire):
    """Proposals, the surest first; nothing is stored. Confirm them with ``POST …/matches``."""

    proposals: list[ProposedMatchOut]
    more_lines: bool
    """Only the oldest lines that wait were looked at: confirm, and ask again."""


class PairIn(Wire):
    """What belongs together: a line with an entry, or a line with another line that cancels it (银行冲正)."""

    line: UUID
    entry: UUID | None = None
    other_line: UUID | None = None

    @model_validator(mode="after")
    def _one_partner(self) -> PairIn:
        if (self.entry is None) == (self.other_line is None) or self.other_line == self.line:
            raise field_error("one_partner", "须指定凭证或另一笔流水之一。", "Name an entry or another line.")
        return self


class MatchesIn(Wire):
    """Pairs to confirm. Pairs that share a line or an entry make one match, whose sums must agree to the fen."""

    model_config = example({"pairs": [{"line": _LINE_ID, "entry": _ENTRY_ID}]})

    pairs: Annotated[list[PairIn], Field(min_length=1, max_length=MOST_PAIRS)]


class MatchOut(Wire):
    """A match 勾对: lines of the statement and entries of the book that are the same money."""

    model_config = example(
        {
            "id": _MATCH_ID,
            "status": "undone",
            "amount_fen": -1_200_000,
            "lines": [_LINE_ID],
            "entries": [_ENTRY_ID],
            "matched_by": "officer-1",
            "matched_at": "2026-03-05T08:00:00Z",
            "undone_by": "officer-1",
            "undone_at": "2026-03-06T08:00:00Z",
            "undo_reason": "对错了凭证",
        }
    )

    id: UUID
    status: Literal["matched", "undone"]
    amount_fen: SignedFen
    lines: list[UUID]
    entries: list[UUID]
    matched_by: str
    matched_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    undo_reason: str | None


class MatchesOut(Wire):
    """The matches made, one for each group of pairs."""

    matches: list[MatchOut]


class UndoIn(Wire):
    """Why a match is undone."""

    model_config = example({"reason": "对错了凭证"})

    reason: PlainText


class EntryGroupOut(Wire):
    """Outstanding entries of one kind."""

    count: int
    sum_fen: int
    items: list[MovementOut]
    """The oldest of them, up to the limit asked for."""


class LineGroupOut(Wire):
    """Outstanding lines of one kind."""

    count: int
    sum_fen: int
    items: list[LineOut]
    """The oldest of them, up to the limit asked for."""


class ReconciliationOut(Wire):
    """The reconciliation 银行存款余额调节表 of an account at the end of a day."""

    account: str
    on: date
    status: Literal["reconciled", "unreconciled"]
    """As month closing sees it: the statement reaches the day, every line up to it is matched, and the adjusted balances are equal."""
    statements_cover_to: date | None
    book_balance_fen: SignedFen
    """企业银行存款日记账余额."""
    statement_balance_fen: SignedFen
    """银行对账单余额: as the bank states it, else the sum of its lines."""
    statement_balance_is_stated: bool
    """Whether the bank's file carries balances."""
    bank_received_not_booked: LineGroupOut
    """银行已收企业未收: added to the book's balance."""
    bank_paid_not_booked: LineGroupOut
    """银行已付企业未付: taken from the book's balance."""
    booked_received_not_bank: EntryGroupOut
    """企业已收银行未收: added to the bank's balance."""
    booked_paid_not_bank: EntryGroupOut
    """企业已付银行未付: taken from the bank's balance."""
    adjusted_book_balance_fen: SignedFen
    """调节后企业余额."""
    adjusted_statement_balance_fen: SignedFen
    """调节后银行余额."""
    balanced: bool
    """Whether both adjusted balances are equal."""


class JournalLineOut(Wire):
    """A line of the bank journal."""

    entry: UUID
    seq: int
    effective_on: date
    period: str
    voucher_type: VoucherType
    voucher_number: int
    description: str
    reference: str | None
    red: bool
    received_fen: SignedFen
    """收入; of a red entry negative."""
    paid_fen: SignedFen
    """付出; of a red entry negative."""
    balance_fen: SignedFen
    """余额."""


class BankJournalOut(Wire):
    """A page of the bank journal 银行存款日记账. Opening, turnover and closing are those of all the days asked for."""

    account: str
    effective_from: date
    effective_to: date
    seq: int
    """The last entry counted, the same on every page."""
    opening_balance_fen: SignedFen
    received_fen: SignedFen
    paid_fen: SignedFen
    closing_balance_fen: SignedFen
    items: list[JournalLineOut]
    next_cursor: str | None
