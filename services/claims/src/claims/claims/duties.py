"""Who had which duty on a claim, and who may therefore not have another one: on it, or on the appeal against it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import notice_store, store
from claims.claims.paths import loaded
from claims.claims.rules import Duty, TakenStep, earlier_decider, other_duty_of
from claims.claims.store import ClaimRow
from common.errors import SAME_PERSON


async def taken_duties(
    conn: AsyncConnection, book: str, claim_id: UUID, steps: tuple[TakenStep, ...]
) -> tuple[TakenStep, ...]:
    """The steps of a claim and, after them, the notices put up for it."""
    return steps + await notice_store.publishings(conn, book, claim_id)


async def refuse_second_duty(
    conn: AsyncConnection, row: ClaimRow, duty: Duty | None, by_person: str, steps: tuple[TakenStep, ...]
) -> None:
    """Raise `same_person` for who had another duty on the claim, or decided the one it appeals and would decide again."""
    other = other_duty_of(by_person, duty, await taken_duties(conn, row.book, row.id, steps))
    if other is not None:
        raise SAME_PERSON.error(duty=other.value)
    await refuse_earlier_decider(conn, row, duty, by_person)


async def refuse_earlier_decider(conn: AsyncConnection, row: ClaimRow, duty: Duty | None, by_person: str) -> None:
    """Raise `same_person` for somebody who decided the claim this one appeals and would decide again."""
    if row.appeal_of is None:
        return
    steps = store.taken_steps(await store.history(conn, row.book, row.appeal_of))
    earlier = await taken_duties(conn, row.book, row.appeal_of, steps)
    if earlier_decider(by_person, duty, earlier, loaded().deciding):
        raise SAME_PERSON.error(duty="appealed_claim")
