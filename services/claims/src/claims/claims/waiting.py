"""For whom a claim waits, since when and until when: the columns that follow from where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.calendar.rules import DayKind, Deadline, Table, days_until, due_on
from claims.calendar.service import counted, table_of
from claims.claims.rules import Event, Path, Standing, Status, WaitingFor, deadline_of, keeps_waiting, waiting_for


@dataclass(frozen=True, slots=True)
class Waiting:
    """For whom a claim waits (None: nobody), since which day, until which day; on hold, the days of its deadline left."""

    waiting_for: WaitingFor | None
    waiting_since: date | None
    due_on: date | None
    days_left: int | None = None


async def waiting_after(
    conn: AsyncConnection,
    book: str,
    path: Path,
    before: Standing,
    was: Waiting,
    event: Event,
    standing: Standing,
    day: date,
) -> Waiting:
    """Return how a claim waits after `event` of `day` brought it from `before` to `standing`.

    A hold stops the deadline and a resumption goes on with the days that were left. Raises `working_days_missing` where
    a deadline in working days reaches into a year without a table.
    """
    who = waiting_for(path, standing)
    if keeps_waiting(before.status, event):
        return Waiting(who, was.waiting_since, was.due_on)
    held = deadline_of(path, before) if standing.status is Status.ON_HOLD else None
    runs = deadline_of(path, standing)
    needed = any(one is not None and one.kind is DayKind.WORKING for one in (held, runs))
    table: Table = await table_of(conn, book) if needed else {}
    with counted():
        if held is not None:
            left = None if was.due_on is None else days_until(table, day, was.due_on, held.kind)
            return Waiting(None, None, None, left)
        return Waiting(who, None if who is None else day, _due(table, day, runs, was.days_left, event))


def _due(table: Table, day: date, deadline: Deadline | None, left: int | None, event: Event) -> date | None:
    if deadline is None:
        return None
    days = left if event is Event.RESUMED and left is not None else deadline.days
    return due_on(table, day, days, deadline.kind)
