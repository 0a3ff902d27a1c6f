"""SQL attacks on open items, purposes, gifts, transfers, carried encumbrances and period 13, as the service's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, DAY, Forger, broken_totals, connect, seed_book

pytestmark = pytest.mark.anyio

ALLOT = (("allotted", "debit", 90, "repair", 2026), ("available", "credit", 90, "repair", 2026))


@pytest.fixture
async def forger(ledger_database: Database) -> AsyncIterator[Forger]:
    await seed_book(ledger_database.service_url)
    connection = await connect(ledger_database.service_url)
    made = Forger(connection)
    await made.month()
    yield made
    await connection.close()


async def refused(code: str, attack: Callable[[], Awaitable[object]], forger: Forger) -> None:
    """The attack's transaction fails with this SQLSTATE and leaves nothing behind."""
    head = tuple(await forger.head())
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with forger.connection.transaction():
            await attack()
    assert raised.value.sqlstate == code, raised.value
    assert tuple(await forger.head()) == head
    assert await broken_totals(forger.connection) == []


async def opened(forger: Forger, fen: int = 100) -> object:
    """An honest advance of the fund, as an open item."""
    async with forger.connection.transaction():
        seq = await forger.entry(kind="advance")
        item = await forger.item(seq)
        await forger.postings(
            (seq, 1, "1218", "debit", fen, "repair", 0, "", None, False, "", item), (seq, 2, "2307", "credit", fen)
        )
        await forger.record(seq)
    return item


def settles(item: object, fen: int, fund: str = "repair", account: str = "1218") -> tuple[tuple[object, ...], ...]:
    return (
        ("2307", "debit", fen, fund),
        (account, "credit", fen, fund, 0, "", None, False, "", item),
    )


async def test_an_item_is_not_settled_beyond_what_stands_open(forger: Forger) -> None:
    item = await opened(forger)
    await refused("FP012", lambda: forger.honest(*settles(item, 101)), forger)

    async def in_two_steps() -> None:
        await forger.honest(*settles(item, 60))
        await forger.honest(*settles(item, 41))

    await refused("FP012", in_two_steps, forger)
    async with forger.connection.transaction():
        await forger.honest(*settles(item, 100))
    await refused("FP012", lambda: forger.honest(*settles(item, 1)), forger)


async def test_an_item_is_of_its_own_fund_and_account(forger: Forger) -> None:
    item = await opened(forger)
    await refused("FP019", lambda: forger.honest(*settles(item, 1, account="1214")), forger)
    await refused("FP019", lambda: forger.honest(*settles(item, 1, fund="health")), forger)
    await refused("FP019", lambda: forger.honest(*settles(uuid4(), 1)), forger)


