"""Reading the reconciliation and the bank journal of an account, each from one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.paging import decode_cursor, encode_cursor
from common.validation import invalid_field
from ledger.bank import records, rules, store
from ledger.bank.answers import journal_json, line_json, movement_json
from ledger.bank.store import Of, Span

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from ledger.bank.rules import Group, Movement, Reconciliation
    from ledger.journal.drafts import Json


@dataclass(frozen=True, slots=True)
class Picture:
    """A reconciliation with the items behind it, and whether the bank states its balance."""

    reconciliation: Reconciliation
    entries: Sequence[Movement]
    lines: Sequence[Row[Any]]
    is_stated: bool


async def reconciled_at(connection: AsyncConnection, of: Of, on: date) -> Picture:
    """Return an account's reconciliation at the end of a day; a match counts once all its parts lie on or before it."""
    waiting = await store.outstanding_entries(connection, of, on)
    lines = await store.outstanding_lines(connection, of, on)
    _, matched = await store.matched_among(connection, of, [], [one.seq for one in waiting])
    entries = rules.without_set_off(waiting, frozenset(one.id for one in waiting if one.seq in matched))
    last_day = await store.last_day_balances(connection, of, on)
    stated = [(amount, balance) for amount, balance in last_day if balance is not None]
    is_stated = bool(last_day) and len(stated) == len(last_day)
    statement_fen = rules.closing_balance(stated) if is_stated else await store.sum_of_lines(connection, of, on)
    book_fen = await store.book_balance(connection, of, on)
    reconciliation = rules.reconcile(
        book_fen, statement_fen, [one.moved_fen for one in entries], [line.amount_fen for line in lines]
    )
    return Picture(reconciliation, entries, lines, is_stated)


async def read_reconciliation(
    engine: AsyncEngine, book: str, account: str, *, on: date | None, items: int
) -> dict[str, Json]:
    """Return the reconciliation at the end of a day, today by default, with the oldest outstanding items of each group.

    Raises ``not_found``, ``invalid_request`` for a day after today.
    """
    today = today_in_shanghai()
    day = on or today
    if day > today:
        raise invalid_field("on", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
    of = Of(book, account)
    async with snapshot(engine) as connection:
        if await records.account(connection, of) is None:
            raise NOT_FOUND.error()
        picture = await reconciled_at(connection, of, day)
        covered_to = await records.covered_to(connection, of)
    found = picture.reconciliation
    received = [movement_json(one) for one in picture.entries if one.moved_fen > 0]
    paid = [movement_json(one) for one in picture.entries if one.moved_fen < 0]
    bank_received = [line_json(line) for line in picture.lines if line.amount_fen > 0]
    bank_paid = [line_json(line) for line in picture.lines if line.amount_fen < 0]
    return {
        "account": account,
        "on": day.isoformat(),
        "status": rules.account_status(found, covered_to, day),
        "statements_cover_to": None if covered_to is None else covered_to.isoformat(),
        "book_balance_fen": found.book_fen,
        "statement_balance_fen": found.statement_fen,
        "statement_balance_is_stated": picture.is_stated,
        "bank_received_not_booked": _group_json(found.bank_received, bank_received, items),
        "bank_paid_not_booked": _group_json(found.bank_paid, bank_paid, items),
        "booked_received_not_bank": _group_json(found.book_received, received, items),
        "booked_paid_not_bank": _group_json(found.book_paid, paid, items),
        "adjusted_book_balance_fen": found.adjusted_book_fen,
        "adjusted_statement_balance_fen": found.adjusted_statement_fen,
        "balanced": found.is_balanced,
    }


async def read_journal(
    engine: AsyncEngine,
    book: str,
    account: str,
    *,
    first_day: date | None,
    last_day: date | None,
    limit: int,
    cursor: str | None,
) -> dict[str, Json]:
    """Return one page of the bank journal, by date and order of posting. All pages count the same entries.

    Raises ``not_found``, ``invalid_request`` for a range that is reversed or begins after today, and for a foreign cursor.
    """
    place = decode_cursor(cursor, date, int, int)
    today = today_in_shanghai()
    of = Of(book, account)
    async with snapshot(engine) as connection:
        if await records.account(connection, of) is None:
            raise NOT_FOUND.error()
        first = first_day or await store.first_day(connection, book)
        last = last_day or max(today, first)
        if first > today and first_day is not None:
            raise invalid_field("from", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
        if last < first:
            raise invalid_field("to", "before_from", "截止日期早于起始日期。", "Ends before it begins.")
        head = await store.head_seq(connection, book)
        after: tuple[date, int] | None = None
        seq = head
        match place:
            case (date() as day, int() as number, int() as seen):
                after, seq = (day, number), min(seen, head)
        opening = await _balance_at(connection, of, first - timedelta(days=1), seq)
        received, paid = await store.journal_turnover(connection, of, first, last, up_to_seq=seq)
        span = Span(first, last, *(after or (store.FIRST_DAY, 0)))
        lines = await store.journal_lines(connection, of, span, up_to_seq=seq, limit=limit + 1)
        before = opening
        if after is not None:
            came, went = await store.journal_turnover(connection, of, first, last, up_to_seq=seq, upto=after)
            before += came - went
    shown = lines[:limit]
    balances = list(accumulate((one.moved_fen for one in shown), initial=before))[1:]
    more = len(lines) > limit
    return {
        "account": account,
        "effective_from": first.isoformat(),
        "effective_to": last.isoformat(),
        "seq": seq,
        "opening_balance_fen": opening,
        "received_fen": received,
        "paid_fen": paid,
        "closing_balance_fen": opening + received - paid,
        "items": [journal_json(one, balance) for one, balance in zip(shown, balances, strict=True)],
        "next_cursor": encode_cursor(shown[-1].effective_on, shown[-1].seq, seq) if more else None,
    }


async def list_lines(
    engine: AsyncEngine,
    book: str,
    account: str,
    *,
    matched: bool | None,
    first_day: date | None,
    last_day: date | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Json]], str | None]:
    """Return one page of the account's statement lines by date. Raises ``not_found``, ``invalid_request`` (cursor)."""
    of = Of(book, account)
    span = Span(first_day or store.FIRST_DAY, last_day or store.LAST_DAY)
    match decode_cursor(cursor, date, int):
        case (date() as day, int() as number):
            span = Span(span.first, span.last, day, number)
    async with snapshot(engine) as connection:
        if await records.account(connection, of) is None:
            raise NOT_FOUND.error()
        rows = await store.list_lines(connection, of, span, matched=matched, limit=limit + 1)
    shown = rows[:limit]
    next_cursor = encode_cursor(shown[-1].booked_on, shown[-1].number) if len(rows) > limit else None
    return [line_json(row, row.match) for row in shown], next_cursor


async def _balance_at(connection: AsyncConnection, of: Of, day: date, seq: int) -> int:
    later = await store.moved_later(connection, of, day, seq)
    return await store.book_balance(connection, of, day) - later


def _group_json(group: Group, items: Sequence[dict[str, Json]], most: int) -> dict[str, Json]:
    return {"count": group.count, "sum_fen": group.sum_fen, "items": list(items[:most])}
