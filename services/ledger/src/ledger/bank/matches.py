"""Matching lines of a statement with entries: proposals, confirming pairs, undoing. Nothing is ever changed or removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from common.database import snapshot
from common.errors import NOT_FOUND, Problem
from common.ids import uuid7
from common.validation import invalid_field
from ledger.bank import rules, store
from ledger.bank.answers import line_json, match_json, movement_json
from ledger.bank.matching import Candidate, components, propose
from ledger.bank.service import require_account
from ledger.bank.store import Of
from ledger.journal.once import Once, run_once
from ledger.problems import ALREADY_MATCHED, MATCH_SUMS_DIFFER, MATCH_UNDONE

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from ledger.bank.rules import Movement
    from ledger.journal.drafts import Answer, Json

_OK: Final = 200
_CREATED: Final = 201
_MOST_LINES: Final = 2_000
"""So many waiting lines are looked at in one call, the oldest."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together: a line with an entry, or with another line."""

    line: UUID
    entry: UUID | None
    other_line: UUID | None


async def propose_matches(engine: AsyncEngine, book: str, account: str, window_days: int) -> dict[str, Json]:
    """Return pairs of waiting lines and entries that seem to be the same money. Stores nothing. Raises ``not_found``."""
    of = Of(book, account)
    async with snapshot(engine) as connection:
        await require_account(connection, of)
        lines = await store.free_lines(connection, of, _MOST_LINES + 1)
        entries = rules.without_set_off(await store.free_entries(connection, of), frozenset())
    looked_at = {line.number: line for line in lines[:_MOST_LINES]}
    by_seq = {one.seq: one for one in entries}
    proposals = propose(
        [Candidate(line.number, line.booked_on, line.amount_fen, line.reference) for line in looked_at.values()],
        [Candidate(one.seq, one.effective_on, one.moved_fen, one.reference) for one in entries],
        window_days,
    )
    return {
        "proposals": [
            {
                "line": line_json(looked_at[one.line]),
                "entry": movement_json(by_seq[one.entry]),
                "score": one.score,
                "reasons": list(one.reasons),
            }
            for one in proposals
        ],
        "more_lines": len(lines) > _MOST_LINES,
    }


async def confirm_matches(engine: AsyncEngine, once: Once, account: str, pairs: Sequence[Pair], by: str) -> Answer:
    """Match what pairs connect, all of it or nothing.

    Answers 201, or a 409: ``already_matched``, ``match_sums_differ``. Raises ``not_found`` for the account, ``invalid_request`` naming the
    pair whose line the account does not have or whose entry moved none of its cash.
    """

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        of = Of(once.book, account)
        await require_account(connection, of)
        lines, entries = await _parts(connection, of, pairs)
        await _refuse_matched(connection, of, pairs, lines, entries)
        groups = _groups(pairs, lines, entries)
        matches = [(uuid7(), [line.number for line in ours], [one.seq for one in theirs]) for ours, theirs in groups]
        await store.insert_matches(connection, of, by, matches)
        return _CREATED, {"matches": [await _match(connection, of, id_) for id_, _, _ in matches]}

    return await run_once(engine, once, use_case)


async def undo_match(engine: AsyncEngine, once: Once, account: str, match: UUID, *, reason: str, by: str) -> Answer:
    """Undo a match; its lines and entries wait again. Answers 200, or ``match_undone`` (409). Raises ``not_found``."""

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        of = Of(once.book, account)
        found = await store.read_match(connection, of, match)
        if found is None:
            raise NOT_FOUND.error()
        if found.undone_at is not None:
            raise MATCH_UNDONE.error()
        await store.insert_undo(connection, of, match, reason=reason, by=by)
        return _OK, await _match(connection, of, match)

    return await run_once(engine, once, use_case)


async def _match(connection: AsyncConnection, of: Of, match: UUID) -> dict[str, Json]:
    found = await store.read_match(connection, of, match)
    if found is None:
        raise NOT_FOUND.error()
    return match_json(found)


async def _parts(
    connection: AsyncConnection, of: Of, pairs: Sequence[Pair]
) -> tuple[dict[UUID, Row[Any]], dict[UUID, Movement]]:
    """Load what the pairs name; whatever is not there is refused by its place."""
    named = {pair.line for pair in pairs} | {pair.other_line for pair in pairs if pair.other_line is not None}
    lines = await store.lines_by_id(connection, of, sorted(named))
    wanted = sorted({pair.entry for pair in pairs if pair.entry is not None})
    entries = await store.entries_by_id(connection, of, wanted) if wanted else {}
    for index, pair in enumerate(pairs):
        if pair.line not in lines:
            raise _unknown_line(f"pairs[{index}].line")
        if pair.other_line is not None and pair.other_line not in lines:
            raise _unknown_line(f"pairs[{index}].other_line")
        if pair.entry is not None and pair.entry not in entries:
            raise invalid_field(
                f"pairs[{index}].entry",
                "moved_no_cash_here",
                "没有此凭证，或其未影响该账户的存款。",
                "There is no such entry, or it moved none of this account's cash.",
            )
    return lines, entries


async def _refuse_matched(
    connection: AsyncConnection,
    of: Of,
    pairs: Sequence[Pair],
    lines: Mapping[UUID, Row[Any]],
    entries: Mapping[UUID, Movement],
) -> None:
    numbers = [line.number for line in lines.values()]
    taken_lines, taken_seqs = await store.matched_among(connection, of, numbers, [one.seq for one in entries.values()])
    for index, pair in enumerate(pairs):
        if lines[pair.line].number in taken_lines:
            raise ALREADY_MATCHED.error(f"pairs[{index}].line")
        if pair.other_line is not None and lines[pair.other_line].number in taken_lines:
            raise ALREADY_MATCHED.error(f"pairs[{index}].other_line")
        if pair.entry is not None and entries[pair.entry].seq in taken_seqs:
            raise ALREADY_MATCHED.error(f"pairs[{index}].entry")


def _groups(
    pairs: Sequence[Pair], lines: Mapping[UUID, Row[Any]], entries: Mapping[UUID, Movement]
) -> list[tuple[list[Row[Any]], list[Movement]]]:
    """Group the parts and prove each group's sums."""
    edges = [
        (("line", pair.line), ("line", pair.other_line) if pair.other_line else ("entry", pair.entry)) for pair in pairs
    ]
    groups = []
    for group in components(edges):
        ours = [lines[id_] for kind, id_ in group if kind == "line" and id_ is not None]
        theirs = [entries[id_] for kind, id_ in group if kind == "entry" and id_ is not None]
        statement_fen, book_fen = sum(line.amount_fen for line in ours), sum(one.moved_fen for one in theirs)
        if statement_fen != book_fen:
            first = {id_ for kind, id_ in group if kind == "line"}
            index = next(place for place, pair in enumerate(pairs) if pair.line in first)
            raise MATCH_SUMS_DIFFER.error(f"pairs[{index}]", statement_fen=statement_fen, book_fen=book_fen)
        groups.append((ours, theirs))
    return groups


def _unknown_line(field: str) -> Problem:
    return invalid_field(field, "unknown_line", "该账户没有此笔流水。", "The account has no such line.")
