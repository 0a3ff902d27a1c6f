"""The S3-compatible store against a real S3 server: the same life of a document, and a store that is away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from claims.documents.bucket import Bucket, BucketStore
from claims.documents.contents import ContentMissingError
from claims.settings import Settings
from common.errors import Problem
from deploy.local.environment import constructor_arguments
from tests.integration.claims_documents.conftest import Desk
from tests.support.claims_office import Office
from tests.support.fixtures import ClientFactory
from tests.support.papers import pdf
from tests.support.s3_server import S3Server, s3_server

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


async def test_the_life_of_a_document_in_a_bucket(
    desk: Desk, server: S3Server, clients: ClientFactory, tmp_path: Path
) -> None:
    claim = await desk.claim()
    settings = desk.settings | {
        "CLAIMS_DOCUMENT_STORE": "s3",
        "CLAIMS_DOCUMENT_BUCKET_FILE": str(server.bucket_file(tmp_path)),
        "CLAIMS_DOCUMENT_FOLDER": str(tmp_path / "spool"),
        "CLAIMS_DOCUMENT_BYTES": str(20 * 2**20),
    }
    async with clients("claims", settings) as client:
        here = Desk(Office(client, desk.office.issuer), desk.database, tmp_path, settings)
        assert (await client.get("/readyz")).status_code == 200
        # Larger than a part of a multipart upload, so that it goes in several.
        content = pdf(f"bucket {next(desk.numbers)}", filling=12 * 2**20)
        made = await here.stored(claim["id"], content, key=f"bucket-{claim['id']}")
        path = f"/claims/{claim['id']}/documents/{made['id']}"
        assert (await here.office.get(path, "county")).content == content
        checked = (await here.office.post(f"{path}/verification", None, "auditor")).json()
        assert (checked["equal"], checked["computed_sha256"]) == (True, made["sha256"])
        refused = await here.send(claim["id"], content[:-9])
        assert refused.json()["code"] == "document_incomplete"

        [key] = server.keys()
        assert key.startswith("610923/")
        assert b"%PDF" not in server.content(key)
        server.replace(key, server.content(key)[:-1])
        checked = (await here.office.post(f"{path}/verification", None, "auditor")).json()
        assert (checked["equal"], checked["fault"]) == (False, "changed")
        server.delete(key)
        checked = (await here.office.post(f"{path}/verification", None, "auditor")).json()
        assert (checked["equal"], checked["fault"]) == (False, "missing")
        assert (await here.office.get(path, "county")).json()["code"] == "document_damaged"
    assert not [left for left in (tmp_path / "spool").rglob("*") if left.is_file()]


async def test_a_content_is_put_read_and_removed_and_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    with s3_server() as server:
        store = BucketStore(Bucket.from_file(server.bucket_file(tmp_path)))
        spooled = tmp_path / "spooled"
        spooled.write_bytes(os.urandom(700_000))
        await store.put("610923/aa/aa.1", spooled)
        async with store.read("610923/aa/aa.1") as pieces:
            assert b"".join([piece async for piece in pieces]) == spooled.read_bytes()
        await store.remove("610923/aa/aa.1")
        await store.remove("610923/aa/aa.1")
        with pytest.raises(ContentMissingError):
            async with store.read("610923/aa/aa.1"):
                pass
    for failing in (store.check(), store.put("610923/aa/aa.2", spooled), store.remove("610923/aa/aa.2")):
        with pytest.raises(Problem) as caught:
            await failing
        assert caught.value.code == "unavailable"


@pytest.mark.parametrize(
    "content", [None, "no json", "[]", "{}", {"endpoint": "ftp://x"}, {"secret_access_key": ""}, {"more": "x"}]
)
def test_a_bucket_file_that_will_not_do_is_refused_before_anything_starts(
    desk: Desk, tmp_path: Path, content: object
) -> None:
    said = {
        "endpoint": "https://x",
        "bucket": "b",
        "region": "r",
        "access_key_id": "geheim-1",
        "secret_access_key": "s",
    }
    path = tmp_path / "bucket.json"
    if content is not None:
        text = content if isinstance(content, str) else json.dumps({**said, **content})  # type: ignore[dict-item]
        path.write_text(text, encoding="utf-8")
    arguments = constructor_arguments(desk.settings) | {"document_store": "s3", "document_bucket_file": str(path)}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(arguments)
    assert "bucket" in str(caught.value)
    assert "geheim" not in str(caught.value)
