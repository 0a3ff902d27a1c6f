"""Verification finds what a superuser with triggers off changes, adds, removes, rewrites or cuts off."""

import asyncio
import random

import httpx
import pytest

from common.database import create_engine, snapshot
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from ledger.audit import store, verification
from ledger.audit.rules import read_content
from ledger.journal.chain import GENESIS, Link, content_hash, entry_hash
from tests.support.ledger_calls import Json, LedgerCalls, small_book
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

# Every column of the three tables the chain hashes, with a change to it. The rows are of the entry posted second
# (an allotment) unless a condition says otherwise. A column that is missing here fails the test below the tables.
ENTRY_CHANGES = {
    "book": "book = '610924'",
    "seq": "seq = 999",
    "id": "id = gen_random_uuid()",
    "kind": "kind = 'receipt'",
    "fiscal_year": "fiscal_year = 2020",
    "period": "period = '2021-02'",
    "voucher_type": "voucher_type = '转'",
    "voucher_number": "voucher_number = voucher_number + 1000",
    "effective_on": "effective_on = effective_on + 1",
    "posted_at": "posted_at = posted_at + interval '1 microsecond'",
    "description": "description = description || ' '",
    "reference": "reference = 'x'",
    "metadata": "metadata = '{\"a\": 1}'",
    "payee_ref": "payee_ref = 'x'",
    "non_budget": "non_budget = true, non_budget_reason = NULL",
    "non_budget_reason": "non_budget_reason = 'x'",
    "red": "red = true",
    "undoes": "undoes = gen_random_uuid()",
    "lines": "lines = lines + 1",
    "prepared_by": "prepared_by = 'somebody else'",
    "reviewed_by": "reviewed_by = 'x'",
    "posted_by": "posted_by = 'somebody else'",
    "attachment_count": "attachment_count = 1",
    "attachment_hashes": "attachment_hashes = '{x}'",
}
POSTING_CHANGES = {
    "book": "book = '610924'",
    "seq": "seq = 998",
    "line": "line = 9",
    "fund": "fund = 'health'",
    "account": "account = 'expended'",
    "side": "side = CASE side WHEN 'debit' THEN 'credit' ELSE 'debit' END",
    "amount_fen": "amount_fen = amount_fen + 1",
    "red": "red = true",
    "budget_year": "budget_year = 2022",
    "source": "source = 'donation'",
    "encumbrance": "encumbrance = gen_random_uuid()",
    "memo": "memo = 'x'",
    "purpose_code": "purpose_code = 'roads'",
    "item": "item = gen_random_uuid()",
}
RECORD_CHANGES = {
    "book": "book = '610924'",
    "position": "position = 999",
    "kind": "kind = CASE kind WHEN 'entry' THEN 'period' ELSE 'entry' END",
    "seq": "seq = coalesce(seq, 0) + 500",
    "format": "format = 2",
    "content": "content = coalesce(replace(content, ':', ': '), '{}')",
    "prev_hash": "prev_hash = set_byte(prev_hash, 31, 255 - get_byte(prev_hash, 31))",
    "hash": "hash = set_byte(hash, 0, 255 - get_byte(hash, 0))",
}
NOT_HASHED = {"chain_record": {"recorded_at"}}
TABLES = {"journal_entry": ENTRY_CHANGES, "posting": POSTING_CHANGES, "chain_record": RECORD_CHANGES}


