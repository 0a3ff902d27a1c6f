"""One SQL attack per invariant, as the service's own role. Each starts from rows the database accepts, so it fails for its one reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, Forger, broken_totals, connect, seed_book

pytestmark = pytest.mark.anyio

PAY = (("5001", "debit", 100), ("2303", "credit", 100))
INCOME = (("1002", "debit", 100), ("4001", "credit", 100))
ENCUMBER = (("available", "debit", 50, "repair", 2026), ("encumbered", "credit", 50, "repair", 2026))


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
    before = await _contents(forger.connection)
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with forger.connection.transaction():
            await attack()
    assert raised.value.sqlstate == code, raised.value
    assert await _contents(forger.connection) == before
    assert await broken_totals(forger.connection) == []


async def _contents(connection: asyncpg.Connection[asyncpg.Record]) -> list[object]:
    tables = (
        "journal_entry",
        "posting",
        "chain_record",
        "balance",
        "daily_total",
        "monthly_total",
        "period",
        "encumbrance_balance",
    )
    return [await connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]  # noqa: S608


async def test_honest_rows_are_accepted(forger: Forger) -> None:
    async with forger.connection.transaction():
        assert await forger.honest(*INCOME) == 1
        assert await forger.honest(*PAY) == 2
    assert await broken_totals(forger.connection) == []
    assert await forger.connection.fetchval("SELECT balance_fen FROM balance WHERE account = '1002'") == 100


OWN_ROWS = (
    "book",
    "fund",
    "account",
    "period",
    "journal_entry",
    "posting",
    "chain_record",
    "idempotency_key",
    "encumbrance",
    "opening_balance",
    "period_event",
)
KEPT = ("balance", "daily_total", "monthly_total", "chain_head", "voucher_head", "encumbrance_balance")


async def test_no_row_is_changed_or_removed(forger: Forger) -> None:
    for table in OWN_ROWS + KEPT:
        column = "name" if table == "book" else "book"
        for verb in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await forger.connection.execute(verb)


async def test_totals_and_heads_are_not_written_directly(forger: Forger) -> None:
    await forger_commit(forger, *INCOME)
    for table in KEPT:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await forger.connection.execute(f"INSERT INTO {table} DEFAULT VALUES")
    await refused("42501", lambda: forger.connection.execute("UPDATE balance SET debit_fen = debit_fen + 1"), forger)
    await refused("42501", lambda: forger.connection.execute("UPDATE chain_head SET seq = 0"), forger)


@pytest.mark.parametrize(
    "lines",
    [
        (("5001", "debit", 100), ("2303", "credit", 99)),
        (("5001", "debit", 100, "repair"), ("2303", "credit", 100, "health")),
        (("5001", "debit", 100), ("8001", "credit", 100)),
        (("allotted", "debit", 100, "repair", 2025), ("available", "credit", 100, "repair", 2026)),
    ],
    ids=["over all", "within a fund", "within a basis", "within a budget year"],
)
async def test_an_unbalanced_entry_is_refused(forger: Forger, lines: tuple[tuple[object, ...], ...]) -> None:
    await refused("FP004", lambda: forger.honest(*lines), forger)


async def test_an_unbalanced_entry_hidden_between_balanced_ones_is_refused(forger: Forger) -> None:
    async def attack() -> None:
        first, second = await forger.entry(), await forger.entry()
        await forger.postings(
            (first, 1, "5001", "debit", 100),
            (first, 2, "2303", "credit", 90),
            (second, 1, "5001", "debit", 90),
            (second, 2, "2303", "credit", 100),
        )

    await refused("FP004", attack, forger)


async def test_an_entry_without_postings_is_refused(forger: Forger) -> None:
    async def attack() -> None:
        await forger.record(await forger.entry())

    await refused("FP001", attack, forger)


async def test_an_entry_of_no_or_one_line_is_refused(forger: Forger) -> None:
    await refused("23514", lambda: forger.entry(lines=0), forger)
    await refused("23514", lambda: forger.entry(lines=1), forger)


async def test_an_entry_with_fewer_lines_than_it_says_is_refused(forger: Forger) -> None:
    async def attack() -> None:
        seq = await forger.entry(lines=3)
        await forger.postings((seq, 1, "5001", "debit", 100), (seq, 2, "2303", "credit", 100))

    await refused("FP002", attack, forger)


async def test_an_entry_without_its_chain_record_is_refused(forger: Forger) -> None:
    async def attack() -> None:
        seq = await forger.entry()
        await forger.postings((seq, 1, "5001", "debit", 100), (seq, 2, "2303", "credit", 100))

    await refused("FP001", attack, forger)


@pytest.mark.parametrize("first_line", [1, 3])
async def test_nothing_is_added_to_a_committed_entry(forger: Forger, first_line: int) -> None:
    await forger_commit(forger, *PAY)

    async def attack() -> None:
        await forger.postings((1, first_line, "5001", "debit", 5), (1, first_line + 1, "2303", "credit", 5))

    await refused("23505" if first_line == 1 else "FP002", attack, forger)


async def test_postings_without_an_entry_are_refused(forger: Forger) -> None:
    async def attack() -> None:
        await forger.postings((1, 1, "5001", "debit", 5), (1, 2, "2303", "credit", 5))

    await refused("FP002", attack, forger)


@pytest.mark.parametrize(("fund", "account"), [("repair", "9999"), ("nofund", "5001")])
async def test_an_unknown_account_is_refused(forger: Forger, fund: str, account: str) -> None:
    await refused("FP003", lambda: forger.honest((account, "debit", 5, fund), ("2303", "credit", 5, fund)), forger)


async def test_a_budget_year_belongs_to_control_accounts_only(forger: Forger) -> None:
    await refused("FP015", lambda: forger.honest(("5001", "debit", 5, "repair", 2026), ("2303", "credit", 5)), forger)
    await refused("FP015", lambda: forger.honest(("allotted", "debit", 5), ("available", "credit", 5)), forger)


async def test_a_closed_month_takes_nothing(forger: Forger) -> None:
    await close_january(forger)
    await refused("FP007", lambda: forger.honest(*PAY), forger)


async def test_a_closed_month_takes_nothing_from_a_session_that_still_sees_it_open(
    forger: Forger, ledger_database: Database
) -> None:
    async with forger.connection.transaction():
        position = await forger.record(None)
    other = Forger(await connect(ledger_database.service_url))
    old_picture = other.connection.transaction(isolation="repeatable_read")
    await old_picture.start()
    assert await other.connection.fetchval("SELECT status FROM period") == "open"
    await forger.connection.execute(
        "INSERT INTO period_event (book, code, action, position, by_person) VALUES ($1, '2026-01', 'close', $2, 'x')",
        BOOK,
        position,
    )
    with pytest.raises(asyncpg.PostgresError) as raised:
        await other.honest(*PAY)
    assert raised.value.sqlstate == "40001"
    await old_picture.rollback()
    await other.connection.close()


async def test_a_month_without_a_row_takes_nothing(forger: Forger) -> None:
    day = date(2026, 2, 3)
    await refused("FP007", lambda: forger.honest(*PAY, period="2026-02", effective_on=day), forger)


async def test_an_entry_names_the_month_of_its_date(forger: Forger) -> None:
    await refused("23514", lambda: forger.honest(*PAY, effective_on=date(2026, 2, 3)), forger)


async def test_no_entry_lies_in_the_future(forger: Forger) -> None:
    ahead = date.today() + timedelta(days=3)  # noqa: DTZ011 - days ahead in every zone
    await refused(
        "FP014",
        lambda: forger.honest(*PAY, effective_on=ahead, fiscal_year=ahead.year, period=f"{ahead:%Y-%m}"),
        forger,
    )


async def test_a_month_closes_only_by_a_chained_event_in_order(forger: Forger) -> None:
    await forger.month("2026-02")
    event = "INSERT INTO period_event (book, code, action, position, by_person) VALUES ($1, $2, $3, $4, 'x')"

    async def out_of_order() -> None:
        await forger.connection.execute(event, BOOK, "2026-02", "close", await forger.record(None))

    async def twice() -> None:
        await close_january(forger)
        await forger.connection.execute(event, BOOK, "2026-01", "close", await forger.record(None))

    async def of_another_kind() -> None:
        position = await forger.record(await forger.entry())
        await forger.connection.execute(event, BOOK, "2026-01", "close", position)

    async def born_closed() -> None:
        await forger.connection.execute(
            "INSERT INTO period (book, code, fiscal_year, number, status) VALUES ($1, '2026-03', 2026, 3, 'closed')",
            BOOK,
        )

    await refused("FP013", out_of_order, forger)
    await refused("FP013", twice, forger)
    await refused("FP001", of_another_kind, forger)
    await refused("42501", born_closed, forger)
    await refused("FP013", lambda: forger.month("2026-04"), forger)
    await refused("FP013", lambda: forger.month("2025-12"), forger)


async def test_a_gap_in_seq_is_refused(forger: Forger) -> None:
    await forger_commit(forger, *PAY)
    await refused("FP008", lambda: forger.honest(*PAY, seq=3), forger)
    await refused("23505", lambda: forger.honest(*PAY, seq=1), forger)


async def test_a_gap_in_voucher_numbers_is_refused(forger: Forger) -> None:
    await forger_commit(forger, *PAY)
    await refused("FP009", lambda: forger.honest(*PAY, voucher_number=3), forger)
    await refused("23505", lambda: forger.honest(*PAY, voucher_number=1), forger)
    await refused("FP009", lambda: forger.honest(*PAY, voucher_type="付", voucher_number=2), forger)


async def test_a_gap_inside_one_statement_is_refused(forger: Forger) -> None:
    statement = """
        INSERT INTO journal_entry (book, seq, id, kind, fiscal_year, period, voucher_type, voucher_number, effective_on, posted_at,
            description, metadata, non_budget, red, lines, prepared_by, posted_by, attachment_count, attachment_hashes)
        SELECT $1, seq, gen_random_uuid(), 'journal', 2026, '2026-01', '记', seq, '2026-01-05', now(),
            'x', '{}', false, false, 2, 'a', 'a', 0, '{}' FROM unnest(ARRAY[1, 3]) seq"""
    await refused("FP008", lambda: forger.connection.execute(statement, BOOK), forger)


async def test_an_overdraft_is_refused(forger: Forger) -> None:
    await forger_commit(forger, *INCOME)
    await refused("FP006", lambda: forger.honest(("5001", "debit", 101), ("1002", "credit", 101)), forger)
    # Money of one source does not cover a payment from another.
    await refused(
        "FP006", lambda: forger.honest(("5001", "debit", 1), ("1002", "credit", 1, "repair", 0, "city")), forger
    )
    await refused(
        "FP006",
        lambda: forger.honest(("available", "debit", 1, "repair", 2026), ("allotted", "credit", 1, "repair", 2026)),
        forger,
    )


async def test_a_balance_below_zero_in_the_middle_of_one_copy_is_refused(forger: Forger) -> None:
    async def attack() -> None:
        first, second = await forger.entry(), await forger.entry()
        await forger.postings(
            (first, 1, "5001", "debit", 100),
            (first, 2, "1002", "credit", 100),
            (second, 1, "1002", "debit", 100),
            (second, 2, "4001", "credit", 100),
        )

    await refused("FP006", attack, forger)


async def test_two_sessions_that_take_no_lock_cannot_overdraw_together(
    forger: Forger, ledger_database: Database
) -> None:
    await forger_commit(forger, *INCOME)
    other = Forger(await connect(ledger_database.service_url))
    first = forger.connection.transaction()
    await first.start()
    await forger.honest(("5001", "debit", 80), ("1002", "credit", 80))
    await other.connection.execute("SET lock_timeout = '300ms'")
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with other.connection.transaction():
            await other.honest(("5001", "debit", 80), ("1002", "credit", 80))
    assert raised.value.sqlstate == "55P03"
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with other.connection.transaction():
            await other.honest(("5001", "debit", 80), ("1002", "credit", 80))
    assert raised.value.sqlstate == "FP006"
    await other.connection.close()
    assert await broken_totals(forger.connection) == []


async def test_an_account_cannot_be_made_unguarded(forger: Forger) -> None:
    await forger.connection.execute(
        "INSERT INTO fund (book, code, category, name_zh, name_en, source_order, position) VALUES ($1, 'x', 'x', 'x', 'x', '{}', 9)",
        BOOK,
    )
    row = "INSERT INTO account VALUES ($1, 'x', '1002', 'x', 'x', 'financial', $2, $3)"
    await refused("23514", lambda: forger.connection.execute(row, BOOK, "debit", False), forger)
    await refused("23514", lambda: forger.connection.execute(row, BOOK, "credit", True), forger)


async def test_no_fund_stands_above_itself(forger: Forger) -> None:
    circle = (
        "INSERT INTO fund (book, code, parent, category, name_zh, name_en, source_order, position)"
        " VALUES ($1, 'x', 'y', 'x', 'x', 'x', '{}', 8), ($1, 'y', 'x', 'y', 'y', 'y', '{}', 9)"
    )
    await refused("23514", lambda: forger.connection.execute(circle, BOOK), forger)


async def test_a_red_line_in_a_black_entry_is_refused(forger: Forger) -> None:
    red = ("repair", 0, "", None, True)
    await refused("FP005", lambda: forger.honest(("5001", "debit", 1, *red), ("2303", "credit", 1, *red)), forger)
    await refused("23514", lambda: forger.entry(red=True), forger)


async def test_an_entry_is_undone_once(forger: Forger) -> None:
    await forger_commit(forger, *PAY)
    undone = await forger.connection.fetchval("SELECT id FROM journal_entry")
    red = tuple((*one, "repair", 0, "", None, True) for one in PAY)
    await forger_commit(forger, *red, kind="reversal", red=True, undoes=undone)
    await refused("23505", lambda: forger.honest(*red, kind="reversal", red=True, undoes=undone), forger)


async def test_a_broken_link_is_refused(forger: Forger) -> None:
    await forger_commit(forger, *PAY)

    async def attack(**changes: object) -> None:
        seq = await forger.entry()
        await forger.postings((seq, 1, "5001", "debit", 1), (seq, 2, "2303", "credit", 1))
        await forger.record(seq, **changes)

    async def of_another_entry() -> None:
        await attack()
        seq = await forger.entry()
        await forger.postings((seq, 1, "5001", "debit", 1), (seq, 2, "2303", "credit", 1))
        await forger.record(seq + 1)

    await refused("FP010", lambda: attack(prev_hash=bytes(32)), forger)
    await refused("FP010", lambda: attack(position=3), forger)
    await refused("FP010", of_another_entry, forger)
    await refused("23514", lambda: attack(hash=b"short"), forger)


async def test_encumbered_money_names_its_encumbrance(forger: Forger) -> None:
    await allot(forger)
    await refused("FP011", lambda: forger.honest(*ENCUMBER, kind="encumber"), forger)

    async def of_another_year() -> None:
        seq = await forger.entry(kind="encumber")
        made = await forger.encumbrance(seq, 50, fiscal_year=2025)
        await forger.postings(*_encumbering(seq, made))

    async def of_another_fund() -> None:
        seq = await forger.entry(kind="encumber")
        made = await forger.encumbrance(seq, 50, fund="health")
        await forger.postings(*_encumbering(seq, made))

    async def of_another_amount() -> None:
        seq = await forger.entry(kind="encumber")
        made = await forger.encumbrance(seq, 60)
        await forger.postings(*_encumbering(seq, made))
        await forger.record(seq)

    async def by_no_entry() -> None:
        seq = await forger.honest(*PAY)
        await forger.encumbrance(seq, 60)

    for attack in (of_another_year, of_another_fund, of_another_amount, by_no_entry):
        await refused("FP011", attack, forger)


async def test_an_encumbrance_is_not_overdrawn_even_for_a_moment(forger: Forger) -> None:
    await allot(forger)
    async with forger.connection.transaction():
        made = []
        for _ in range(2):
            seq = await forger.entry(kind="encumber")
            made.append(await forger.encumbrance(seq, 50))
            await forger.postings(*_encumbering(seq, made[-1]))
            await forger.record(seq)

    async def release(amount: int) -> None:
        lines = (
            ("encumbered", "debit", amount, "repair", 2026, "", made[0]),
            ("available", "credit", amount, "repair", 2026),
        )
        await forger.honest(*lines, kind="release")

    # The fund's encumbered balance would cover it; the encumbrance does not.
    await refused("FP012", lambda: release(51), forger)
    async with forger.connection.transaction():
        await release(50)
    remaining = await forger.connection.fetch("SELECT remaining_fen FROM encumbrance_balance ORDER BY 1")
    assert [row[0] for row in remaining] == [0, 50]
    assert await broken_totals(forger.connection) == []


async def test_an_encumbrance_never_holds_more_or_less_than_it_says(forger: Forger) -> None:
    await allot(forger)
    async with forger.connection.transaction():
        seq = await forger.entry(kind="encumber")
        made = await forger.encumbrance(seq, 50)
        await forger.postings(*_encumbering(seq, made))
        await forger.record(seq)
    opened = await forger.connection.fetchval("SELECT id FROM journal_entry WHERE kind = 'encumber'")

    async def once_more(*, red: bool, **changes: object) -> None:
        lines = (
            ("available", "debit", 50, "repair", 2026, "", None, red),
            ("encumbered", "credit", 50, "repair", 2026, "", made, red),
        )
        await forger.honest(*lines, red=red, **changes)

    await refused("23514", lambda: once_more(red=False, kind="encumber"), forger)
    await refused("23514", lambda: once_more(red=True, kind="reversal", undoes=opened), forger)


async def test_an_idempotency_key_stands_once(forger: Forger) -> None:
    row = "INSERT INTO idempotency_key (book, key, fingerprint, status, body) VALUES ($1, 'k', 'x', 201, '{}')"
    await forger.connection.execute(row, BOOK)
    await refused("23505", lambda: forger.connection.execute(row, BOOK), forger)


async def test_a_trigger_function_cannot_be_hung_on_a_table_of_ones_own(
    forger: Forger, ledger_database: Database
) -> None:
    execute = forger.connection.execute
    await refused("42501", lambda: execute("CREATE TEMP TABLE added (LIKE posting)"), forger)
    await refused("42501", lambda: execute("CREATE TABLE added (LIKE posting)"), forger)
    await refused("42501", lambda: execute("CREATE SCHEMA mine"), forger)
    owner = await connect(ledger_database.owner_url)
    # Even a table of the role's own, made for it by somebody careless, does not carry the function.
    await owner.execute("CREATE TABLE gift (LIKE posting); GRANT ALL ON gift TO fangpin_ledger_service")
    await refused(
        "42501",
        lambda: execute(
            "CREATE TRIGGER t AFTER INSERT ON gift REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION posting_proved()"
        ),
        forger,
    )
    await refused("42501", lambda: execute("SELECT posting_proved()"), forger)
    await owner.close()


async def test_every_definer_function_is_pinned_and_nobody_elses(forger: Forger) -> None:
    rows = await forger.connection.fetch(
        """SELECT proname, proconfig, has_function_privilege('fangpin_ledger_service', oid, 'EXECUTE') AS service,
                  has_function_privilege('fangpin_ledger_reader', oid, 'EXECUTE') AS reader, prosecdef
           FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""
    )
    assert len(rows) >= 9
    for row in rows:
        assert row["prosecdef"], row["proname"]
        assert "search_path=pg_catalog, public, pg_temp" in row["proconfig"], row["proname"]
        assert not row["service"], row["proname"]
        assert not row["reader"], row["proname"]