async def test_items_and_what_is_kept_of_them_are_not_changed(forger: Forger) -> None:
    await opened(forger)
    for table in ("open_item", "open_item_balance", "purpose", "encumbrance_extension", "budget_version"):
        for verb in (f"UPDATE {table} SET book = book", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await forger.connection.execute(verb)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await forger.connection.execute("INSERT INTO open_item_balance DEFAULT VALUES")


async def test_gift_money_moves_only_under_the_gifts_name(forger: Forger) -> None:
    lines = (("1002", "debit", 5, "repair", 0, "gift"), ("4603", "credit", 5))
    await refused("FP018", lambda: forger.honest(*lines), forger)


async def test_a_purpose_is_the_funds_own_or_one_above_it_and_stands_on_control_accounts(forger: Forger) -> None:
    def allots(fund: str, purpose: str) -> tuple[tuple[object, ...], ...]:
        return (
            ("allotted", "debit", 5, fund, 2026, "", None, False, purpose),
            ("available", "credit", 5, fund, 2026, "", None, False, purpose),
        )

    await refused("FP018", lambda: forger.honest(*allots("repair", "roads")), forger)
    async with forger.connection.transaction():
        position = await forger.record(None, kind="purpose")
        await forger.connection.execute(
            "INSERT INTO purpose (book, fund, code, position, name_zh, name_en, kinds, sources, set_by)"
            " VALUES ($1, 'repair', 'roads', $2, 'x', 'x', '{}', '{}', 'x')",
            BOOK,
            position,
        )
    await refused("FP018", lambda: forger.honest(*allots("health", "roads")), forger)
    on_money = (
        ("5001", "debit", 5, "repair", 0, "", None, False, "roads"),
        ("2303", "credit", 5, "repair", 0, "", None, False, "roads"),
    )
    await refused("FP018", lambda: forger.honest(*on_money), forger)
    async with forger.connection.transaction():
        await forger.honest(*allots("repair", "roads"))


@pytest.mark.parametrize("account", ["300101", "121801", "230701"])
async def test_one_fund_alone_neither_transfers_nor_owes(forger: Forger, account: str) -> None:
    await refused("FP017", lambda: forger.honest((account, "debit", 5), ("2307", "credit", 5)), forger)


async def test_a_transfer_counted_against_a_debt_between_funds_is_no_counterpart(forger: Forger) -> None:
    lines = (
        ("300101", "debit", 5),
        ("2307", "credit", 5),
        ("2307", "debit", 5, "health"),
        ("230701", "credit", 5, "health"),
    )
    await refused("FP017", lambda: forger.honest(*lines), forger)


async def test_an_encumbrance_is_carried_forward_whole_or_not_at_all(forger: Forger) -> None:
    async with forger.connection.transaction():
        await forger.honest(*ALLOT, kind="allotment")
        seq = await forger.entry(kind="encumber")
        held = await forger.encumbrance(seq, 50)
        await forger.postings(
            (seq, 1, "available", "debit", 50, "repair", 2026),
            (seq, 2, "encumbered", "credit", 50, "repair", 2026, "", held),
        )
        await forger.record(seq)

    def carries(fen: int, given: int = 0, year: int = 2027) -> tuple[tuple[object, ...], ...]:
        there = given or fen
        return (
            ("encumbered", "debit", fen, "repair", 2026, "", held),
            ("allotted", "credit", fen, "repair", 2026),
            ("allotted", "debit", there, "repair", year),
            ("encumbered", "credit", there, "repair", year, "", held),
        )

    await refused("FP011", lambda: forger.honest(*carries(49), kind="carry_forward"), forger)
    await refused("FP011", lambda: forger.honest(*carries(50, given=49), kind="carry_forward"), forger)
    await refused("FP011", lambda: forger.honest(*carries(50, year=2025), kind="carry_forward"), forger)
    await refused("FP011", lambda: forger.honest(*carries(50), kind="release"), forger)
    async with forger.connection.transaction():
        await forger.honest(*carries(50), kind="carry_forward")
    row = await forger.connection.fetchrow("SELECT budget_year, remaining_fen FROM encumbrance_balance")
    assert tuple(row or ()) == (2027, 50)
    assert await broken_totals(forger.connection) == []
    spends = (
        ("encumbered", "debit", 1, "repair", 2026, "", held),
        ("expended", "credit", 1, "repair", 2026),
    )
    # Its old year has nothing encumbered any more.
    await refused("FP006", lambda: forger.honest(*spends, kind="liquidation"), forger)


async def test_an_extension_stands_in_the_chain(forger: Forger) -> None:
    async with forger.connection.transaction():
        await forger.honest(*ALLOT, kind="allotment")
        seq = await forger.entry(kind="encumber")
        held = await forger.encumbrance(seq, 50)
        await forger.postings(
            (seq, 1, "available", "debit", 50, "repair", 2026),
            (seq, 2, "encumbered", "credit", 50, "repair", 2026, "", held),
        )
        await forger.record(seq)

    async def extends(kind: str) -> None:
        position = await forger.record(None, kind=kind)
        await forger.connection.execute(
            "INSERT INTO encumbrance_extension (book, encumbrance, position, expires_at, reason, by_person)"
            " VALUES ($1, $2, $3, now() + interval '1 day', 'x', 'x')",
            BOOK,
            held,
            position,
        )

    await refused("FP010", lambda: extends("purpose"), forger)
    async with forger.connection.transaction():
        await extends("extension")
    assert await forger.connection.fetchval("SELECT expires_at > now() FROM encumbrance_balance") is True


async def test_period_13_holds_only_december_31_and_opens_after_december(forger: Forger) -> None:
    await refused("FP013", lambda: forger.month("2026-13"), forger)
    entry = {"period": "2026-13", "effective_on": DAY}
    await refused("23514", lambda: forger.entry(**entry), forger)
    await refused("23514", lambda: forger.entry(period="2025-13", effective_on=date(2026, 1, 5)), forger)
