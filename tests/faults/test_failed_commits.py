"""A failed commit never answers 2xx, at no endpoint that writes: nothing is stored, and the same key does the work afterwards.

The test hangs a deferred trigger on the tables of a running service: everything in the transaction succeeds, only its COMMIT
fails. It either raises, or it ends the connection from the server's side.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import httpx
import pytest

from tests.contract.access_table import TABLE, Row
from tests.contract.scene import Scene
from tests.contract.test_access import send
from tests.support.county import County
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

# The worker writes its sign of life whenever it likes; it is nobody's answer.
BESIDE = "worker_heartbeat"
# Hung up once and fired by a switch: making triggers anew for each call would have every backend plan everything anew.
INSTALL = f"""
CREATE TABLE failing (how text NOT NULL);
INSERT INTO failing VALUES ('not');
CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    CASE (SELECT how FROM failing)
        WHEN 'raises' THEN RAISE EXCEPTION 'this commit fails';
        WHEN 'is cut off' THEN PERFORM pg_terminate_backend(pg_backend_pid());
        ELSE NULL;
    END CASE;
    RETURN NULL;
END
$$;
SELECT format('CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE OR DELETE ON %I'
              ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_commit()', relname)
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('{BESIDE}', 'failing')
\\gexec
"""  # noqa: S608 - a name from this file
HOW = ("is cut off", "raises")
# What the worker still has to do of earlier tests' work is due now, however long it would pause by itself.
LEFT = """
WITH hurried AS (UPDATE ledger_operation SET due_at = now() WHERE status = 'pending' RETURNING 1) SELECT count(*) FROM hurried
"""
# Every table with all its rows: whatever is stored, changed or taken away shows.
CONTENT = f"""
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '''')) FROM %I t',
              relname, relname)
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('{BESIDE}', 'failing') ORDER BY relname
\\gexec
"""  # noqa: S608 - a name from this file
# These POSTs ask and store nothing: there is no commit that could fail.
ASKING = {
    "/households/search",
    "/eligibility-checks",
    "/claims/{claim_id}/decision/recomputation",
    "/bank-accounts/{account}/match-proposals",
    "/policies/{policy_id}/terms/{terms_id}/preview",
    "/claims/{claim_id}/documents/{document_id}/verification",
    "/claims/steps/batch",  # answers item by item, each in a transaction of its own
}
WRITING = [
    row
    for row in TABLE
    if (row.method != "GET" or row.path.endswith("/bank-file"))  # each issue of a bank file is recorded
    and row.path not in ASKING
]
HOUSEHOLDS, NUMBERS = itertools.count(1), itertools.count(1)


@pytest.fixture(scope="module")
def running(seed: StackSeed) -> Iterator[Stack]:
    with running_stack(seed=seed, more={"LEDGER_RECONNECT_PAUSE": "0.1"}) as made:
        for service in ("ledger", "claims"):
            made.sql(service, INSTALL)
        yield made


@pytest.fixture
async def scene(running: Stack) -> AsyncIterator[Scene]:
    async with (
        httpx.AsyncClient(base_url=running.url("ledger"), timeout=60) as ledger,
        httpx.AsyncClient(base_url=running.url("claims"), timeout=60) as claims,
    ):
        county = County(ledger, claims, running.issuer, households=HOUSEHOLDS)
        if (await county.try_get("ledger", "/funds", "officer")).status_code == httpx.codes.NOT_FOUND:
            await county.found()
        yield Scene(county, NUMBERS, proposer="commit-officer")


@contextmanager
def failing_commits(stack: Stack, service: str, how: str) -> Iterator[None]:
    """No transaction that writes can commit in this service's database meanwhile."""
    stack.sql(service, f"UPDATE failing SET how = '{how}'")  # noqa: S608 - a word from this file
    try:
        yield
    finally:
        stack.sql(service, "UPDATE failing SET how = 'not'")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("row", WRITING, ids=lambda row: f"{row.service} {row.method} {row.path}")
async def test_a_commit_that_fails_is_not_answered_as_done(running: Stack, scene: Scene, row: Row, how: str) -> None:
    parameters, body = await scene.prepared(row)
    headers = _headers(scene, row, body, parameters.get("book"))
    await worker_is_done(running)
    before = running.sql(row.service, CONTENT)
    with failing_commits(running, row.service, how):
        failed = await send(scene, row, headers, parameters, body)
        assert running.sql(row.service, CONTENT) == before
    assert_says_it_failed(row, how, failed)
    # Nothing was remembered under the key: the same request is now done for the first time.
    done = await send(scene, row, headers, parameters, body)
    assert done.is_success, done.text
    assert "Idempotent-Replayed" not in done.headers
    assert running.sql(row.service, CONTENT) != before


async def worker_is_done(stack: Stack) -> None:
    """Wait until no call to the ledger is left: the worker's own rows would change in the middle of the test."""
    with anyio.fail_after(60):
        while True:
            if stack.sql("claims", LEFT).strip() == "0":
                return
            await anyio.sleep(0.1)


def assert_says_it_failed(row: Row, how: str, failed: httpx.Response) -> None:
    if how == "is cut off":
        assert (failed.status_code, failed.json()["code"]) == (503, "unavailable")
        assert int(failed.headers["Retry-After"]) > 0
    elif (
        row.path in {"/journal-entries/bulk", "/proposals/approvals", "/operations/batch", "/payment-lists"}
        and failed.status_code == httpx.codes.OK
    ):
        # A bulk call answers for each entry by itself.
        results = failed.json()["results"]
        assert {(one["status"], one["problem"]["code"]) for one in results} == {("refused", "internal_error")}
    else:
        assert failed.status_code == httpx.codes.INTERNAL_SERVER_ERROR, failed.text
        assert failed.json()["code"] == "internal_error"


def _headers(scene: Scene, row: Row, body: dict[str, object] | None, book: str | None) -> dict[str, str]:
    role = row.roles.split()[0]
    made = scene.county.headers(f"{role}/commit-{role}")
    if book is not None:
        made["Authorization"] = f"Bearer {scene.county.issuer.token(role, book=book, sub=f'commit-{role}')}"
    if row.path == "/v1/books":
        assert body is not None
        token = scene.county.issuer.token(role, book=str(body["code"]), sub=f"commit-{role}")
        made["Authorization"] = f"Bearer {token}"
    return made
