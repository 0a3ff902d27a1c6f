"""Random sequences of everything the ledger can do, over HTTP on PostgreSQL, beside a plain model of the whole book.

After every step the outcome is the model's, refusal by refusal; after every sequence, every figure, every line of every entry, past
days, registers and the chain are. ``make test-long`` runs 2,000 sequences; docs/reliability.md has the figures of one run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter

import asyncpg
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.fixtures import ClientFactory
from tests.support.ledger_engine import broken_totals, connect
from tests.support.whole_model.book import OK
from tests.support.whole_model.comparing import assert_equal
from tests.support.whole_model.driver import HttpBook, Tokens
from tests.support.whole_model.sequences import STRATEGIES, THEMES, Sequence, sequences

MANY = 2_000


async def _run(
    client: httpx.AsyncClient,
    database: asyncpg.Connection[asyncpg.Record],
    tokens: Tokens,
    code: str,
    drawn: Sequence,
    seen: Counter[tuple[str, str]],
) -> None:
    book = HttpBook(client, database, tokens, code, seen)
    await book.open()
    try:
        for step in (*THEMES[drawn.theme].beginning, *drawn.steps):
            await book.do(step)
        await assert_equal(book, drawn.look)
    except (AssertionError, KeyError) as error:
        error.add_note("\n".join([f"The sequence ({drawn.theme}):", *map(repr, drawn.steps), repr(drawn.look)]))
        raise


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _broken(url: str) -> list[str]:
    connection = await connect(url)
    try:
        return await broken_totals(connection)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(60, id="60-sequences"),
        pytest.param(MANY, id="2000-sequences", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_the_whole_ledger_does_what_the_model_says(
    clients: ClientFactory,
    ledger_settings: dict[str, str],
    issuer: Issuer,
    ledger_database: Database,
    capsys: pytest.CaptureFixture[str],
    examples: int,
) -> None:
    numbers, tokens, seen, begun = count(100_000), Tokens(issuer), Counter[tuple[str, str]](), perf_counter()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(clients("ledger", ledger_settings)) as client,
        portal.wrap_async_context_manager(_connected(ledger_database.owner_url)) as database,
    ):

        @given(sequences)
        @settings(
            max_examples=examples,
            deadline=None,
            # A failure tells its whole sequence; making it smaller would take minutes.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        def run(drawn: Sequence) -> None:
            portal.call(_run, client, database, tokens, str(next(numbers)), drawn, seen)

        run()
    assert asyncio.run(_broken(ledger_database.owner_url)) == []
    _tell(capsys, seen, next(numbers) - 100_000, perf_counter() - begun)
    done = {name for (name, outcome) in seen if OK in outcome.split(",")}
    assert examples < MANY or done == STRATEGIES.keys(), "not every operation succeeded even once"


def _tell(capsys: pytest.CaptureFixture[str], seen: Counter[tuple[str, str]], books: int, seconds: float) -> None:
    """Print what came of each operation; ``-s`` is not needed."""
    with capsys.disabled():
        print(f"\n{books} sequences, {seen.total()} steps in {seconds:.0f} s")  # noqa: T201
        for name in STRATEGIES:
            came = Counter({outcome: times for (one, outcome), times in seen.items() if one == name})
            told = ", ".join(f"{outcome} {times}" for outcome, times in came.most_common(12))
            print(f"  {name}: {told}")  # noqa: T201
