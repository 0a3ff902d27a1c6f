"""SQL attacks on closing, reopening, the adjusting period and the rules of carrying forward, as the service's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, Forger, broken_totals, connect, seed_book

pytestmark = pytest.mark.anyio

LINES = (("5001", "debit", 9), ("2303", "credit", 9))
LAST_DAY = date(2025, 12, 31)
ADJUSTING = {"period": "2025-13", "fiscal_year": 2025, "effective_on": LAST_DAY, "voucher_number": 1}
REASON, AUTHORITY = "漏记", "批复〔2026〕1号"


@pytest.fixture
async def forger(ledger_database: Database) -> AsyncIterator[Forger]:
    """A book that begins in December 2025, with January beside it, both open."""
    await seed_book(ledger_database.service_url, first_period="2025-12")
    connection = await connect(ledger_database.service_url)
    made = Forger(connection)
    for month in ("2025-12", "2026-01"):
        await made.month(month)
    yield made
    await connection.close()


async def move(
    forger: Forger, code: str, action: str, reason: str | None = REASON, authority: str | None = AUTHORITY
) -> None:
    """Close or reopen a period with its chain record."""
    await forger.connection.execute(
        "INSERT INTO period_event (book, code, action, position, by_person, reason, authority)"
        " VALUES ($1, $2, $3, $4, 'x', $5, $6)",
        BOOK,
        code,
        action,
        await forger.record(None),
        reason,
        authority,
    )


async def done(forger: Forger, *steps: tuple[str, str]) -> None:
    for code, action in steps:
        async with forger.connection.transaction():
            await move(forger, code, action)


async def begun(forger: Forger) -> None:
    """December is closed, and the adjusting period has its first entry."""
    await done(forger, ("2025-12", "close"))
    async with forger.connection.transaction():
        await forger.month("2025-13")
        await forger.honest(*LINES, **ADJUSTING)


async def refused(code: str, attack: Callable[[], Awaitable[object]], forger: Forger) -> None:
    """The attack's transaction fails with this SQLSTATE and leaves nothing behind."""
    head = tuple(await forger.head())
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with forger.connection.transaction():
            await attack()
    assert raised.value.sqlstate == code, raised.value
    assert tuple(await forger.head()) == head
    assert await broken_totals(forger.connection) == []


async def test_the_adjusting_period_does_not_begin_before_december_is_closed(forger: Forger) -> None:
    await refused("FP013", lambda: forger.month("2025-13"), forger)
    await refused("FP007", lambda: forger.honest(*LINES, **ADJUSTING), forger)


async def test_the_adjusting_period_does_not_begin_once_january_is_closed(forger: Forger) -> None:
    await done(forger, ("2025-12", "close"), ("2026-01", "close"))
    await refused("FP013", lambda: forger.month("2025-13"), forger)


async def test_only_december_31_of_its_year_lies_in_the_adjusting_period(forger: Forger) -> None:
    await begun(forger)
    for day in (date(2025, 12, 30), date(2026, 1, 5), date(2025, 1, 1)):
        changes = ADJUSTING | {"effective_on": day, "voucher_number": 2}
        await refused("23514", lambda changes=changes: forger.honest(*LINES, **changes), forger)  # type: ignore[misc]


async def test_january_does_not_close_while_the_adjusting_period_is_open(forger: Forger) -> None:
    await begun(forger)
    await refused("FP013", lambda: move(forger, "2026-01", "close"), forger)
    await done(forger, ("2025-13", "close"), ("2026-01", "close"))


async def test_nothing_posts_into_a_closed_adjusting_period_or_its_december(forger: Forger) -> None:
    await begun(forger)
    await done(forger, ("2025-13", "close"))
    await refused("FP007", lambda: forger.honest(*LINES, **ADJUSTING | {"voucher_number": 2}), forger)
    december = ADJUSTING | {"period": "2025-12"}
    await refused("FP007", lambda: forger.honest(*LINES, **december), forger)


async def test_december_does_not_reopen_once_the_adjusting_period_has_begun(forger: Forger) -> None:
    await begun(forger)
    await refused("FP013", lambda: move(forger, "2025-12", "reopen"), forger)
    await done(forger, ("2025-13", "close"))
    await refused("FP013", lambda: move(forger, "2025-12", "reopen"), forger)
    await done(forger, ("2025-13", "reopen"))
    await refused("FP013", lambda: move(forger, "2025-12", "reopen"), forger)


async def test_a_month_does_not_reopen_without_a_reason_and_an_authority(forger: Forger) -> None:
    await done(forger, ("2025-12", "close"))
    await refused("FP013", lambda: move(forger, "2025-12", "reopen", reason=None), forger)
    await refused("FP013", lambda: move(forger, "2025-12", "reopen", authority=None), forger)
    await done(forger, ("2025-12", "reopen"))


async def test_rules_of_carrying_forward_stand_in_the_chain_and_never_change(forger: Forger) -> None:
    rule = "INSERT INTO carry_rules (book, position, rules, set_by) VALUES ($1, $2, '[]', 'x')"

    async def beside_another_record() -> None:
        await forger.connection.execute(rule, BOOK, await forger.record(None))

    await refused("FP010", beside_another_record, forger)
    await refused("23503", lambda: forger.connection.execute(rule, BOOK, 99), forger)
    async with forger.connection.transaction():
        await forger.connection.execute(rule, BOOK, await forger.record(None, kind="carry_rules"))
    for verb in ("UPDATE carry_rules SET rules = '[1]'", "DELETE FROM carry_rules", "TRUNCATE carry_rules"):
        await refused("42501", lambda verb=verb: forger.connection.execute(verb), forger)  # type: ignore[misc]
