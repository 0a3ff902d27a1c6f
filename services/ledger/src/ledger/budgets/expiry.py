"""Giving back what expired encumbrances have left: asked for by a person, or done by the ledger's worker (``ledger.worker``).

An encumbrance past its expiry pays nothing, swept or not; sweeping only returns its budget. Each release has a key of its own, made of
the encumbrance, the expiry that has passed and what the bank had returned by then: however many workers and people sweep at once, and
wherever they are killed, one end of time releases once. A proposal it became is not proposed again by the next round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.dates import SHANGHAI
from ledger.budgets import answers, store
from ledger.budgets.life_rules import decide_expiry
from ledger.budgets.rules import Release
from ledger.budgets.schemas import ReleaseIn
from ledger.funds.service import request, voucher_of
from ledger.journal.chain import instant
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Json, Needs, PostedEntry, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once, run_once
from ledger.journal.people import deed_of
from ledger.journal.posting import Again
from ledger.journal.state import BookState, EncumbranceState

REASON = "到期自动解除"
"""What the voucher of a release for the end of its time says."""


@dataclass(frozen=True, slots=True)
class Found:
    """Expired encumbrances as they were found: by which instant, and each with the key of its release.

    ``last_seq`` is where the next ones begin, if there are ``more``.
    """

    expired_by: datetime
    keys: Mapping[UUID, str]
    more: bool
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found, and what became of each."""

    found: Found
    outcomes: list[Outcome]


async def find(connection: AsyncConnection, book: str, most: int, opened_after_seq: int = 0) -> Found:
    """Return the next expired encumbrances of a book by the database's clock, the first opened first."""
    now = await store.clock(connection)
    rows = await store.expired(connection, book, now, opened_after_seq=opened_after_seq, limit=most + 1)
    found = rows[:most]
    last_seq = found[-1].opened_seq if found else opened_after_seq
    return Found(now, {row.id: key_of(row) for row in found}, len(rows) > most, last_seq)


def key_of(expired: EncumbranceState) -> str:
    """Return the idempotency key of a release; it has spaces, which no caller's key can have."""
    until = "" if expired.expires_at is None else instant(expired.expires_at)
    return f"expiry {expired.id} {until} {expired.returned_fen}"


async def sweep_once(database: AsyncEngine, engine: PostingEngine, once: Once, by_person: str, most: int) -> Swept:
    """Release what is expired when this is asked for first; asked again under the same key, answer for exactly the same ones.

    What was found is remembered under the key first; so a call that was cut off between is finished by its repetition.
    Raises ``not_found``, ``idempotency_key_reused``, ``unavailable``.
    """

    async def look(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        found = await find(connection, once.book, most)
        keys: dict[str, Json] = {str(one): key for one, key in found.keys.items()}
        return 200, {"expired_by": instant(found.expired_by), "keys": keys, "more": found.more}

    told = orjson.loads((await run_once(database, once, look)).body)
    found = Found(
        datetime.fromisoformat(told["expired_by"]),
        {UUID(one): key for one, key in told["keys"].items()},
        more=told["more"],
    )
    people = People(by_person, by_person, None)
    return Swept(found, await release_found(engine, once.book, found, people, dry_run=once.dry_run))


async def release_found(
    engine: PostingEngine, book: str, found: Found, people: People, *, dry_run: bool = False
) -> list[Outcome]:
    """Release each of them by itself, dated the day it was found; return what became of each. Raises ``unavailable``."""
    day = found.expired_by.astimezone(SHANGHAI).date()
    requests = [
        expiry_request(Once(book, key, sha256(key.encode()).digest(), dry_run), people, one, _body(day))
        for one, key in found.keys.items()
    ]
    return await engine.post_many(requests, atomic=False)


def _body(day: date) -> ReleaseIn:
    return ReleaseIn.model_validate({"effective_on": day.isoformat(), "reason": REASON})


def expiry_request(once: Once, people: People, encumbrance: UUID, body: ReleaseIn) -> PostingRequest:
    """Return what the engine is asked to do for one expired encumbrance."""
    order = Release(encumbrance, body.reason, voucher_of(body, people))

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.moved(entry, state, encumbrance)

    needs = Needs(encumbrances=frozenset({encumbrance}), subtree=True)
    deed = deed_of("expiry", people, body, encumbrance=str(encumbrance))
    return request(once, needs, partial(decide_expiry, order), render, deed=deed)


def _expiry_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return expiry_request(once, people, UUID(str(said["encumbrance"])), ReleaseIn.model_validate(said["body"]))


AGAIN: Mapping[str, Again] = {"expiry": _expiry_again}
"""How a proposal of a release for the end of its time is made a request again when it is approved."""
