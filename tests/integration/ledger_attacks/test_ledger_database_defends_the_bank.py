"""SQL attacks on bank accounts, statements and matches, as the service's own role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, DAY, Forger, connect, seed_book

pytestmark = pytest.mark.anyio

INCOME = (("1002", "debit", 100), ("4001", "credit", 100))
NO_CASH = (("5001", "debit", 100), ("2303", "credit", 100))


@dataclass
class Bank:
    """An account with two lines of 100 fen, and three entries: two that moved 100 fen of its cash, one that moved none."""

    forger: Forger
    database: Database
    entries: tuple[int, int, int]

    @property
    def connection(self) -> asyncpg.Connection[asyncpg.Record]:
        return self.forger.connection

    async def account(self, code: str, *funds: str) -> None:
        await self.connection.execute(
            "INSERT INTO bank_account (book, code, bank_name, name_zh, number_mask, number_sealed, number_index, funds, opened_by)"
            " VALUES ($1, $2::text, 'x', 'x', '*', '\\x00', sha256(convert_to($2::text, 'UTF8')), $3, 'x')",
            BOOK,
            code,
            list(funds),
        )

    async def line(self, number: int, fen: int = 100) -> None:
        await self.connection.execute(
            "INSERT INTO bank_line (book, account, number, id, booked_on, amount_fen, mark, occurrence)"
            " VALUES ($1, 'main', $2, gen_random_uuid(), $3, $4, sha256($5::bytea), 1)",
            BOOK,
            number,
            DAY,
            fen,
            str(number).encode(),
        )

    async def match(
        self, lines: tuple[int, ...], entries: tuple[int, ...], said: tuple[int, int] | None = None
    ) -> UUID:
        id_ = uuid4()
        counts = said or (len(lines), len(entries))
        await self.connection.execute(
            "INSERT INTO bank_match (book, account, id, lines, entries, matched_by) VALUES ($1, 'main', $2, $3, $4, 'x')",
            BOOK,
            id_,
            *counts,
        )
        await self.join(id_, lines, entries)
        return id_

    async def join(self, match: UUID, lines: tuple[int, ...], entries: tuple[int, ...]) -> None:
        for line in lines:
            await self.connection.execute("INSERT INTO bank_match_line VALUES ($1, 'main', $2, $3)", BOOK, match, line)
        for seq in entries:
            await self.connection.execute("INSERT INTO bank_match_entry VALUES ($1, 'main', $2, $3)", BOOK, match, seq)

    async def undo(self, match: UUID) -> None:
        await self.connection.execute(
            "INSERT INTO bank_match_undo (book, account, match, reason, undone_by) VALUES ($1, 'main', $2, 'x', 'x')",
            BOOK,
            match,
        )

    async def live(self) -> tuple[list[int], list[int]]:
        lines = await self.connection.fetch("SELECT line FROM bank_matched_line ORDER BY line")
        entries = await self.connection.fetch("SELECT seq FROM bank_matched_entry ORDER BY seq")
        return [row["line"] for row in lines], [row["seq"] for row in entries]

    async def refused(self, code: str, attack: Callable[[], Awaitable[object]]) -> None:
        """The attack's transaction fails with this SQLSTATE and leaves nothing behind."""
        before = await self.live()
        with pytest.raises(asyncpg.PostgresError) as raised:
            async with self.connection.transaction():
                await attack()
        assert raised.value.sqlstate == code, raised.value
        assert await self.live() == before


@pytest.fixture
async def bank(ledger_database: Database) -> AsyncIterator[Bank]:
    await seed_book(ledger_database.service_url, funds=("repair", "health"))
    connection = await connect(ledger_database.service_url)
    await connection.execute(
        "INSERT INTO fund (book, code, parent, category, name_zh, name_en, source_order, position)"
        " SELECT book, 'repair.a', 'repair', category, name_zh, name_en, source_order, 9 FROM fund WHERE code = 'repair'"
    )
    forger = Forger(connection)
    await forger.month()
    async with connection.transaction():
        entries = (await forger.honest(*INCOME), await forger.honest(*INCOME), await forger.honest(*NO_CASH))
    made = Bank(forger, ledger_database, entries)
    await made.account("main", "repair")
    for number in (1, 2):
        await made.line(number)
    yield made
    await connection.close()


async def test_an_honest_match_is_accepted_undone_and_made_again(bank: Bank) -> None:
    one, two, _ = bank.entries
    async with bank.connection.transaction():
        first = await bank.match((1,), (one,))
    assert await bank.live() == ([1], [one])
    await bank.undo(first)
    assert await bank.live() == ([], [])
    async with bank.connection.transaction():
        await bank.match((1, 2), (one, two))
    assert await bank.live() == ([1, 2], [one, two])


