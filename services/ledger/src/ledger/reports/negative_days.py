"""Use case: the past days that show a guarded balance below zero, because an entry was dated before the money it took.

The ledger refuses what would take such a balance below zero in the order of posting. A back-dated entry can still make a past day look
so while every balance is fine when it is posted and today; it is allowed, and listed here (docs/adr/0013).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from common.database import snapshot
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from common.validation import invalid_field
from ledger.accounts.store import fund_exists
from ledger.journal.standing import NOW, cut_at
from ledger.reports import guarded
from ledger.reports.guarded import BalanceName, EntryNote, GuardedBalance
from ledger.reports.rules import NegativeStretch, negative_stretches

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_FIRST = BalanceName("", "", 0, "", "")


@dataclass(frozen=True, slots=True)
class Found:
    """Days in a row on which one balance stands below zero."""

    balance: GuardedBalance
    stretch: NegativeStretch


@dataclass(frozen=True, slots=True)
class NegativeDays:
    """A page of what was found, the entries that made it so by seq, and the last entry looked at."""

    seq: int
    found: list[Found]
    entries: dict[int, EntryNote]
    next_cursor: str | None


async def negative_days(
    engine: AsyncEngine, book: str, *, fund: str | None, account: str | None, limit: int, cursor: str | None
) -> NegativeDays:
    """Return a page of days below zero, of a fund and those below it or of all, by balance, then by day. From one snapshot.

    Raises ``not_found`` for an unknown book, fund or account; ``invalid_request`` for an account that may stand below zero and for a
    foreign cursor.
    """
    place, after_day = _read_cursor(cursor)
    async with snapshot(engine) as connection:
        cut, _ = await cut_at(connection, book, NOW)
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field="fund")
        await _refuse_unguarded(connection, book, account)
        # One more than a page and its successor: of the balance the cursor stands in, nothing may be left.
        balances = await guarded.below_zero(
            connection, book, fund=fund, account=account, at_least=place, limit=limit + 2
        )
        found: list[Found] = []
        for one in balances:
            stretches = negative_stretches(await guarded.movements(connection, book, one.name))
            seen = after_day if one.name == place else None
            found.extend(Found(one, stretch) for stretch in stretches if seen is None or stretch.first_day > seen)
            if len(found) > limit:
                break
        shown, next_cursor = page_of(found[: limit + 1], limit, lambda it: (*it.balance.name, it.stretch.first_day))
        seqs = sorted({seq for it in shown for seq in it.stretch.made_by})
        entries = await guarded.entry_notes(connection, book, seqs)
    return NegativeDays(cut.seq, list(shown), entries, next_cursor)


async def _refuse_unguarded(connection: AsyncConnection, book: str, account: str | None) -> None:
    if account is None:
        return
    is_guarded = await guarded.guarded_account(connection, book, account)
    if is_guarded is None:
        raise NOT_FOUND.error("account")
    if not is_guarded:
        raise invalid_field(
            "account", "not_guarded", "该科目余额允许为负。", "The balance of this account may stand below zero."
        )


def _read_cursor(cursor: str | None) -> tuple[BalanceName, date | None]:
    match decode_cursor(cursor, str, str, int, str, str, date):
        case (str() as fund, str() as account, int() as year, str() as source, str() as purpose, date() as day):
            if not 0 <= year < 2**15:
                raise invalid_field("cursor", "foreign", "游标无效。", "The cursor was not made here.")
            return BalanceName(fund, account, year, source, purpose), day
        case _:
            return _FIRST, None
