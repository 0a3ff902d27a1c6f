"""Large lists taken by real worker processes: killed in the middle, and as large as a county.

The long test prints the figures of docs/register-import.md: ``.venv/bin/pytest -s -m long tests/faults/test_lists_imported.py``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx
import pytest
import sqlalchemy as sa

from claims.households.tables import household, member
from claims.register import importing
from claims.register.worker import run_imports
from common.database import transaction
from deploy.local.issuer import Issuer
from tests.integration.claims_register.office import Office, refused_by_row
from tests.support.household_lists import KINDS, Listed, write_csv, write_xlsx

if TYPE_CHECKING:
    from claims.settings import Settings

pytestmark = pytest.mark.anyio

KILLED_HOUSEHOLDS = 4_000


@contextmanager
def worker(settings: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; killed when the block ends."""
    environment = {**os.environ, **settings, "CLAIMS_WORKER_LEASE_SECONDS": "2", "CLAIMS_WORKER_POLL_SECONDS": "0.1"}
    with (
        log.open("ab") as out,
        subprocess.Popen([sys.executable, "-m", "claims.worker"], env=environment, stdout=out, stderr=out) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def peak_mebibytes(process: subprocess.Popen[bytes]) -> int:
    """The most memory a running process ever had."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """The processor time a running process has taken: what its work costs on a machine others use too."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def handed_in(office: Office, content: bytes, **query: str) -> str:
    answer = await office.import_file(content, **query)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def until(office: Office, job_id: str, *, rows: int | None = None, seconds: float = 120) -> dict[str, Any]:
    """The job once it is through with so many rows, or has ended."""
    with anyio.fail_after(seconds):
        while True:
            job: dict[str, Any] = (await office.get(f"/import-jobs/{job_id}")).json()
            if job["finished_at"] is not None or (rows is not None and job["rows_done"] >= rows):
                return job
            await anyio.sleep(0.2)


async def check_all_there(office: Office, context: Any, job_id: str, listed: Listed) -> None:
    """Every bad row is reported for what was planted; the register holds exactly the good households, each once."""
    refused = await office.all(f"/import-jobs/{job_id}/refused-rows")
    assert refused_by_row([fault for row in refused for fault in row["faults"]]) == listed.refused
    personal = context.personal(office.book)
    async with transaction(context.engine) as conn:
        there = (await conn.scalars(sa.select(household.c.external_number_index))).all()
        people = await conn.scalar(sa.select(sa.func.count()).select_from(member))
    assert len(there) == len(listed.good)
    assert set(there) == {personal.external_number_index(number) for number in listed.good}
    assert people == listed.rows - len(listed.refused)


@pytest.fixture
def context(claims_client: httpx.AsyncClient) -> Any:
    return claims_client._transport.app.state.context  # type: ignore[attr-defined]


@pytest.fixture
def office(claims_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    return Office(claims_client, issuer)


@pytest.mark.parametrize("mode", ["good", "all"])
async def test_killed_worker_loses_and_doubles_nothing(
    office: Office, context: Any, claims_settings: dict[str, str], tmp_path: Path, mode: str
) -> None:
    listed = write_csv(tmp_path / "list.csv", KILLED_HOUSEHOLDS, broken_every=40 if mode == "good" else 0)
    job_id = await handed_in(office, (tmp_path / "list.csv").read_bytes(), mode=mode)
    half = listed.rows // 4
    with worker(claims_settings, tmp_path / "worker.log"):
        before = await until(office, job_id, rows=half)
        while mode == "all" and before["phase"] == "checking":  # killed within the one transaction, not before it
            before = await until(office, job_id, rows=1)
        assert before["finished_at"] is None
    with worker(claims_settings, tmp_path / "worker.log"):
        job = await until(office, job_id)
    assert (job["status"], job["new_households"]) == ("done", len(listed.good))
    await check_all_there(office, context, job_id, listed)


async def test_stopped_worker_lets_its_import_go_at_once(
    office: Office, context: Any, claims_settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = write_csv(tmp_path / "list.csv", 1_500, broken_every=0)
    job_id = await handed_in(office, (tmp_path / "list.csv").read_bytes(), mode="good")
    stopping, judges, judged_pieces = asyncio.Event(), threading.Event(), importing.judged_pieces

    def slowly(*arguments: Any) -> Iterator[Any]:
        for piece in judged_pieces(*arguments):
            yield piece
            judges.set()
            time.sleep(0.5)  # told to stop while a thread is here

    monkeypatch.setattr(importing, "judged_pieces", slowly)
    settings = cast("Settings", context.settings)
    stopped = asyncio.create_task(run_imports(settings, "stopped", stopping, poll_seconds=0.1, lease_seconds=600))
    with anyio.fail_after(60):
        assert await asyncio.to_thread(judges.wait, 50)
        stopping.set()
        await stopped
    job = (await office.get(f"/import-jobs/{job_id}")).json()
    assert job["status"] == "waiting"
    assert 0 < job["rows_done"] < listed.rows
    with worker(claims_settings, tmp_path / "worker.log") as process:
        await until(office, job_id, rows=job["rows_done"] + 1)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0
    with worker(claims_settings, tmp_path / "worker.log"):
        job = await until(office, job_id)
    assert (job["status"], job["new_households"]) == ("done", len(listed.good))
    await check_all_there(office, context, job_id, listed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("kind", "mode", "households"),
    [("csv", "good", 4_000), ("csv", "good", 40_000), ("csv", "good", 100_000), ("csv", "all", 100_000),
     ("xlsx", "good", 4_000), ("xlsx", "good", 100_000)],
)  # fmt: skip
async def test_county_wide_list_is_taken_whole(
    office: Office, context: Any, claims_settings: dict[str, str], tmp_path: Path, kind: str, mode: str, households: int
) -> None:
    write = write_csv if kind == "csv" else write_xlsx
    path = tmp_path / f"list.{kind}"
    listed = write(path, households, broken_every=100 if mode == "good" else 0)
    assert mode == "all" or households < 10_000 or listed.kinds == set(KINDS)
    job_id = await handed_in(office, path.read_bytes(), mode=mode)
    with worker(claims_settings, tmp_path / "worker.log") as process:
        start = peak_mebibytes(process)
        while (await office.get(f"/import-jobs/{job_id}")).json()["status"] == "waiting":
            await anyio.sleep(0.05)
            with suppress(ProcessLookupError):
                start = peak_mebibytes(process)
        started, taken = time.perf_counter(), processor_seconds(process)
        job = await until(office, job_id, seconds=3000)
        seconds, peak = time.perf_counter() - started, peak_mebibytes(process)
        taken = processor_seconds(process) - taken
    print(  # noqa: T201 - the figures are the point
        f"\n{kind} {mode}: {listed.rows} rows, {households} households, {path.stat().st_size / 2**20:.1f} MiB,"
        f" {len(listed.refused)} rows refused: {seconds:.0f} s ({taken:.0f} s of processor), {listed.rows / seconds:.0f} rows/s,"
        f" peak {peak} MiB ({start} at the start)"
    )
    assert (job["status"], job["new_households"]) == ("done", len(listed.good))
    await check_all_there(office, context, job_id, listed)