async def test_the_service_role_cannot_switch_the_proofs_off(forger: Forger) -> None:
    execute = forger.connection.execute
    await refused("42501", lambda: execute("SET session_replication_role = replica"), forger)
    await refused("42501", lambda: execute("ALTER TABLE posting DISABLE TRIGGER ALL"), forger)
    await refused("42501", lambda: execute("DROP TRIGGER posting_proved ON posting"), forger)

    async def deferred_for_good() -> None:
        await execute("SET CONSTRAINTS ALL DEFERRED")
        await forger.entry()

    await refused("FP001", deferred_for_good, forger)


async def test_the_reader_reads_and_does_nothing_else(forger: Forger, ledger_database: Database) -> None:
    reader = await connect(ledger_database.reader_url)
    assert await reader.fetchval("SELECT count(*) FROM book") == 1
    for statement in ("SELECT * FROM idempotency_key", "DELETE FROM posting", "UPDATE book SET lock_token = 1"):
        with pytest.raises(asyncpg.PostgresError):
            await reader.execute(statement)
    await reader.close()


def _encumbering(seq: int, encumbrance: object) -> tuple[tuple[object, ...], ...]:
    return (
        (seq, 1, "available", "debit", 50, "repair", 2026),
        (seq, 2, "encumbered", "credit", 50, "repair", 2026, "", encumbrance),
    )


async def forger_commit(forger: Forger, *lines: tuple[object, ...], **changes: object) -> None:
    async with forger.connection.transaction():
        await forger.honest(*lines, **changes)


async def allot(forger: Forger) -> None:
    lines = (("allotted", "debit", 200, "repair", 2026), ("available", "credit", 200, "repair", 2026))
    await forger_commit(forger, *lines, kind="allotment")


async def close_january(forger: Forger) -> None:
    async with forger.connection.transaction():
        position = await forger.record(None)
        await forger.connection.execute(
            "INSERT INTO period_event (book, code, action, position, by_person) VALUES ($1, '2026-01', 'close', $2, 'x')",
            BOOK,
            position,
        )
