"""What a printed voucher says, from the entry and the names around it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from common.money import CAPITALS_BELOW_FEN, capitals
from ledger.accounts.chart import BASES, basis_told_by
from ledger.journal.drafts import Basis, PostedEntry, PostedLine


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account of a fund: its basis and names, and the fund's."""

    basis: Basis
    name_zh: str
    name_en: str
    fund_name_zh: str
    fund_name_en: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names around an entry: the book's, its accounts' by fund and code, its sources' by code."""

    book: str
    accounts: Mapping[tuple[str, str], AccountName]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Related:
    """The entry that took this one back, or that this one takes back: its number as printed, and its day."""

    number: str
    effective_on: date


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line: summary, fund, account, what more the line says, and its amount in fen on one side; red amounts are negative."""

    summary: str
    fund: str
    fund_name: str
    account: str
    account_name_zh: str
    account_name_en: str
    detail: str
    debit_fen: int | None
    credit_fen: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one basis with their sums, and the sum in capitals (empty for sums beyond all capitals)."""

    basis: Basis
    lines: tuple[VoucherLine, ...]
    debit_fen: int
    credit_fen: int
    in_capitals: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as it is printed."""

    book: str
    book_name: str
    number: str
    seq: int
    period: str
    effective_on: date
    posted_at: datetime
    description: str
    reference: str | None
    attachment_count: int
    prepared_by: str
    reviewed_by: str | None
    posted_by: str
    red: bool
    takes_back: Related | None
    taken_back_by: Related | None
    entry_id: str
    hash: str
    blocks: tuple[Block, ...]


def voucher_number(voucher_type: str, number: int) -> str:
    """Print a voucher's number 凭证字号: ``记字第12号``."""
    return f"{voucher_type}字第{number}号"


def voucher_of(
    entry: PostedEntry, names: Names, *, takes_back: Related | None, taken_back_by: Related | None
) -> Voucher:
    """Return the voucher of an entry: a block for each basis it touches, lines in their order."""
    lines: dict[Basis, list[VoucherLine]] = {basis: [] for basis in BASES}
    for line in entry.postings:
        known = names.accounts.get((line.fund, line.account))
        basis = basis_told_by(line.account) if known is None else known.basis
        lines[basis].append(_line(entry, line, known, names))
    return Voucher(
        book=entry.book,
        book_name=names.book,
        number=voucher_number(entry.voucher_type, entry.voucher_number),
        seq=entry.seq,
        period=entry.period,
        effective_on=entry.effective_on,
        posted_at=entry.posted_at,
        description=entry.description,
        reference=entry.reference,
        attachment_count=entry.attachment_count,
        prepared_by=entry.prepared_by,
        reviewed_by=entry.reviewed_by,
        posted_by=entry.posted_by,
        red=entry.red,
        takes_back=takes_back,
        taken_back_by=taken_back_by,
        entry_id=str(entry.id),
        hash=entry.hash.hex(),
        blocks=tuple(_block(basis, tuple(listed)) for basis, listed in lines.items() if listed),
    )


def _line(entry: PostedEntry, line: PostedLine, known: AccountName | None, names: Names) -> VoucherLine:
    fen = -line.amount_fen if line.red else line.amount_fen
    source = names.sources.get(line.source, line.source)
    year = f"{line.budget_year}年" if line.budget_year else ""
    return VoucherLine(
        summary=line.memo or entry.description,
        fund=line.fund,
        fund_name=line.fund if known is None else known.fund_name_zh,
        account=line.account,
        account_name_zh="" if known is None else known.name_zh,
        account_name_en="" if known is None else known.name_en,
        detail=" ".join(part for part in (source, year, line.purpose_code) if part),
        debit_fen=fen if line.side == "debit" else None,
        credit_fen=fen if line.side == "credit" else None,
    )


def _block(basis: Basis, lines: tuple[VoucherLine, ...]) -> Block:
    debit_fen = sum(line.debit_fen or 0 for line in lines)
    credit_fen = sum(line.credit_fen or 0 for line in lines)
    said = capitals(debit_fen) if abs(debit_fen) < CAPITALS_BELOW_FEN else ""
    return Block(basis, lines, debit_fen, credit_fen, said)
