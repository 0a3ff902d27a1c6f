"""Proposals, decisions and rules stand in the chain: found is a changed byte of a record, and a row that says other than its record."""

from __future__ import annotations

import pytest

from deploy.local.databases import Database
from tests.support.ledger_calls import Json
from tests.support.second_person import Office
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

# Every column of the rows beside the chain's records, with a change to it. A column missing here fails the test below.
PROPOSAL = {
    "book": "book = '610924'",
    "id": "id = gen_random_uuid()",
    "position": "position = position - 1",
    "operation": "operation = 'receipt'",
    "kind": "kind = 'receipt'",
    "funds": "funds = '{repair}'",
    "amount_fen": "amount_fen = amount_fen - 1",
    "period": "period = '2021-04'",
    "effective_on": "effective_on = effective_on + 1",
    "description": "description = description || ' '",
    "reference": "reference = NULL",
    "prepared_by": "prepared_by = 'zhao'",
    "sent_by": "sent_by = 'zhao'",
    "arguments": "arguments = replace(arguments, '600', '601')",
    "proposed_at": "proposed_at = proposed_at + interval '1 microsecond'",
}
DECISION = {
    "book": "book = '610924'",
    "proposal": "proposal = gen_random_uuid()",
    "position": "position = position - 1",
    "outcome": "outcome = 'withdrawn'",
    "by_person": "by_person = 'li'",
    "reason": "reason = 'x'",
    "seq": "seq = 1",
    "decided_at": "decided_at = decided_at - interval '1 microsecond'",
}
POLICY = {
    "book": "book = '610924'",
    "position": "position = position + 1",
    "rules": "rules = '[]'",
    "set_by": "set_by = 'li'",
    "set_at": "set_at = set_at + interval '1 microsecond'",
}
TABLES = {"proposal": PROPOSAL, "decision": DECISION, "approval_policy": POLICY}


class Desk:
    """An office with one set of rules, two proposals and their decisions, and a superuser at work in its database."""

    def __init__(self, office: Office, server: Server, database: Database) -> None:
        self.office, self._server, self._database = office, server, database

    def sql(self, script: str) -> str:
        """Run SQL with triggers and foreign keys out of the way."""
        answer = self._server.sql(self._database, f"SET session_replication_role = replica;\n{script}")
        return answer.replace("SET\n", "").strip()

    async def verify(self) -> Json:
        return await self.office.read("/chain/verification")

    async def finds(self, script: str) -> int:
        """Run the change, verify, put everything back; the first broken position."""
        tables = (*TABLES, "chain_record")
        self.sql("CREATE SCHEMA kept;" + "".join(f"CREATE TABLE kept.{one} AS TABLE {one};" for one in tables) + script)
        found = await self.verify()
        back = "".join(f"DELETE FROM {one}; INSERT INTO {one} SELECT * FROM kept.{one};" for one in tables)  # noqa: S608
        self.sql(f"{back} SET client_min_messages = error; DROP SCHEMA kept CASCADE")
        assert found["verified"] is False, script
        assert (await self.verify())["verified"] is True
        return int(found["first_broken_position"])


@pytest.fixture
async def desk(office: Office, postgres: Server, ledger_database: Database) -> Desk:
    await office.rules(("payment", "*", 0))
    first, second = await office.proposed(), await office.proposed()
    assert (await office.send(f"/proposals/{first['id']}/approval", {}, "checker", "wang")).status_code == 201
    refusal = {"reason": "附件不全"}
    assert (await office.send(f"/proposals/{second['id']}/refusal", refusal, "checker", "wang")).status_code == 200
    made = Desk(office, postgres, ledger_database)
    # What would refuse a change before verification could find it.
    made.sql("ALTER TABLE decision DROP CONSTRAINT ck_decision_seq, DROP CONSTRAINT ck_decision_reason")
    return made


def position_of(desk: Desk, kind: str) -> int:
    return int(desk.sql(f"SELECT min(position) FROM chain_record WHERE kind = '{kind}'"))  # noqa: S608


KINDS = {"proposal": "proposal", "decision": "decision", "approval_policy": "approval_rules"}


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_that_says_other_than_its_record_is_found(desk: Desk, table: str) -> None:
    columns = desk.sql(
        f"SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"  # noqa: S608
    )
    assert set(columns.split()) == set(TABLES[table])
    where = position_of(desk, KINDS[table])
    for change in TABLES[table].values():
        broken = await desk.finds(f"UPDATE {table} SET {change} WHERE position = {where}")  # noqa: S608
        assert broken in {where - 1, where} if "position = position -" in change else broken == where, change


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_taken_away_or_doubled_is_found(desk: Desk, table: str) -> None:
    where = position_of(desk, KINDS[table])
    assert await desk.finds(f"DELETE FROM {table} WHERE position = {where}") == where  # noqa: S608
    # A decision forged beside the honest one, at a record that tells of something else.
    key = "proposal" if table == "decision" else "id"
    forged = f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('position', 1"
    forged += f", '{key}', gen_random_uuid(), 'seq', NULL))).* FROM {table} t WHERE position = {where}"
    assert await desk.finds(forged) == 1


CHANGED_BYTES = {
    "proposal": ("'li'", "'lu'"),
    "decision": ("'wang'", "'wong'"),
    "approval_rules": ("'admin-1'", "'admin-2'"),
}


@pytest.mark.parametrize("kind", CHANGED_BYTES)
async def test_a_changed_byte_of_a_record_is_found(desk: Desk, kind: str) -> None:
    where = position_of(desk, kind)
    before, after = CHANGED_BYTES[kind]
    assert desk.sql(f"SELECT content LIKE '%' || {before} || '%' FROM chain_record WHERE position = {where}") == "t"  # noqa: S608
    for change in (
        f"content = replace(content, {before}, {after})",
        "content = content || ' '",
        "content = left(content, -1) || ',\"zz\":1}'",
        "hash = set_byte(hash, 0, 255 - get_byte(hash, 0))",
        "kind = 'period'",
    ):
        assert await desk.finds(f"UPDATE chain_record SET {change} WHERE position = {where}") == where, change  # noqa: S608


async def test_an_approval_in_the_chain_names_the_entry_by_its_hash(desk: Desk) -> None:
    told = desk.sql(
        "SELECT r.content::jsonb ->> 'entry_hash' = encode(e.hash, 'hex') AND r.position = e.position + 1"
        " FROM decision d JOIN chain_record r USING (book, position) JOIN chain_record e ON e.seq = d.seq"
    )
    assert told == "t"
