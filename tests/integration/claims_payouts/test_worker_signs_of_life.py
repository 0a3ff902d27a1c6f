"""Workers show that they live; what died long ago is forgotten; a worker waits for its database, away or refusing."""

import asyncio

import pytest
import sqlalchemy as sa

from claims.payouts.tables import worker_heartbeat
from claims.worker import Worker
from common.database import create_engine
from deploy.local.databases import Database
from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


async def rows(post: Post) -> dict[str, int]:
    async with post.worker.engine.begin() as conn:
        found = await conn.execute(sa.select(worker_heartbeat.c.worker, worker_heartbeat.c.operations_finished))
        return {row.worker: row.operations_finished for row in found}


async def run_for_a_moment(worker: Worker) -> None:
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    worker.stopping.set()
    await asyncio.wait_for(running, 10)


async def test_a_running_worker_is_seen_and_the_long_dead_are_forgotten(post: Post) -> None:
    async with post.worker.engine.begin() as conn:
        for worker, age in (("dead", "2 days"), ("recent", "1 hour")):
            values = {"worker": worker, "seen_at": sa.text(f"now() - interval '{age}'")}
            await conn.execute(sa.insert(worker_heartbeat).values(**values))
    await run_for_a_moment(post.worker)
    assert await rows(post) == {"recent": 0, post.worker.name: 0}


async def test_a_worker_without_its_database_waits_and_stops_when_told(post: Post) -> None:
    nowhere = create_engine("postgresql://nobody@127.0.0.1:9/none", application_name="test", pool_wait_seconds=1)
    await run_for_a_moment(Worker(nowhere, post.worker.client, post.worker.settings))
    assert await rows(post) == {}


async def test_a_worker_outlives_a_database_that_refuses_its_work(
    county: County, post: Post, postgres: Server, claims_database: Database
) -> None:
    await county.found()
    claim_id = await county.approved_claim(50_000)
    postgres.sql(
        claims_database,
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON ledger_operation DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse()""",
    )
    await run_for_a_moment(post.worker)  # lives until it is told to stop
    assert (await county.status(claim_id), post.line.calls) == ("approved", [])
    postgres.sql(claims_database, "SET client_min_messages = error; DROP FUNCTION refuse CASCADE")
    await post.until_idle()
    assert await county.status(claim_id) == "encumbered"
