"""SQL of public notices and the objections to them. Reasons come and go sealed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims.rules import Duty, TakenStep
from claims.claims.tables import claim_notice, claim_objection, claim_objection_ruling


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as it was put up. Amounts in fen; `event_position` is the claim's last event then."""

    version: int
    published_on: date
    days: int
    benefit_fen: int
    decision_version: int
    event_position: int
    text_zh: str
    text_en: str
    at: datetime
    by_person: str


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """An objection as it was taken down."""

    position: int
    notice_version: int
    raised_on: date
    reason_cipher: bytes
    at: datetime
    by_person: str


@dataclass(frozen=True, slots=True)
class RulingRow:
    """How an objection was resolved."""

    position: int
    outcome: str
    resolved_on: date
    reason_cipher: bytes
    at: datetime
    by_person: str


async def latest_notice(conn: AsyncConnection, book: str, claim_id: UUID) -> NoticeRow | None:
    """The newest notice of a claim, or None."""
    columns = [column for column in claim_notice.c if column.name not in {"book", "claim_id"}]
    query = (
        sa.select(*columns)
        .where(claim_notice.c.book == book, claim_notice.c.claim_id == claim_id)
        .order_by(claim_notice.c.version.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else NoticeRow(**row)


async def publishings(conn: AsyncConnection, book: str, claim_id: UUID) -> tuple[TakenStep, ...]:
    """Who put up the notices of a claim and when, as the duty it is: the village's review."""
    query = sa.select(claim_notice.c.by_person, claim_notice.c.published_on).filter_by(book=book, claim_id=claim_id)
    return tuple(
        TakenStep(duty=Duty.VILLAGE_REVIEW, by_person=row.by_person, done_on=row.published_on)
        for row in await conn.execute(query)
    )


async def insert_notice(conn: AsyncConnection, book: str, claim_id: UUID, row: NoticeRow) -> None:
    """Store a notice. The caller holds the claim's lock."""
    await conn.execute(sa.insert(claim_notice).values(book=book, claim_id=claim_id, **asdict(row)))


async def objections_of(
    conn: AsyncConnection, book: str, claim_id: UUID
) -> list[tuple[ObjectionRow, RulingRow | None]]:
    """Every objection to the notices of a claim in their order, each with its ruling, if there is one."""
    where = {"book": book, "claim_id": claim_id}
    objections = sa.select(*_own(claim_objection)).filter_by(**where).order_by(claim_objection.c.position)
    rulings = sa.select(*_own(claim_objection_ruling)).filter_by(**where)
    ruled = {row["position"]: RulingRow(**row) for row in (await conn.execute(rulings)).mappings()}
    return [(ObjectionRow(**row), ruled.get(row["position"])) for row in (await conn.execute(objections)).mappings()]


async def insert_objection(conn: AsyncConnection, book: str, claim_id: UUID, row: ObjectionRow) -> None:
    """Store an objection. The caller holds the claim's lock."""
    await conn.execute(sa.insert(claim_objection).values(book=book, claim_id=claim_id, **asdict(row)))


async def insert_ruling(conn: AsyncConnection, book: str, claim_id: UUID, row: RulingRow) -> None:
    """Store how an objection was resolved. The caller holds the claim's lock."""
    await conn.execute(sa.insert(claim_objection_ruling).values(book=book, claim_id=claim_id, **asdict(row)))


def _own(table: sa.Table) -> list[sa.Column[object]]:
    return [column for column in table.c if column.name not in {"book", "claim_id"}]
