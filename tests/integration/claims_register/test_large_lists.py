"""Large lists: kept sealed, taken by a worker piece by piece, gone on with after a kill, refused whole where all are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from claims.register import runner, store
from claims.register.runner import run_one
from claims.register.tables import import_piece, import_refusal
from common.database import transaction
from tests.integration.claims_register.office import Office, csv_of, refused_by_row
from tests.support.household_lists import ID, KINDS, Listed, household, write_csv

pytestmark = pytest.mark.anyio

LEASE_SECONDS = 0.2


@pytest.fixture
def context(claims_client: httpx.AsyncClient) -> Any:
    """The resources of the app under test, for a worker beside it."""
    return claims_client._transport.app.state.context  # type: ignore[attr-defined]


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    """A list of more rows than are answered at once, one household in eight broken."""
    return write_csv(tmp_path / "list.csv", 900, broken_every=8)


async def handed_in(office: Office, content: bytes, **query: str) -> str:
    answer = await office.import_file(content, **query)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "waiting"
    return str(answer.json()["id"])


async def refused_of(office: Office, job_id: str) -> dict[int, list[tuple[str, str]]]:
    rows = await office.all(f"/import-jobs/{job_id}/refused-rows")
    return refused_by_row([fault for row in rows for fault in row["faults"]])


async def test_every_bad_row_is_reported_and_no_good_household_lost(
    office: Office, context: Any, listed: Listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_PIECE_ROWS", 300)
    content = (tmp_path / "list.csv").read_bytes()
    assert listed.kinds == set(KINDS)
    job_id = await handed_in(office, content, mode="good")
    async with transaction(context.engine) as conn:
        kept = (await conn.scalars(sa.select(import_piece.c.sealed))).all()
    assert kept
    assert not any(household(0)[0][ID].encode() in piece for piece in kept)

    real = store.copy_households
    left = 2

    async def killed(*given: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt  # as far as the database can see, the process is gone
        await real(*given)

    monkeypatch.setattr(store, "copy_households", killed)
    with pytest.raises(KeyboardInterrupt):
        await run_one(context, "worker-1", LEASE_SECONDS)
    half = (await office.get(f"/import-jobs/{job_id}")).json()
    assert 0 < half["rows_done"] < listed.rows
    monkeypatch.setattr(store, "copy_households", real)
    while (await office.get(f"/import-jobs/{job_id}")).json()["status"] in {"waiting", "running"}:
        await run_one(context, "worker-2", 60)

    job = (await office.get(f"/import-jobs/{job_id}")).json()
    assert (job["status"], job["rows_total"], job["new_households"]) == ("done", listed.rows, len(listed.good))
    assert job["accepted_rows"] + job["refused_rows"] == listed.rows
    assert await refused_of(office, job_id) == listed.refused
    assert sorted(await office.numbers()) == sorted(listed.good)
    async with transaction(context.engine) as conn:
        assert (await conn.scalar(sa.select(sa.func.count()).select_from(import_piece))) == 0


async def test_one_bad_row_refuses_the_whole_of_a_large_list(
    office: Office, context: Any, listed: Listed, tmp_path: Path
) -> None:
    content = (tmp_path / "list.csv").read_bytes()
    preview = await handed_in(office, content, mode="all", preview="true")
    job_id = await handed_in(office, content, mode="all")
    while await run_one(context, "worker-1", 60):
        pass
    assert (await office.get(f"/import-jobs/{preview}")).json()["status"] == "done"
    job = (await office.get(f"/import-jobs/{job_id}")).json()
    assert (job["status"], job["new_households"]) == ("refused", len(listed.good))
    assert await refused_of(office, job_id) == await refused_of(office, preview) == listed.refused
    assert await office.numbers() == []


async def test_large_good_list_is_taken_whole_and_its_key_repeats_the_answer(
    office: Office, context: Any, tmp_path: Path
) -> None:
    listed = write_csv(tmp_path / "good.csv", 900)
    content = (tmp_path / "good.csv").read_bytes()
    first = await office.import_file(content, key="once")
    again = await office.import_file(content, key="once")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await office.import_file(content + b"\r\n", key="once")).json()["code"] == "idempotency_key_reused"
    while await run_one(context, "worker-1", 60):
        pass
    jobs = await office.all("/import-jobs")
    assert [(job["status"], job["new_households"]) for job in jobs] == [("done", 900)]
    assert set(await office.numbers()) == listed.good
    async with transaction(context.engine) as conn:
        rows = (await conn.execute(sa.select(import_refusal.c.row))).all()
    assert [row.row for row in rows] == [0]


async def test_file_that_cannot_be_read_is_refused_as_a_whole(office: Office, context: Any) -> None:
    content = ("姓名,电话\r\n" + "示例,1\r\n" * 40_000).encode()
    job_id = await handed_in(office, content)
    await run_one(context, "worker-1", 60)
    job = (await office.get(f"/import-jobs/{job_id}")).json()
    assert (job["status"], [fault["code"] for fault in job["faults"]]) == ("refused", ["missing_columns"])


@pytest.mark.parametrize("mode", ["good", "all"])
async def test_household_registered_meanwhile_is_known(
    office: Office, context: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    whole = write_csv(tmp_path / "list.csv", 900, broken_every=0)
    job_id = await handed_in(office, (tmp_path / "list.csv").read_bytes(), mode=mode)
    copy_households = store.copy_households
    meanwhile: list[int] = []

    async def late(*arguments: Any) -> None:
        if not meanwhile:
            meanwhile.append(1)
            await office.imported(csv_of(household(1)))
        await copy_households(*arguments)

    monkeypatch.setattr(store, "copy_households", late)
    assert await run_one(context, "one", LEASE_SECONDS)
    job = (await office.get(f"/import-jobs/{job_id}")).json()
    assert (job["status"], job["new_households"], job["known_households"]) == ("done", len(whole.good) - 1, 1)
    assert len(await office.numbers()) == len(whole.good)