async def test_a_fund_lies_on_one_account_with_those_above_and_below_it(bank: Bank) -> None:
    await bank.refused("23505", lambda: bank.account("other", "repair"))
    await bank.refused("FP031", lambda: bank.account("other", "repair.a"))
    await bank.refused("FP031", lambda: bank.account("other", "health", "repair.a"))
    await bank.refused("23505", lambda: bank.account("other", "health", "health"))
    await bank.refused("23503", lambda: bank.account("other", "nobody"))
    await bank.refused("23514", lambda: bank.account("other"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await bank.connection.execute("INSERT INTO bank_account_fund VALUES ($1, 'health', 'main')", BOOK)


async def test_sums_agree_to_the_fen_and_every_entry_moved_the_accounts_cash(bank: Bank) -> None:
    one, two, without_cash = bank.entries
    await bank.line(3, 99)
    await bank.line(4, -100)
    await bank.refused("FP035", lambda: bank.match((1,), (one, two)))
    await bank.refused("FP035", lambda: bank.match((3,), (one,)))
    await bank.refused("FP035", lambda: bank.match((1, 3), ()))
    await bank.refused("FP034", lambda: bank.match((1,), (one, without_cash)))
    await bank.refused("23503", lambda: bank.match((1,), (999,)))
    await bank.refused("23503", lambda: bank.match((99,), (one,)))
    async with bank.connection.transaction():
        await bank.match((1, 4), ())


async def test_a_match_has_just_the_parts_it_said(bank: Bank) -> None:
    one, two, _ = bank.entries
    await bank.refused("FP033", lambda: bank.match((1,), (one,), (2, 1)))
    await bank.refused("FP033", lambda: bank.match((), (), (1, 1)))
    await bank.refused("FP032", lambda: bank.match((1, 2), (one, two), (1, 2)))
    await bank.refused("23514", lambda: bank.match((), (one,)))
    await bank.refused("23514", lambda: bank.match((1,), ()))
    async with bank.connection.transaction():
        made = await bank.match((1,), (one,))
    await bank.refused("FP032", lambda: bank.join(made, (2,), (two,)))
    await bank.refused("FP032", lambda: bank.join(made, (), (two,)))


async def test_nothing_is_in_two_matches_that_stand_and_an_undone_one_takes_nothing_in(bank: Bank) -> None:
    one, two, _ = bank.entries
    async with bank.connection.transaction():
        made = await bank.match((1,), (one,))
    await bank.refused("23505", lambda: bank.match((1,), (two,)))
    await bank.refused("23505", lambda: bank.match((2,), (one,)))
    await bank.undo(made)
    await bank.refused("23505", lambda: bank.undo(made))
    await bank.refused("FP032", lambda: bank.join(made, (2,), ()))

    async def undone_before_it_is_whole() -> None:
        id_ = await bank.match((), (), (1, 1))
        await bank.undo(id_)
        await bank.join(id_, (1,), (one,))

    await bank.refused("FP032", undone_before_it_is_whole)


async def test_two_sessions_cannot_match_one_line_at_once(bank: Bank) -> None:
    one, two, _ = bank.entries
    other = Bank(Forger(await connect(bank.database.service_url)), bank.database, bank.entries)
    waiting = bank.connection.transaction()
    await waiting.start()
    await bank.match((1,), (one,))

    async def second() -> None:
        async with other.connection.transaction():
            await other.match((1,), (two,))

    racing = asyncio.create_task(second())
    await asyncio.sleep(0.2)
    await waiting.commit()
    with pytest.raises(asyncpg.UniqueViolationError):
        await racing
    await other.connection.close()
    assert await bank.live() == ([1], [one])


async def test_nothing_of_the_bank_is_changed_or_removed(bank: Bank) -> None:
    tables = (
        "bank_account", "bank_account_fund", "bank_column_mapping", "bank_statement", "bank_line", "bank_match", "bank_match_line",
        "bank_match_entry", "bank_match_undo", "bank_matched_line", "bank_matched_entry",
    )  # fmt: skip
    for table in tables:
        for verb in (f"UPDATE {table} SET book = book", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await bank.connection.execute(verb)
    for table in ("bank_account_fund", "bank_matched_line", "bank_matched_entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await bank.connection.execute(f"INSERT INTO {table} DEFAULT VALUES")


async def test_the_same_line_is_stored_once(bank: Bank) -> None:
    for number in (1, 2):
        with pytest.raises(asyncpg.UniqueViolationError):
            await bank.connection.execute(
                "INSERT INTO bank_line (book, account, number, id, booked_on, amount_fen, mark, occurrence)"
                " SELECT book, account, 9, gen_random_uuid(), booked_on, amount_fen, mark, occurrence FROM bank_line WHERE number = $1",
                number,
            )
