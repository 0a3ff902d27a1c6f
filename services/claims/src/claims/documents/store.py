"""SQL of the documents room. Stable for other rooms: `kinds_present`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.documents.rules import State
from claims.documents.tables import document, document_unsettled


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as it is stored; ciphers are sealed, `key_cipher` is None once it is erased."""

    book: str
    id: UUID
    claim_id: UUID
    kind: str
    media_type: str
    size_bytes: int
    sha256: bytes
    content_name: str
    file_name_cipher: bytes | None
    key_cipher: bytes | None
    by_person: str
    at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawal_reason_cipher: bytes | None = None
    erased_at: datetime | None = None

    @property
    def state(self) -> State:
        """What has become of it. An erased one is erased, withdrawn before or not."""
        if self.erased_at is not None:
            return State.ERASED
        return State.KEPT if self.withdrawn_at is None else State.WITHDRAWN


async def kinds_present(conn: AsyncConnection, book: str, claim_id: UUID) -> tuple[str, ...]:
    """The kinds of which a claim has a document that was not withdrawn, in alphabetical order."""
    query = (
        sa.select(document.c.kind)
        .where(document.c.book == book, document.c.claim_id == claim_id, document.c.withdrawn_at.is_(None))
        .distinct()
        .order_by(document.c.kind)
    )
    return tuple((await conn.execute(query)).scalars())


async def now(conn: AsyncConnection) -> datetime:
    """The database's clock."""
    at: datetime = (await conn.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return at


async def insert_document(conn: AsyncConnection, row: DocumentRow) -> None:
    """Record a document whose content lies in the store."""
    await conn.execute(sa.insert(document).values(**asdict(row)))


async def load_document(
    conn: AsyncConnection, book: str, claim_id: UUID, document_id: UUID, *, lock: bool = False
) -> DocumentRow | None:
    """One document of a claim, locked until the transaction ends where asked for; None if the claim has none of that id."""
    query = sa.select(document).where(
        document.c.book == book, document.c.claim_id == claim_id, document.c.id == document_id
    )
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else DocumentRow(**row)


async def same_content(conn: AsyncConnection, book: str, claim_id: UUID, sha256: bytes) -> DocumentRow | None:
    """The claim's document of this content that was not withdrawn, or None."""
    query = sa.select(document).where(
        document.c.book == book,
        document.c.claim_id == claim_id,
        document.c.sha256 == sha256,
        document.c.withdrawn_at.is_(None),
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else DocumentRow(**row)


async def count_documents(conn: AsyncConnection, book: str, claim_id: UUID) -> int:
    """How many documents a claim has, withdrawn and erased ones included."""
    query = sa.select(sa.func.count()).where(document.c.book == book, document.c.claim_id == claim_id)
    return int((await conn.execute(query)).scalar_one())


async def list_documents(
    conn: AsyncConnection, book: str, claim_id: UUID, after: UUID | None, limit: int
) -> Sequence[tuple[DocumentRow, int]]:
    """At most `limit` documents of a claim in the order of handing in, each with how many other claims have the same content."""
    other = document.alias("other")
    elsewhere = (
        sa.select(sa.func.count(sa.distinct(other.c.claim_id)))
        .where(other.c.book == document.c.book, other.c.sha256 == document.c.sha256)
        .where(other.c.claim_id != document.c.claim_id)
        .scalar_subquery()
    )
    query = (
        sa.select(document, elsewhere.label("elsewhere"))
        .where(document.c.book == book, document.c.claim_id == claim_id)
        .order_by(document.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(document.c.id > after)
    rows = (await conn.execute(query)).mappings()
    return [
        (DocumentRow(**{name: row[name] for name in document.c.keys()}), int(row["elsewhere"]))  # noqa: SIM118 - columns
        for row in rows
    ]


async def withdraw(
    conn: AsyncConnection, book: str, document_id: UUID, *, by_person: str, at: datetime, reason_cipher: bytes
) -> None:
    """Record that a document counts no more. The caller holds its lock."""
    await conn.execute(
        sa.update(document)
        .where(document.c.book == book, document.c.id == document_id)
        .values(withdrawn_by=by_person, withdrawn_at=at, withdrawal_reason_cipher=reason_cipher)
    )


async def erase(conn: AsyncConnection, book: str, document_id: UUID) -> str | None:
    """Destroy a document's key, name and reason; return what the store calls its content, None if it was erased before."""
    erased = (
        sa.update(document)
        .where(document.c.book == book, document.c.id == document_id, document.c.erased_at.is_(None))
        .values(
            erased_at=sa.func.clock_timestamp(), key_cipher=None, file_name_cipher=None, withdrawal_reason_cipher=None
        )
        .returning(document.c.content_name)
    )
    name: str | None = (await conn.execute(erased)).scalar_one_or_none()
    return name


async def begin_content(conn: AsyncConnection, book: str, name: str, patience: timedelta) -> None:
    """Note that a content is about to be put; if no document follows within `patience`, it is removed."""
    due = sa.func.clock_timestamp() + patience
    await conn.execute(sa.insert(document_unsettled).values(book=book, content_name=name, due_at=due, doomed=False))


async def settle_content(conn: AsyncConnection, book: str, name: str) -> bool:
    """Note that a content has its document; False if it was given up meanwhile, and must not get one."""
    settled = sa.delete(document_unsettled).where(
        document_unsettled.c.book == book,
        document_unsettled.c.content_name == name,
        document_unsettled.c.doomed.is_(False),
    )
    return (await conn.execute(settled)).rowcount == 1


async def doom_content(conn: AsyncConnection, book: str, name: str) -> None:
    """Note that a content that has no document any more is to be removed."""
    doomed = insert(document_unsettled).values(
        book=book, content_name=name, due_at=sa.func.clock_timestamp(), doomed=True
    )
    await conn.execute(doomed.on_conflict_do_update(index_elements=["book", "content_name"], set_={"doomed": True}))


async def give_up(conn: AsyncConnection, book: str, name: str) -> bool:
    """Decide that an unsettled content will never have a document; False if it has one."""
    given_up = (
        sa.update(document_unsettled)
        .where(document_unsettled.c.book == book, document_unsettled.c.content_name == name)
        .values(doomed=True)
    )
    return (await conn.execute(given_up)).rowcount == 1


async def give_up_overdue(conn: AsyncConnection, limit: int, skipped: int) -> list[tuple[str, str]]:
    """Decide the same of what is overdue, the longest first, at most `limit` in all books behind so many that are skipped.

    Answers book and name of each.
    """
    due = (
        sa.select(document_unsettled.c.book, document_unsettled.c.content_name)
        .where(document_unsettled.c.due_at <= sa.func.clock_timestamp())
        .order_by(document_unsettled.c.due_at)
        .offset(skipped)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    given_up = (
        sa.update(document_unsettled)
        .where(document_unsettled.c.book == due.c.book, document_unsettled.c.content_name == due.c.content_name)
        .values(doomed=True)
        .returning(document_unsettled.c.book, document_unsettled.c.content_name)
    )
    return [(row.book, row.content_name) for row in await conn.execute(given_up)]


async def forget_content(conn: AsyncConnection, book: str, name: str) -> None:
    """Note that a given-up content is gone from the store."""
    await conn.execute(
        sa.delete(document_unsettled).where(
            document_unsettled.c.book == book,
            document_unsettled.c.content_name == name,
            document_unsettled.c.doomed.is_(True),
        )
    )
