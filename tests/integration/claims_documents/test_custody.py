"""What lies in store and database: changes are found, erasure is for good, and the database lets a document move one way only."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import ClientDisconnect

from claims.documents import store, sweeping
from claims.documents.folder import FolderStore
from claims.documents.service import erase_content
from claims.documents.store import kinds_present
from claims.documents.sweeping import Sweeper
from common.database import create_engine
from tests.integration.claims_documents.conftest import Desk
from tests.support.claims_office import BOOK, Json

pytestmark = pytest.mark.anyio


async def verified(desk: Desk, document: Json) -> tuple[bool, str | None]:
    path = f"/claims/{document['claim_id']}/documents/{document['id']}/verification"
    answer = await desk.office.post(path, None, "auditor")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["equal"], found["fault"]


async def downloaded(desk: Desk, document: Json) -> tuple[int, str]:
    answer = await desk.office.get(f"/claims/{document['claim_id']}/documents/{document['id']}", "town")
    return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""


async def test_a_content_that_was_changed_cut_swapped_or_lost_is_found_and_not_given_out(desk: Desk) -> None:
    claim = await desk.claim()
    before = set(desk.files())
    document = await desk.stored(claim["id"], desk.paper("x" * 70_000))
    [file] = set(desk.files()) - before
    other = await desk.stored(claim["id"], desk.paper("y" * 70_000))
    [other_file] = set(desk.files()) - before - {file}
    sealed = file.read_bytes()
    assert await verified(desk, document) == (True, None)
    log = (await desk.office.read("/access-log", limit=1))["items"]

    middle = len(sealed) // 2
    changed = sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :]
    for wrong in (changed, sealed[:-1], sealed[: 4 + 65_552], sealed + sealed[-40:], other_file.read_bytes(), b""):
        file.write_bytes(wrong)
        assert await verified(desk, document) == (False, "changed")
    file.write_bytes(b"")
    assert await downloaded(desk, document) == (409, "document_damaged")
    file.unlink()
    assert await verified(desk, document) == (False, "missing")
    assert await downloaded(desk, document) == (409, "document_damaged")
    # Nothing left, so nothing is in the log of accesses.
    assert (await desk.office.read("/access-log", limit=1))["items"] == log
    file.write_bytes(sealed)
    assert await verified(desk, document) == (True, None)
    assert await verified(desk, other) == (True, None)


async def test_erasing_destroys_key_name_and_bytes_and_keeps_the_record(
    desk: Desk, service: AsyncEngine, owner: AsyncEngine
) -> None:
    claim = await desk.claim()
    before = set(desk.files())
    document = await desk.stored(claim["id"], desk.paper(), name="孙示例.pdf")
    [file] = set(desk.files()) - before
    async with service.begin() as conn:
        assert await erase_content(conn, BOOK, UUID(document["id"]))
    async with service.begin() as conn:
        assert not await erase_content(conn, BOOK, UUID(document["id"]))
    # From the commit on nothing opens it, although the bytes still lie there.
    assert file.exists()
    assert await downloaded(desk, document) == (409, "document_erased")
    path = f"/claims/{claim['id']}/documents/{document['id']}"
    answer = await desk.office.post(f"{path}/verification", None, "auditor")
    assert (answer.status_code, answer.json()["code"]) == (409, "document_erased")
    answer = await desk.office.post(f"{path}/withdrawal", {"reason": "错误"}, "intake")
    assert (answer.status_code, answer.json()["code"]) == (409, "document_erased")
    [listed] = await desk.listed(claim["id"])
    assert (listed["state"], listed["file_name"], listed["sha256"]) == ("erased", None, document["sha256"])
    async with owner.connect() as conn:
        row = (await conn.execute(sa.text("SELECT * FROM document WHERE id = :id"), {"id": document["id"]})).one()
    assert (row.key_cipher, row.file_name_cipher) == (None, None)
    async with service.begin() as conn:
        assert await kinds_present(conn, BOOK, UUID(claim["id"])) == ("invoice",)

    await Sweeper(service, FolderStore(desk.folder), desk.folder, 1, asyncio.Event()).sweep()
    assert not file.exists()
    async with owner.connect() as conn:
        assert (await conn.execute(sa.text("SELECT count(*) FROM document_unsettled"))).scalar_one() == 0


async def test_only_kinds_that_were_not_withdrawn_are_present(desk: Desk, service: AsyncEngine) -> None:
    claim = await desk.claim()
    mistaken = await desk.stored(claim["id"], desk.paper(), kind="photo")
    for kind in ("settlement_statement", "invoice", "invoice"):
        await desk.stored(claim["id"], desk.paper(), kind=kind)
    path = f"/claims/{claim['id']}/documents/{mistaken['id']}/withdrawal"
    await desk.office.made(path, {"reason": "错误"}, "intake")
    async with service.begin() as conn:
        assert await kinds_present(conn, BOOK, UUID(claim["id"])) == ("invoice", "settlement_statement")


async def test_an_upload_given_up_by_the_sweep_gets_no_document(desk: Desk, service: AsyncEngine) -> None:
    """The sweep and a slow upload race for one content: whoever decides first is right for good."""
    async with service.begin() as conn:
        await conn.execute(sa.text("DELETE FROM document_unsettled"))
        await store.begin_content(conn, BOOK, "610923/aa/aa.1", timedelta(seconds=-1))
    async with service.begin() as conn:
        assert await store.give_up_overdue(conn, 10, 0) == [(BOOK, "610923/aa/aa.1")]
    async with service.begin() as conn:
        assert not await store.settle_content(conn, BOOK, "610923/aa/aa.1")
        await store.forget_content(conn, BOOK, "610923/aa/aa.1")


MOVES = (
    "UPDATE document SET sha256 = sha256",
    "UPDATE document SET claim_id = claim_id",
    "UPDATE document SET kind = kind",
    "UPDATE document SET by_person = by_person",
    "UPDATE document SET content_name = content_name",
    "UPDATE document SET key_cipher = NULL",
    "UPDATE document SET file_name_cipher = NULL",
    "UPDATE document SET withdrawn_by = NULL, withdrawn_at = NULL, withdrawal_reason_cipher = NULL WHERE withdrawn_at IS NOT NULL",
    "UPDATE document SET withdrawn_by = 'other' WHERE withdrawn_at IS NOT NULL",
    "UPDATE document SET withdrawal_reason_cipher = NULL WHERE withdrawn_at IS NOT NULL AND erased_at IS NULL",
    "UPDATE document SET withdrawn_at = now()",
    "UPDATE document SET erased_at = now()",
    "UPDATE document SET erased_at = NULL WHERE erased_at IS NOT NULL",
    "UPDATE document SET erased_at = NULL, key_cipher = 'x' WHERE erased_at IS NOT NULL",
    "DELETE FROM document",
    "TRUNCATE document",
)


@pytest.mark.parametrize("move", MOVES)
async def test_the_database_lets_a_document_move_one_way(desk: Desk, service: AsyncEngine, move: str) -> None:
    claim = await desk.claim()
    path = f"/claims/{claim['id']}/documents"
    made = [await desk.stored(claim["id"], desk.paper()) for _ in range(3)]
    await desk.office.made(f"{path}/{made[1]['id']}/withdrawal", {"reason": "错误"}, "intake")
    async with service.begin() as conn:
        await erase_content(conn, BOOK, UUID(made[2]["id"]))
    with pytest.raises(DBAPIError):
        async with service.begin() as conn:
            await conn.execute(sa.text(move))


async def test_the_reader_sees_no_sealed_column(desk: Desk) -> None:
    reader = create_engine(desk.database.reader_url, application_name="test-reader")
    try:
        async with reader.connect() as conn:
            await conn.execute(sa.text("SELECT kind, sha256, at FROM document"))
        for column in ("key_cipher", "file_name_cipher", "withdrawal_reason_cipher", "content_name"):
            with pytest.raises(DBAPIError):
                async with reader.connect() as conn:
                    await conn.execute(sa.text(f"SELECT {column} FROM document"))  # noqa: S608
    finally:
        await reader.dispose()


async def test_a_content_that_cannot_be_removed_is_in_the_way_of_no_other(
    desk: Desk, service: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_AT_ONCE", 2)
    names = [f"610923/cc/cc.{number}" for number in range(6)]
    stuck = {desk.folder / name for name in names[:3]}
    for path in stuck:
        (path / "a folder where a file should be").mkdir(parents=True)
    async with service.begin() as conn:
        await conn.execute(sa.text("DELETE FROM document_unsettled"))
        for number, name in enumerate(names):
            await store.begin_content(conn, BOOK, name, timedelta(seconds=number - 60))
    assert await Sweeper(service, FolderStore(desk.folder), desk.folder, 1, asyncio.Event()).sweep() == 3
    async with service.begin() as conn:
        left = (await conn.scalars(sa.text("SELECT content_name FROM document_unsettled ORDER BY 1"))).all()
        await conn.execute(sa.text("DELETE FROM document_unsettled"))
    assert left == names[:3]
    shutil.rmtree(desk.folder / "610923" / "cc")


async def test_a_download_whose_receiver_leaves_before_the_first_byte_holds_nothing_open(desk: Desk) -> None:
    claim = await desk.claim()
    before = set(desk.files())
    document = await desk.stored(claim["id"], desk.paper("x" * 70_000))
    [file] = set(desk.files()) - before
    path = f"/v1/books/{BOOK}/claims/{claim['id']}/documents/{document['id']}"
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in desk.office.headers("town").items()],
        "server": ("testserver", 80), "client": ("testclient", 1),
    }  # fmt: skip
    was_open = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        was_open.append((message["type"], _is_open(file)))
        raise OSError("the receiver has left")

    with suppress(OSError, ClientDisconnect):
        await desk.office.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    assert was_open[0] == ("http.response.start", True)
    assert not _is_open(file)


def _is_open(path: Path) -> bool:
    return any(one.is_symlink() and one.readlink() == path for one in Path("/proc/self/fd").iterdir())