class Tampered:
    """A small book, and a superuser at work in its database."""

    def __init__(self, ledger: LedgerCalls, postgres: Server, database: Database) -> None:
        self.ledger = ledger
        self._postgres = postgres
        self.database = database

    def sql(self, script: str) -> str:
        """Run SQL with triggers, and constraints that would stop us, out of the way."""
        script = f"SET session_replication_role = replica;\n{script}"
        return self._postgres.sql(self.database, script).replace("SET\n", "").strip()

    def without_constraints(self) -> None:
        """Drop what would refuse a change before verification could find it."""
        self.sql(
            """
            DO $$ DECLARE c record; BEGIN
                FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
                         WHERE conrelid::regclass::text IN ('journal_entry', 'posting', 'chain_record') AND contype IN ('c', 'f', 'u', 'p')
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.t, c.conname); END LOOP;
            END $$;
            DROP INDEX ix_chain_record_seq;
            """
        )

    async def verify(self, **question: object) -> Json:
        return await self.ledger.read("/chain/verification", **question)

    async def finds(self, script: str, position: int | None = None) -> Json:
        """Run the change, verify, and put everything back; answer what verification said."""
        kept = (*TABLES, "chain_head", "period", "account", "fund", "book")
        keep = "".join(f"CREATE TABLE kept.{table} AS TABLE {table};" for table in kept)
        self.sql(f"CREATE SCHEMA kept; {keep} {script}")
        found = await self.verify()
        restore = "".join(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept.{table};" for table in kept)  # noqa: S608
        self.sql(f"{restore} SET client_min_messages = error; DROP SCHEMA kept CASCADE")
        assert found["verified"] is False, script
        if position is not None:
            assert found["first_broken_position"] == position, script
            assert found["records"] == position - 1, script
        return found


@pytest.fixture
async def book(
    ledger_client: httpx.AsyncClient, issuer: Issuer, postgres: Server, ledger_database: Database
) -> Tampered:
    ledger = LedgerCalls(ledger_client, issuer)
    await small_book(ledger)
    await ledger.made("/periods/2021-01/close", reason="已核对")
    tampered = Tampered(ledger, postgres, ledger_database)
    tampered.without_constraints()
    return tampered


async def test_an_untouched_book_verifies_in_whole_and_in_part(book: Tampered) -> None:
    head = await book.ledger.read("/chain")
    whole = await book.verify()
    assert whole == {"verified": True, "records": head["position"], "head": head, "first_broken_position": None}
    kinds = book.sql("SELECT string_agg(DISTINCT kind, ',' ORDER BY kind) FROM chain_record")
    assert kinds == "book,entry,fund,period"
    # The first four records are of the book and its sub-funds, the last is of the period.
    part = await book.verify(from_seq=3, to_seq=7)
    assert (part["verified"], part["records"]) == (True, 5)
    assert (await book.verify(to_seq=7))["records"] == 4 + 7
    assert (await book.verify(from_seq=head["seq"]))["records"] == 2
    noted = await book.verify(expect_position=head["position"], expect_hash=head["hash"])
    assert noted["verified"] is True


async def test_a_change_to_any_hashed_column_is_found_where_it_is(book: Tampered) -> None:
    position = int(book.sql("SELECT position FROM chain_record WHERE seq = 4"))
    for table, changes in TABLES.items():
        columns = book.sql(
            f"SELECT string_agg(column_name, ' ') FROM information_schema.columns"  # noqa: S608 - our own table names
            f" WHERE table_name = '{table}' AND table_schema = 'public'"
        )
        assert set(columns.split()) == changes.keys() | NOT_HASHED.get(table, set())
        condition = "seq = 4 AND line = 1" if table == "posting" else "seq = 4"
        for change in changes.values():
            await book.finds(f"UPDATE {table} SET {change} WHERE {condition}", position)  # noqa: S608
    for change in RECORD_CHANGES.values():
        for kind in ("book", "fund", "period"):
            await book.finds(
                f"UPDATE chain_record SET {change} WHERE kind = '{kind}' AND position ="  # noqa: S608
                f" (SELECT min(position) FROM chain_record WHERE kind = '{kind}')"
            )
    assert (await book.verify())["verified"] is True


async def test_random_changes_of_single_bytes_are_found(book: Tampered) -> None:
    chance = random.Random(91)
    texts = ["description", "prepared_by", "posted_by"]
    last = int(book.sql("SELECT max(seq) FROM journal_entry"))
    for _ in range(25):
        seq = chance.randint(1, last)
        position = int(book.sql(f"SELECT position FROM chain_record WHERE seq = {seq}"))  # noqa: S608
        column = chance.choice(texts)
        at = chance.randint(1, 3)
        letter = chance.choice("äß字0Z")
        await book.finds(
            f"UPDATE journal_entry SET {column} = overlay({column} placing '{letter}' from {at} for 1) WHERE seq = {seq}",  # noqa: S608
            position,
        )
        bit = chance.randint(0, 49)
        await book.finds(
            f"UPDATE posting SET amount_fen = amount_fen # (1::bigint << {bit}) WHERE seq = {seq} AND line = 1",  # noqa: S608
            position,
        )
        index = chance.randint(0, 31)
        await book.finds(
            f"UPDATE chain_record SET hash = set_byte(hash, {index}, (get_byte(hash, {index}) + 1) % 256) WHERE seq = {seq}",  # noqa: S608
            position,
        )


ADDED_LINE = """
INSERT INTO posting SELECT book, seq, 3, fund, account, side, amount_fen, red, budget_year, source
FROM posting WHERE seq = 4 AND line = 1
"""


MISSING_ADDED_OR_SWAPPED = (
    "DELETE FROM posting WHERE seq = 4 AND line = 2",
    "DELETE FROM posting WHERE seq = 4",
    ADDED_LINE,
    "DELETE FROM journal_entry WHERE seq = 4",
    "DELETE FROM chain_record WHERE seq = 4",
    "DELETE FROM chain_record WHERE seq = 4; UPDATE chain_record SET position = position - 1 WHERE seq > 4",
    "UPDATE posting SET amount_fen = amount_fen * 2 WHERE seq = 4",
    "UPDATE journal_entry SET metadata = '[]' WHERE seq = 4",
    "UPDATE journal_entry SET metadata = '{\"n\": 1e300}' WHERE seq = 4",
    "UPDATE chain_record a SET seq = CASE a.seq WHEN 4 THEN 5 ELSE 4 END WHERE seq IN (4, 5)",
)


async def test_a_missing_added_or_swapped_row_is_found(book: Tampered) -> None:
    position = int(book.sql("SELECT position FROM chain_record WHERE seq = 4"))
    for change in MISSING_ADDED_OR_SWAPPED:
        await book.finds(change, position)


async def test_rows_the_chain_knows_nothing_of_are_found(book: Tampered) -> None:
    last = int(book.sql("SELECT max(position) FROM chain_record"))
    stray_entry = (
        "INSERT INTO journal_entry SELECT book, 9999, gen_random_uuid(), kind, fiscal_year, period, voucher_type, 9999, effective_on,"
        " posted_at, description, reference, metadata, payee_ref, non_budget, non_budget_reason, red, NULL, lines, prepared_by,"
        " reviewed_by, posted_by, attachment_count, attachment_hashes FROM journal_entry WHERE seq = 4"
    )
    stray_posting = (
        "INSERT INTO posting SELECT book, 9999, 1, fund, account, side, amount_fen, red, budget_year, source"
        " FROM posting WHERE seq = 4 AND line = 1"
    )
    for change in (stray_entry, stray_posting, stray_posting.replace("9999", "0")):
        await book.finds(change, last + 1)


REGISTER_CHANGES = (
    ("UPDATE book SET name = 'renamed'", "book"),
    ("UPDATE fund SET parent = NULL WHERE code = 'repair.overhaul'", "fund"),
    ("UPDATE fund SET source_order = '{donation}' WHERE code = 'repair.overhaul.c01'", "fund"),
    ("UPDATE account SET name_zh = 'x' WHERE fund = 'insurance' AND code = '5001'", "book"),
    ("UPDATE account SET normal_side = 'credit' WHERE fund = 'repair.overhaul' AND code = '5001'", "fund"),
    ("DELETE FROM account WHERE fund = 'health' AND code = '8501'", "book"),
    ("INSERT INTO fund SELECT book, 'ghost', NULL, category, 'g', 'g', source_order, 99 FROM fund LIMIT 1", "book"),
    ("UPDATE period SET status = 'open' WHERE code = '2021-01'", "period"),
    ("UPDATE period SET status = 'closed' WHERE code = '2021-03'", "book"),
)


async def test_a_register_that_is_not_what_the_chain_tells_is_found(book: Tampered) -> None:
    for change, kind in REGISTER_CHANGES:
        found = await book.finds(change)
        position = found["first_broken_position"]
        assert book.sql(f"SELECT kind FROM chain_record WHERE position = {position}") == kind, change  # noqa: S608


async def test_a_rewrite_with_recomputed_hashes_is_found_against_a_saved_head(book: Tampered) -> None:
    saved = await book.ledger.read("/chain")
    await rewrite_from(book, seq=4)
    quiet = await book.verify()
    assert quiet["verified"] is True, "only a head noted elsewhere can tell"
    assert quiet["head"]["hash"] != saved["hash"]
    found = await book.verify(expect_position=saved["position"], expect_hash=saved["hash"])
    assert (found["verified"], found["first_broken_position"]) == (False, saved["position"])
    narrow = await book.verify(from_seq=1, to_seq=2, expect_position=saved["position"], expect_hash=saved["hash"])
    assert narrow["verified"] is False


async def rewrite_from(book: Tampered, seq: int) -> None:
    """Change an entry, then recompute its hash and all that follow with the ledger's own functions."""

    book.sql(f"UPDATE journal_entry SET description = 'forged' WHERE seq = {seq}")  # noqa: S608
    engine = create_engine(book.database.reader_url, application_name="forger")
    async with snapshot(engine) as connection:
        records = await store.records(connection, "610923", first=1, last=10_000, limit=10_000)
        entries = await store.entries_by_seq(connection, "610923", [one.seq for one in records if one.seq])
    await engine.dispose()
    before, script = GENESIS, []
    for record in records:
        link = Link("610923", record.position, before)
        if record.seq is not None:
            before = entry_hash(link, entries[record.seq].entry)
        else:
            content = read_content(record.content or "")
            assert content is not None
            before = content_hash(link, record.kind, content)
        hashes = f"prev_hash = '\\x{link.prev_hash.hex()}', hash = '\\x{before.hex()}'"
        script.append(f"UPDATE chain_record SET {hashes} WHERE position = {record.position};")  # noqa: S608
    script.append(f"UPDATE chain_head SET hash = '\\x{before.hex()}';")  # noqa: S608
    book.sql("\n".join(script))


CUT = """
DELETE FROM chain_record WHERE position > {position};
DELETE FROM posting WHERE seq > (SELECT max(seq) FROM chain_record);
DELETE FROM journal_entry WHERE seq > (SELECT max(seq) FROM chain_record);
DELETE FROM period_event; UPDATE period SET status = 'open';
"""
MOVE_HEAD = """
UPDATE chain_head SET position = {position}, hash = (SELECT hash FROM chain_record WHERE position = {position}),
    seq = (SELECT max(seq) FROM chain_record);
"""


async def test_a_cut_off_tail_is_found(book: Tampered) -> None:
    saved = await book.ledger.read("/chain")
    cut = saved["position"] - 6
    book.sql(CUT.format(position=cut))
    careless = await book.verify()
    assert (careless["verified"], careless["first_broken_position"]) == (False, cut + 1)
    book.sql(MOVE_HEAD.format(position=cut))
    quiet = await book.verify()
    assert (quiet["verified"], quiet["records"]) == (True, cut)
    found = await book.verify(expect_position=saved["position"], expect_hash=saved["hash"])
    assert (found["verified"], found["first_broken_position"]) == (False, cut + 1)
    found = await book.verify(expect_position=saved["position"])
    assert (found["verified"], found["first_broken_position"]) == (False, cut + 1)


HEAD_CHANGES = (
    "UPDATE chain_head SET position = position + 1",
    "UPDATE chain_head SET position = position - 1",
    "UPDATE chain_head SET seq = seq - 1",
    "UPDATE chain_head SET hash = decode(repeat('ab', 32), 'hex')",
)


async def test_a_head_that_is_not_the_last_record_is_found(book: Tampered) -> None:
    for change in HEAD_CHANGES:
        await book.finds(change)


async def test_a_broken_part_does_not_hide_behind_a_sound_range(book: Tampered) -> None:
    position = int(book.sql("SELECT position FROM chain_record WHERE seq = 10"))
    book.sql("UPDATE journal_entry SET description = 'forged' WHERE seq = 10")
    assert (await book.verify(from_seq=1, to_seq=9))["verified"] is True
    assert (await book.verify(from_seq=11))["verified"] is True
    for question in ({"from_seq": 5}, {"from_seq": 10, "to_seq": 10}, {"to_seq": 10}, {}):
        found = await book.verify(**question)
        assert (found["verified"], found["first_broken_position"]) == (False, position)
    book.sql("DELETE FROM chain_record WHERE seq = 10")
    assert (await book.verify(from_seq=10, to_seq=10))["verified"] is False
    assert (await book.verify(from_seq=11))["verified"] is False


async def test_the_size_of_the_chunks_makes_no_difference(book: Tampered, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, part = await book.verify(), await book.verify(from_seq=5, to_seq=11)
    for chunk in (1, 3, 10):
        monkeypatch.setattr(verification, "CHUNK_RECORDS", chunk)
        assert await book.verify() == whole
        assert await book.verify(from_seq=5, to_seq=11) == part
        await book.finds("UPDATE posting SET amount_fen = amount_fen + 1 WHERE seq = 9", 4 + 9)


async def test_a_chain_that_grows_while_it_is_verified_stays_sound(
    book: Tampered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CHUNK_RECORDS", 2)
    receipt = {"amount_fen": 1, "source": "county", "effective_on": "2021-10-01"}
    posts = [book.ledger.post("/funds/health/receipts", receipt) for _ in range(20)]
    checks = [book.verify() for _ in range(4)]
    answers = await asyncio.gather(*checks, *posts, book.ledger.post("/periods/2021-02/close"))
    for found in answers[:4]:
        assert isinstance(found, dict)
        assert (found["verified"], found["first_broken_position"]) == (True, None)
    assert (await book.verify())["records"] > min(one["records"] for one in answers[:4] if isinstance(one, dict))


async def test_malformed_questions_are_refused(book: Tampered) -> None:
    refused: list[tuple[dict[str, object], str]] = [
        ({"from_seq": 0}, "from_seq"),
        ({"from_seq": 10_000}, "from_seq"),
        ({"to_seq": 10_000}, "to_seq"),
        ({"from_seq": 5, "to_seq": 4}, "to_seq"),
        ({"from_seq": "x"}, "from_seq"),
        ({"expect_position": 0}, "expect_position"),
        ({"expect_hash": "ab" * 32}, "expect_position"),
        ({"expect_position": 3, "expect_hash": "AB" * 32}, "expect_hash"),
        ({"expect_position": 3, "expect_hash": "ab"}, "expect_hash"),
    ]
    for question, field in refused:
        response = await book.ledger.get("/chain/verification", **question)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_request"), question
        assert field in {error["field"] for error in response.json()["errors"]}
