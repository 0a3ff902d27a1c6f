"""Use cases of periods: listing them, showing the checklist, closing and reopening them under the book's lock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.dates import SHANGHAI, month_code
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from ledger.approvals.store import waiting_in
from ledger.journal.chain import instant
from ledger.journal.drafts import Answer, Json
from ledger.journal.once import Once, run_once
from ledger.journal.service import append_record
from ledger.journal.state import is_adjusting, open_months
from ledger.periods import bank_port, rules, store
from ledger.periods.checklist import BankStatus, CheckItem, Facts, checklist, refusal
from ledger.periods.store import PeriodEvent
from ledger.year_end.rules import emptied_accounts

_OK = 200


@dataclass(frozen=True, slots=True)
class Move:
    """The wish to close or reopen a period: who asks, and why. Reopening also says on whose authority.

    ``excuses`` gives the reason of each item of the checklist that may stay open.
    """

    period: str
    action: Literal["close", "reopen"]
    by_person: str
    reason: str | None
    authority: str | None
    excuses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Months:
    statuses: dict[str, str]
    without_row: list[str]
    current: str


async def move_period(engine: AsyncEngine, once: Once, move: Move) -> Answer:
    """Close or reopen a period and record it in the chain.

    Answers 200 with the period, or a 409: ``out_of_order``, ``period_closed`` (closed already), ``period_not_ended``,
    ``checklist_failed``, ``adjusting_period_begun``. Raises ``not_found`` for an unknown book or period, ``idempotency_key_reused``.
    """

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        return _OK, await _move(connection, once.book, move)

    return await run_once(engine, once, use_case)


async def list_periods(
    engine: AsyncEngine, book: str, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return one page of the book's periods, oldest first. Raises ``not_found``, ``invalid_request`` (cursor)."""
    after = decode_cursor(cursor, str)
    async with snapshot(engine) as connection:
        months = await _months(connection, book)
        events = await store.latest_events(connection, book)
    following = [code for code in sorted(months.statuses) if after is None or code > str(after[0])]
    shown, next_cursor = page_of(following[: limit + 1], limit, lambda code: (code,))
    return [_period_json(code, months.statuses[code], events.get(code)) for code in shown], next_cursor


async def read_checklist(engine: AsyncEngine, book: str, period: str) -> dict[str, Json]:
    """Return the checklist of a period as it stands, from one snapshot. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        months = await _months(connection, book)
        if period not in months.statuses:
            raise NOT_FOUND.error("period")
        facts = await _facts(connection, book, period, months)
    items = checklist(facts, {})
    return {
        "period": period,
        "status": months.statuses[period],
        "ready": refusal(facts, items) is None,
        "items": [item.as_json() for item in items],
    }


async def _move(connection: AsyncConnection, book: str, move: Move) -> dict[str, Json]:
    months = await _months(connection, book)
    items: tuple[CheckItem, ...] = ()
    if move.action == "close":
        if move.period not in months.statuses:
            raise NOT_FOUND.error("period")
        facts = await _facts(connection, book, move.period, months)
        items = checklist(facts, move.excuses)
        problem = refusal(facts, items)
    else:
        problem = rules.decide_reopen(months.statuses, move.period)
    if problem is not None:
        raise problem
    await store.insert_periods(connection, book, [code for code in months.without_row if code <= move.period])
    position, _ = await append_record(connection, book, "period", _content(move, items))
    await store.insert_event(
        connection,
        book,
        move.period,
        action=move.action,
        position=position,
        by_person=move.by_person,
        reason=move.reason,
        authority=move.authority,
    )
    events = await store.latest_events(connection, book)
    return _period_json(move.period, "closed" if move.action == "close" else "open", events[move.period])


async def _facts(connection: AsyncConnection, book: str, period: str, months: _Months) -> Facts:
    """Read what the checklist is decided on: everything about this one period, however old the book is."""
    year = rules.year_to_be_closed(months.statuses, period)
    return Facts(
        code=period,
        months=months.statuses,
        current_month=months.current,
        waiting=await waiting_in(connection, book, [period]),
        proof=await store.prove(connection, book, period, *rules.days_of(period)),
        bank=await _bank(connection, book, period),
        unclosed=None if year is None else await store.unclosed_balances(connection, book, year, emptied_accounts()),
    )


async def _bank(connection: AsyncConnection, book: str, period: str) -> BankStatus:
    """Ask the bank room about a month; the adjusting period may still have moved what stands at the end of December."""
    month = f"{period[:4]}-12" if is_adjusting(period) else period
    return await bank_port.reconciliation_status(connection, book, month)


async def _months(connection: AsyncConnection, book: str) -> _Months:
    first = await store.first_period(connection, book)
    if first is None:
        raise NOT_FOUND.error()
    today = (await store.clock(connection)).astimezone(SHANGHAI).date()
    stored = await store.stored_periods(connection, book)
    statuses = open_months(stored, first, today)
    return _Months(statuses, sorted(statuses.keys() - stored.keys()), month_code(today))


def _content(move: Move, items: tuple[CheckItem, ...]) -> dict[str, Json]:
    content: dict[str, Json] = {
        "period": move.period,
        "action": move.action,
        "by": move.by_person,
        "reason": move.reason,
        "authority": move.authority,
    }
    excused: list[Json] = [
        {"item": item.code, "reason": move.excuses[item.code]} for item in items if item.status == "excused"
    ]
    # Absent where there is none, as in every record written before there were any.
    return {**content, "excuses": excused} if excused else content


def _period_json(code: str, status: str, event: PeriodEvent | None) -> dict[str, Json]:
    last: dict[str, Json] | None = None
    if event is not None:
        last = {
            "action": event.action,
            "by": event.by_person,
            "reason": event.reason,
            "authority": event.authority,
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
