"""Verifying a book's chain: every hash recomputed from what is stored, chunk by chunk, in flat memory."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.errors import NOT_FOUND
from common.validation import invalid_field
from ledger.audit import store
from ledger.audit.registers import Registers, Told, first_not_beside
from ledger.audit.rules import Expectation, Head, StoredRecord, Walk, broken_end, read_content
from ledger.journal.chain import GENESIS
from ledger.journal.drafts import Json

CHUNK_RECORDS = 500


@dataclass(frozen=True, slots=True)
class VerificationQuestion:
    """Which entries (by ``seq``; by default the whole chain with all its records), against which earlier note."""

    from_seq: int | None
    to_seq: int | None
    expect_position: int | None
    expect_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: ``records`` were verified; ``broken_position`` is the first that is not what it must be."""

    records: int
    head: Head
    broken_position: int | None


async def chain_head(engine: AsyncEngine, book: str) -> Head:
    """Return where the chain stands. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        head = await store.head_of(connection, book)
    if head is None:
        raise NOT_FOUND.error()
    return head


async def verify_chain(engine: AsyncEngine, book: str, question: VerificationQuestion) -> Verification:
    """Recompute every hash of the asked part of the chain from the stored rows.

    Found are: a changed byte in any hashed column, a missing or added record, entry or posting, a head that is not the last
    record, a proposal, decision or set of approval rules that is not what its record says, and, against an earlier note, a
    rewritten or cut-off tail. With the whole chain, the rows of books, funds,
    accounts and months are held against the records that tell of them. Raises ``not_found``, and ``invalid_request`` for a
    range that is reversed or not reached yet, or an expected hash without its position.
    """
    async with snapshot(engine) as connection:
        head = await store.head_of(connection, book)
        if head is None or not await store.book_name(connection, book):
            raise NOT_FOUND.error()
        _check(question, head)
        last = await store.last_position(connection, book)
        strays = not await store.stored_seqs_within(connection, book, head.seq)
        first_record, last_record = await _range(connection, book, question, last)
        walk = await _start(connection, book, first_record)
    expected = _expectation(question)
    registers = Registers()
    await _take_all(engine, walk, last_record, expected, registers)
    broken = walk.broken_position
    if broken is None:
        ends = [broken_end(walk, head, last, expected), head.position + 1 if strays else None]
        if expected is not None and not first_record <= expected.position <= last_record:
            ends.append(await _elsewhere(engine, book, expected))
        if question.from_seq is None and question.to_seq is None:
            ends.append(await _register_difference(engine, book, registers, last))
        broken = min((end for end in ends if end is not None), default=None)
    return Verification(walk.records, head, broken)


async def _take_all(
    engine: AsyncEngine, walk: Walk, last_record: int, expected: Expectation | None, registers: Registers
) -> None:
    while walk.broken_position is None and walk.next_position <= last_record:
        async with snapshot(engine) as connection:
            records = await store.records(
                connection, walk.book, first=walk.next_position, last=last_record, limit=CHUNK_RECORDS
            )
            seqs = [record.seq for record in records if record.seq is not None]
            entries = await store.entries_by_seq(connection, walk.book, seqs)
            rows = await _beside(connection, walk.book, records)
        if not records:
            walk.broken_position = walk.next_position
            return
        walk.take(records, entries, expected)
        told = [*_told(records)]
        for position, kind, content in told:
            registers.learn(position, kind, content)
        if walk.broken_position is None:
            walk.broken_position = first_not_beside(told, rows)
        # Hashing a chunk takes the loop a few milliseconds; others go in between.
        await asyncio.sleep(0)


async def _beside(
    connection: AsyncConnection, book: str, records: Sequence[StoredRecord]
) -> dict[str, dict[int, list[dict[str, Json]]]]:
    if not records:
        return {}
    return await store.rows_beside(connection, book, first=records[0].position, last=records[-1].position)


def _told(records: Iterable[StoredRecord]) -> Iterator[Told]:
    for record in records:
        content = None if record.content is None else read_content(record.content)
        if content is not None:
            yield record.position, record.kind, content


def _check(question: VerificationQuestion, head: Head) -> None:
    first, last = question.from_seq, question.to_seq
    for name, seq in (("from_seq", first), ("to_seq", last)):
        if seq is not None and seq > head.seq:
            raise invalid_field(
                name, "not_reached", "账套尚无此序号的凭证。", "The book has no entry with this seq yet."
            )
    if first is not None and last is not None and last < first:
        raise invalid_field("to_seq", "before_from", "截止序号小于起始序号。", "Ends before it begins.")
    if question.expect_hash is not None and question.expect_position is None:
        raise invalid_field("expect_position", "required", "须与 expect_hash 同时给出。", "Is needed with expect_hash.")


async def _range(connection: AsyncConnection, book: str, question: VerificationQuestion, last: int) -> tuple[int, int]:
    """Return the positions to verify. An entry whose record is gone leaves a gap, which is found from its neighbour on."""
    first_record = 1
    last_record = last
    if question.from_seq is not None:
        first_record = await store.position_at_or_before(connection, book, question.from_seq) or 1
    if question.to_seq is not None:
        last_record = await store.position_at_or_after(connection, book, question.to_seq) or last
    return first_record, last_record


async def _start(connection: AsyncConnection, book: str, first_record: int) -> Walk:
    if first_record == 1:
        return Walk(book, 1, GENESIS, 0)
    before = await store.record_before(connection, book, first_record)
    if before is None:
        return Walk(book, first_record, GENESIS, 0, broken_position=first_record - 1)
    return Walk(book, first_record, before[0], before[1])


def _expectation(question: VerificationQuestion) -> Expectation | None:
    if question.expect_position is None:
        return None
    return Expectation(question.expect_position, question.expect_hash)


async def _elsewhere(engine: AsyncEngine, book: str, expected: Expectation) -> int | None:
    """Return an expected position outside the verified range unless it holds what was expected."""
    async with snapshot(engine) as connection:
        found = await store.records(connection, book, first=expected.position, last=expected.position, limit=1)
    disappoints = not found or (expected.hash is not None and found[0].hash != expected.hash)
    return expected.position if disappoints else None


async def _register_difference(engine: AsyncEngine, book: str, registers: Registers, last: int) -> int | None:
    """Hold the registers against the records, unless the chain has moved on meanwhile: then the next verification does."""
    async with snapshot(engine) as connection:
        if await store.last_position(connection, book) != last:
            return None
        return registers.first_difference(await store.register_rows(connection, book))
