"""Use cases of the audit room: streaming the journal out, and verifying the chain. Reads only, in flat memory."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.logging import get_logger
from common.validation import invalid_field
from ledger.accounts.chart import basis_told_by
from ledger.audit import beancount, csv_text, hledger, jsonl, store
from ledger.audit.entries import ExportedEntry, ExportedPosting, ExportHeader
from ledger.journal.drafts import Basis, PostedEntry

log = get_logger(__name__)

Format = Literal["jsonl", "csv", "hledger", "beancount"]

CHUNK_ENTRIES = 500
"""Entries read at a time: what is in memory of an export, however long it is."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """How one format is written: its media type, the ending of its file's name, its beginning and its entries."""

    media_type: str
    suffix: str
    header: Callable[[ExportHeader], str]
    entry: Callable[[ExportedEntry], str]


_WRITERS: Mapping[Format, _Writer] = MappingProxyType(
    {
        "jsonl": _Writer(jsonl.MEDIA_TYPE, "jsonl", jsonl.header, jsonl.entry),
        "csv": _Writer(csv_text.MEDIA_TYPE, "csv", csv_text.header, csv_text.entry),
        "hledger": _Writer(hledger.MEDIA_TYPE, "journal", hledger.header, hledger.entry),
        "beancount": _Writer(beancount.MEDIA_TYPE, "beancount", beancount.header, beancount.entry),
    }
)


@dataclass(frozen=True, slots=True)
class ExportQuestion:
    """Which days (both included; by default all up to today), in which format, and who asks."""

    first_day: date | None
    last_day: date | None
    format: Format
    asked_by: str


@dataclass(frozen=True, slots=True)
class Export:
    """A journal on its way out: what it is, what it is called, and its text in pieces."""

    media_type: str
    file_name: str
    pieces: AsyncIterator[bytes]


async def export_journal(engine: AsyncEngine, book: str, question: ExportQuestion) -> Export:
    """Return the entries effective in a range of days as a stream, by date and ``seq``.

    One picture: no entry after the last one at the time of asking. Who asked is logged before the first byte, and how it
    ended after the last. Raises ``not_found``, and ``invalid_request`` for a range that is reversed or begins after today.
    """
    header, bases = await _header(engine, book, question)
    log.info(
        "journal_export_begins",
        book=book,
        asked_by=question.asked_by,
        format=question.format,
        effective_from=header.effective_from.isoformat(),
        effective_to=header.effective_to.isoformat(),
        seq=header.seq,
    )
    writer = _WRITERS[question.format]
    return Export(
        media_type=writer.media_type,
        file_name=f"{book}-{header.effective_from}-{header.effective_to}-{header.seq}.{writer.suffix}",
        pieces=_pieces(engine, header, bases, writer, question),
    )


async def _header(
    engine: AsyncEngine, book: str, question: ExportQuestion
) -> tuple[ExportHeader, dict[tuple[str, str], Basis]]:
    today = today_in_shanghai()
    async with snapshot(engine) as connection:
        name = await store.book_name(connection, book)
        head = await store.head_of(connection, book)
        if name is None or head is None:
            raise NOT_FOUND.error()
        first = question.first_day or await store.first_day(connection, book)
        last = question.last_day or max(today, first)
        if question.first_day is not None and first > today:
            raise invalid_field("from", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
        if last < first:
            raise invalid_field("to", "before_from", "截止日期早于起始日期。", "Ends before it begins.")
        accounts = await store.moved_accounts(connection, book)
    bases = {(one.fund, one.account): one.basis for one in accounts}
    return ExportHeader(book, name, first, last, head.seq, tuple(accounts)), bases


async def _pieces(
    engine: AsyncEngine,
    header: ExportHeader,
    bases: Mapping[tuple[str, str], Basis],
    writer: _Writer,
    question: ExportQuestion,
) -> AsyncIterator[bytes]:
    entries = 0
    whole = False
    try:
        if beginning := writer.header(header):
            yield beginning.encode()
        after: tuple[date, int] | None = None
        while True:
            async with snapshot(engine) as connection:
                chunk = await store.entries_in_span(
                    connection,
                    header.book,
                    (header.effective_from, header.effective_to),
                    after=after,
                    up_to_seq=header.seq,
                    limit=CHUNK_ENTRIES,
                )
            if chunk:
                yield "".join(writer.entry(exported(one, bases)) for one in chunk).encode()
                entries += len(chunk)
                after = (chunk[-1].effective_on, chunk[-1].seq)
            if len(chunk) < CHUNK_ENTRIES:
                whole = True
                return
    finally:
        log.info("journal_export_ended", book=header.book, asked_by=question.asked_by, entries=entries, whole=whole)


def exported(entry: PostedEntry, bases: Mapping[tuple[str, str], Basis]) -> ExportedEntry:
    """Return an entry as exports write it; ``bases`` maps (fund, account) to the account's basis.

    A posting on an account that does not exist is exported like any other: an auditor must see it.
    """
    postings = tuple(
        ExportedPosting(
            line=line.line,
            fund=line.fund,
            account=line.account,
            basis=bases.get((line.fund, line.account)) or basis_told_by(line.account),
            side=line.side,
            amount_fen=line.amount_fen,
            red=line.red,
            budget_year=line.budget_year,
            source=line.source,
            encumbrance=None if line.encumbrance is None else str(line.encumbrance),
            memo=line.memo,
            purpose_code=line.purpose_code,
            item=None if line.item is None else str(line.item),
        )
        for line in entry.postings
    )
    return ExportedEntry(
        book=entry.book,
        seq=entry.seq,
        id=str(entry.id),
        kind=entry.kind,
        fiscal_year=entry.fiscal_year,
        period=entry.period,
        voucher_type=entry.voucher_type,
        voucher_number=entry.voucher_number,
        effective_on=entry.effective_on,
        posted_at=entry.posted_at,
        description=entry.description,
        reference=entry.reference,
        metadata=entry.metadata,
        payee_ref=entry.payee_ref,
        non_budget=entry.non_budget,
        non_budget_reason=entry.non_budget_reason,
        red=entry.red,
        undoes=None if entry.undoes is None else str(entry.undoes),
        prepared_by=entry.prepared_by,
        reviewed_by=entry.reviewed_by,
        posted_by=entry.posted_by,
        attachment_count=entry.attachment_count,
        attachment_hashes=entry.attachment_hashes,
        position=entry.position,
        hash=entry.hash.hex(),
        postings=postings,
    )
