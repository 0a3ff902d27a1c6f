"""A new current key: everything is sealed anew in the background, nothing is unreadable meanwhile, nobody can misuse the way to do it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access import rotation
from claims.access.rotation import BATCH_ROWS, reseal_all, reseal_batch_of
from claims.access.sealed import SEALED, SealedColumn
from claims.monitoring.tables import lead
from common.crypto import FieldCipher, KeyRing
from common.database import sqlstate
from common.dates import now_utc
from common.ids import uuid7
from deploy.local.issuer import Issuer
from tests.support.claims_office import BOOK, Office
from tests.support.fixtures import ClientFactory

pytestmark = pytest.mark.anyio

NOT_PERMITTED, APPEND_ONLY, NOT_RESEALED = "42501", "FP101", "FP112"
NAMES = next(column for column in SEALED if (column.table, column.column) == ("member", "name_cipher"))
RESEAL = """SELECT reseal('{table}', '{column}', ARRAY(SELECT ctid::text FROM {table}),
    ARRAY(SELECT {column} FROM {table}), ARRAY(SELECT {after} FROM {table}))"""
OTHER_KEY = "'\\x010178'::bytea || substr(details_cipher, 5)"


@pytest.fixture
def rings(claims_settings: dict[str, str], tmp_path: Path) -> dict[str, Path]:
    """The ring in use, the same with an SM4 key made current beside it, and what is left once the old key is taken out."""
    old = json.loads(Path(claims_settings["CLAIMS_KEY_FILE"]).read_text())
    sm4 = {"algorithm": "sm4-gcm", "key": secrets.token_hex(16)}
    both = {**old, "current": "s2", "keys": {**old["keys"], "s2": sm4}}
    paths = {}
    for name, ring in (("old", old), ("both", both), ("new", {**both, "keys": {"s2": sm4}})):
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(ring))
    return paths


async def use(office: Office) -> tuple[dict[str, Any], dict[str, Any]]:
    """A household with an account, a lead with a note, an approved claim: ciphertexts in most sealed columns."""
    await office.programme()
    family = await office.family(bank_account="9999990000000000001", responsible_cadre="李示例")
    reported = {"channel": "cadre_visit", "household_id": family["id"], "reason": "住院", "found_on": "2021-06-01"}
    made = await office.made("/leads", reported, "village")
    step = {"step": "lead_accepted", "outcome": "passed", "note": "属实", "done_on": "2021-06-01"}
    await office.made(f"/leads/{made['id']}/steps", step, "town")
    claim = await office.checked(
        family, loss=[{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "FP1"}]
    )
    return family, claim


async def headers(engine: AsyncEngine) -> dict[str, set[bytes]]:
    """The key ids that the ciphertexts of every sealed column name now."""
    found = {}
    async with engine.connect() as conn:
        for column in SEALED:
            query = f"SELECT {column.column} FROM {column.table} WHERE {column.column} IS NOT NULL"  # noqa: S608
            ciphers = (await conn.execute(sa.text(query))).scalars().all()
            found[f"{column.table}.{column.column}"] = {bytes(c[2 : 2 + c[1]]) for c in map(bytes, ciphers)}
    return found


async def test_everything_is_sealed_anew_and_readable_throughout(
    clients: ClientFactory,
    claims_settings: dict[str, str],
    issuer: Issuer,
    service: AsyncEngine,
    rings: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with clients("claims", claims_settings) as client:
        family, claim = await use(Office(client, issuer))
        before = await Office(client, issuer).read(f"/claims/{claim['id']}/decision")
    settings = claims_settings | {"CLAIMS_KEY_FILE": str(rings["both"])}
    cipher = FieldCipher(KeyRing.from_file(rings["both"]))
    async with clients("claims", settings) as client:
        office = Office(client, issuer)
        progress = await office.read("/key-rotation")
        assert (progress["key"], progress["algorithm"]) == ("s2", "sm4-gcm")
        assert progress["remaining"] == progress["sealed"] > 10
        # Half way: one column done, and the process that did it is gone.
        await reseal_batch_of(service, cipher, NAMES, "(0,0)")
        assert (await headers(service))["member.name_cipher"] == {b"s2"}
        assert (await office.read(f"/households/{family['id']}"))["members"] == family["members"]
        with monkeypatch.context() as broken:
            broken.setattr(rotation, "SEALED", (SealedColumn("no_table", "x_cipher", "{book}/x/{id}"), *SEALED))
            # What the database refuses for one column keeps no other from being sealed anew.
            assert await reseal_all(service, cipher) == progress["sealed"] - 2
        assert await reseal_all(service, cipher) == 0
        assert (await office.read("/key-rotation"))["remaining"] == 0
    assert {key for keys in (await headers(service)).values() for key in keys} == {b"s2"}
    async with clients("claims", claims_settings | {"CLAIMS_KEY_FILE": str(rings["new"])}) as client:
        office = Office(client, issuer)
        assert (await office.read(f"/households/{family['id']}"))["members"] == family["members"]
        assert await office.read(f"/claims/{claim['id']}/decision") == before
        again = await office.post(f"/claims/{claim['id']}/decision/recomputation", None, "auditor")
        assert again.json()["same_answer"] is True


async def test_the_list_of_sealed_columns_is_the_databases(owner: AsyncEngine) -> None:
    columns = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name LIKE '%\\_cipher'"
    )
    async with owner.connect() as conn:
        there = {(row.table_name, row.column_name) for row in await conn.execute(columns)}
        ciphers = {(column.table, column.column) for column in SEALED}
        assert there == ciphers
        # Ciphertexts are all that is kept as bytes beside hashes and blind indexes: nothing sealed goes by another name.
        other = sa.text(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'"
            " AND column_name !~ '(_cipher|_index|hash|sha256|digest|fingerprint)$'"
        )
        # The pieces of a list being read lie sealed only until its job ends: nothing of them outlives a change of keys.
        assert (await conn.execute(other)).scalars().all() == ["import_piece.sealed"]


async def test_the_service_role_changes_nothing_but_the_key_of_a_ciphertext(
    clients: ClientFactory, claims_settings: dict[str, str], issuer: Issuer, service: AsyncEngine, owner: AsyncEngine
) -> None:
    async with clients("claims", claims_settings) as client:
        await use(Office(client, issuer))

    async def attack(statement: str) -> None:
        async with service.begin() as conn:
            await conn.exec_driver_sql("SELECT set_config('fangpin.cipher_change', 'on', true)")
            await conn.exec_driver_sql(statement)

    details = {"table": "claim_details", "column": "details_cipher"}
    shorter = "substr(details_cipher, 1, octet_length(details_cipher) - 1)"
    for statement, code in (
        (RESEAL.format(**details, after="details_cipher"), NOT_RESEALED),
        (RESEAL.format(**details, after=shorter), NOT_RESEALED),
        (RESEAL.format(**details, after="'\\x00'::bytea"), NOT_RESEALED),
        (RESEAL.format(table="claim", column="claimant_index", after="claimant_index"), NOT_RESEALED),
        ("UPDATE claim_details SET details_cipher = details_cipher", NOT_PERMITTED),
        ("UPDATE claim_event SET by_person = 'x'", NOT_PERMITTED),
        ("INSERT INTO reseal_batch (key_id, row_count) VALUES ('c', 1)", NOT_PERMITTED),
        ("CREATE TRIGGER mine BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION erased()", NOT_PERMITTED),
    ):
        with pytest.raises(DBAPIError) as refused:
            await attack(statement)
        assert sqlstate(refused.value) == code, statement
    async with owner.begin() as conn:
        pinned = await conn.scalars(sa.text("SELECT proname FROM pg_proc WHERE prosecdef AND proconfig IS NULL"))
        assert pinned.all() == []
    await attack(RESEAL.format(**details, after=OTHER_KEY))
    # Even what is let through is on record; the row's other columns are as they were.
    async with service.connect() as conn:
        row = (await conn.execute(sa.text("SELECT sealed_table, key_id, row_count FROM reseal_batch"))).one()
    assert tuple(row) == ("claim_details", "x", 1)


async def test_a_worker_killed_in_the_middle_loses_nothing_and_the_next_one_goes_on(
    claims_settings: dict[str, str], service: AsyncEngine, owner: AsyncEngine, rings: dict[str, Path]
) -> None:
    old, both = (FieldCipher(KeyRing.from_file(rings[name])) for name in ("old", "both"))
    ids = [uuid7() for _ in range(3 * BATCH_ROWS)]
    rows = [
        {
            "book": BOOK,
            "id": one,
            "channel": "self_report",
            "found_on": date(2021, 6, 1),
            "description_cipher": old.encrypt(f"某户 {one}", f"{BOOK}/lead.description/{one}"),
            "reason_cipher": old.encrypt(f"住院 {one}", f"{BOOK}/lead.reason/{one}"),
            "created_at": now_utc(),
            "created_by": "village-1",
            "status": "open",
            "step_count": 0,
        }
        for one in ids
    ]
    async with service.begin() as conn:
        await conn.execute(sa.insert(lead), rows)

    async with owner.connect() as held:
        # The last row is held: the worker gets through two batches and waits in the third, where it dies.
        await held.execute(sa.select(lead.c.id).where(lead.c.id == ids[-1]).with_for_update())
        with worker(claims_settings, rings["both"]) as process:
            await until(owner, "SELECT count(*) >= 2 FROM reseal_batch")
            await until(
                service,
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%reseal%')",
            )
            process.kill()
            process.wait()
    assert (await headers(service))["lead.description_cipher"] == {b"k1", b"s2"}
    with worker(claims_settings, rings["both"]):
        await until(owner, "SELECT count(*) = 6 FROM reseal_batch")
    assert await reseal_all(service, both) == 0
    async with service.connect() as conn:
        for row in await conn.execute(sa.select(lead.c.id, lead.c.description_cipher, lead.c.reason_cipher)):
            assert both.decrypt(bytes(row.description_cipher), f"{BOOK}/lead.description/{row.id}") == f"某户 {row.id}"
            assert both.decrypt(bytes(row.reason_cipher), f"{BOOK}/lead.reason/{row.id}") == f"住院 {row.id}"


@contextmanager
def worker(settings: dict[str, str], ring: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real claims worker with a key ring; killed when it is not needed any more."""
    environment = os.environ | settings | {"CLAIMS_KEY_FILE": str(ring)}
    with subprocess.Popen([sys.executable, "-m", "claims.worker"], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


async def until(engine: AsyncEngine, question: str) -> None:
    """Wait until the database answers yes."""
    with anyio.fail_after(90):
        while True:
            async with engine.connect() as conn:
                if (await conn.execute(sa.text(question))).scalar_one():
                    return
            await anyio.sleep(0.05)
