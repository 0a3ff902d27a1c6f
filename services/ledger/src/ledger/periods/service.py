"""Use cases of periods: listing the months of a book, closing and reopening them under the book's lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.dates import SHANGHAI, month_code
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from ledger.journal.chain import instant
from ledger.journal.drafts import Answer, Json
from ledger.journal.once import Once, run_once
from ledger.journal.service import append_record
from ledger.journal.state import open_months
from ledger.periods import rules, store
from ledger.periods.store import PeriodEvent

_OK = 200


@dataclass(frozen=True, slots=True)
class Move:
    """The wish to close or reopen a month: who asks, and why (nobody must say why yet)."""

    period: str
    action: Literal["close", "reopen"]
    by_person: str
    reason: str | None
    authority: str | None


@dataclass(frozen=True, slots=True)
class _Months:
    statuses: dict[str, str]
    without_row: list[str]
    current: str


async def move_period(engine: AsyncEngine, once: Once, move: Move) -> Answer:
    """Close or reopen a month and record it in the chain.

    Answers 200 with the month, or a 409: ``out_of_order``, ``period_closed`` (closed already), ``period_not_ended``.
    Raises ``not_found`` for an unknown book or month, ``idempotency_key_reused``.
    """

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        return _OK, await _move(connection, once.book, move)

    return await run_once(engine, once, use_case)


async def list_periods(
    engine: AsyncEngine, book: str, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return one page of the book's months, oldest first. Raises ``not_found``, ``invalid_request`` (cursor)."""
    after = decode_cursor(cursor, str)
    async with snapshot(engine) as connection:
        months = await _months(connection, book)
        events = await store.latest_events(connection, book)
    following = [code for code in sorted(months.statuses) if after is None or code > str(after[0])]
    shown, next_cursor = page_of(following[: limit + 1], limit, lambda code: (code,))
    return [_period_json(code, months.statuses[code], events.get(code)) for code in shown], next_cursor


async def _move(connection: AsyncConnection, book: str, move: Move) -> dict[str, Json]:
    months = await _months(connection, book)
    if move.action == "close":
        problem = rules.decide_close(months.statuses, move.period, months.current)
    else:
        problem = rules.decide_reopen(months.statuses, move.period)
    if problem is not None:
        raise problem
    await store.insert_periods(connection, book, [code for code in months.without_row if code <= move.period])
    position, _ = await append_record(connection, book, "period", _content(move))
    await store.insert_event(
        connection,
        book,
        move.period,
        action=move.action,
        position=position,
        by_person=move.by_person,
        reason=move.reason,
    )
    events = await store.latest_events(connection, book)
    return _period_json(move.period, "closed" if move.action == "close" else "open", events[move.period])


async def _months(connection: AsyncConnection, book: str) -> _Months:
    first = await store.first_period(connection, book)
    if first is None:
        raise NOT_FOUND.error()
    today = (await store.clock(connection)).astimezone(SHANGHAI).date()
    stored = await store.stored_periods(connection, book)
    statuses = open_months(stored, first, today)
    return _Months(statuses, sorted(statuses.keys() - stored.keys()), month_code(today))


def _content(move: Move) -> dict[str, Json]:
    return {
        "period": move.period,
        "action": move.action,
        "by": move.by_person,
        "reason": move.reason,
        "authority": move.authority,
    }


def _period_json(code: str, status: str, event: PeriodEvent | None) -> dict[str, Json]:
    last: dict[str, Json] | None = None
    if event is not None:
        last = {
            "action": event.action,
            "by": event.by_person,
            "reason": event.reason,
            "at": instant(event.at),
            "position": event.position,
        }
    return {
        "code": code,
        "fiscal_year": int(code[:4]),
        "number": int(code[5:]),
        "status": status,
        "last_event": last,
    }
