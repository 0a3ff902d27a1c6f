"""The claims service killed in the middle of uploads: no document without its content, no content that stays without a document."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from claims.documents.folder import FolderStore
from claims.documents.sweeping import Sweeper
from common.database import create_engine
from tests.support.claims_office import BOOK, Office
from tests.support.papers import pdf
from tests.support.stack import Stack, StackSeed, running_stack

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

KILLS = 2
AT_ONCE = 4
MEBIBYTE = 2**20
SEED = 20_260_301


@pytest.fixture(scope="module")
def system(seed: StackSeed) -> Iterator[Stack]:
    with running_stack(("claims",), seed=seed) as made:
        yield made


@pytest.fixture(scope="module")
async def office(system: Stack) -> AsyncIterator[Office]:
    async with httpx.AsyncClient(base_url=system.url("claims"), timeout=60) as client:
        made = Office(client, system.issuer)
        await made.programme()
        yield made


async def upload(office: Office, claim_id: str, key: str, content: bytes) -> httpx.Response | None:
    """Send a form with a file in pieces, so that a kill finds it half-way; None where the connection broke."""

    async def form() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]
            await asyncio.sleep(0)
        yield b"\r\n--b--\r\n"

    headers = office.headers("intake") | {
        "Idempotency-Key": key,
        "Content-Type": "multipart/form-data; boundary=b",
    }
    url = f"/v1/books/{BOOK}/claims/{claim_id}/documents?kind=invoice"
    try:
        return await office.client.post(url, content=form(), headers=headers)
    except httpx.HTTPError:
        return None


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def sweep(system: Stack) -> None:
    """What the worker does every ten minutes, an hour later."""
    system.sql("claims", "UPDATE document_unsettled SET due_at = now() - interval '1 second'")
    engine = create_engine(system.databases["claims"].service_url, application_name="sweep")
    folder = system.keys.documents
    try:
        await Sweeper(engine, FolderStore(folder), folder, 1, asyncio.Event()).sweep()
    finally:
        await engine.dispose()


class Senders:
    """Hand in documents side by side, and remember what was sent and what was answered."""

    def __init__(self, office: Office, claims: list[str]) -> None:
        self.claims = claims
        self.sent: dict[str, tuple[str, bytes]] = {}
        self.answered: dict[str, Any] = {}
        self.first = anyio.Event()
        self._office = office

    def prepare(self, name: str, sizes: list[int]) -> list[str]:
        """One document for each claim; answers their keys."""
        self.first = anyio.Event()
        keys = [f"{name}-{claim_id}" for claim_id in self.claims]
        for key, claim_id, size in zip(keys, self.claims, sizes, strict=True):
            self.sent[key] = (claim_id, pdf(key, filling=size))
        return keys

    async def send(self, key: str) -> None:
        """Send one; what is answered must be a success."""
        answer = await upload(self._office, self.sent[key][0], key, self.sent[key][1])
        if answer is not None:
            assert answer.status_code == 201, answer.text
            self.answered[key] = answer.json()["id"]
            self.first.set()


async def test_a_service_killed_while_documents_come_in(system: Stack, office: Office) -> None:
    chance = random.Random(SEED)
    senders = Senders(office, [(await office.filed(await office.family(1)))["id"] for _ in range(AT_ONCE)])
    for number in range(KILLS):
        # The first is small: its answer comes while the others are on their way.
        sizes = [0, *(chance.randrange(0, 4 * MEBIBYTE) for _ in senders.claims[1:])]
        async with anyio.create_task_group() as group:
            for key in senders.prepare(f"kill-{number}", sizes):
                group.start_soon(senders.send, key)
            if number:
                await senders.first.wait()
            await anyio.sleep(chance.uniform(0, 0.05))
            system.kill("claims")
        left = len(files(system.keys.documents))
        log.info("kill %d: %d of %d answered, %d files", number, len(senders.answered), len(senders.sent), left)
        system.start("claims", wait=False)
        await system.ready("claims")
        assert not list((system.keys.documents / "incoming").glob("*"))
    # Everybody tries again with the key of before, and some twice at once: what was answered before is answered again.
    before = dict(senders.answered)
    async with anyio.create_task_group() as group:
        for key in [*senders.sent, *list(senders.sent)[:3]]:
            group.start_soon(senders.send, key)
    assert senders.answered.keys() == senders.sent.keys()
    assert before.items() <= senders.answered.items()
    await sweep(system)
    await all_is_whole(system, office, senders)


async def all_is_whole(system: Stack, office: Office, senders: Senders) -> None:
    """Every document has its content, and every content its document."""
    stored = 0
    for claim_id in senders.claims:
        for document in await listed(office, claim_id):
            path = f"/claims/{claim_id}/documents/{document['id']}"
            checked = (await office.post(f"{path}/verification", None, "auditor")).json()
            assert checked["equal"], checked
            stored += 1
    assert stored == len(senders.sent)
    assert len(files(system.keys.documents)) == stored
    assert system.sql("claims", "SELECT count(*) FROM document_unsettled").strip() == "0"


async def listed(office: Office, claim_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.read(f"/claims/{claim_id}/documents"))["items"]
    return found


async def test_memory_stays_flat_however_much_comes_in(system: Stack, office: Office) -> None:
    claim = await office.filed(await office.family(1))
    await upload(office, claim["id"], "flat-first", pdf("flat", filling=MEBIBYTE))
    before = peak_kib(system)
    limit = 20 * MEBIBYTE
    contents = [pdf(f"flat {number}", filling=limit - 2 * MEBIBYTE) for number in range(6)]
    async with anyio.create_task_group() as group:
        for number, content in enumerate(contents):
            group.start_soon(upload, office, claim["id"], f"flat-{number}", content)
    assert len(await listed(office, claim["id"])) == 1 + len(contents)
    too_large = await upload(office, claim["id"], "flat-large", pdf("large", filling=5 * limit))
    assert too_large is None or too_large.status_code == 413
    one = (await listed(office, claim["id"]))[-1]
    answer = await office.get(f"/claims/{claim['id']}/documents/{one['id']}", "county")
    assert len(answer.content) == one["size_bytes"]
    grown = peak_kib(system) - before
    log.info(
        "six documents of 18 MiB at once, one of 100 MiB refused, one read: peak grew by %d KiB from %d", grown, before
    )
    assert grown < 24 * 1024, "memory follows the size of what is handed in"


def peak_kib(system: Stack) -> int:
    """The largest resident memory the claims process ever had."""
    [pid] = system.pids("claims")
    found = re.search(r"VmHWM:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])
