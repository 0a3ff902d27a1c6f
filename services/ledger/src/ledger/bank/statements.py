"""Importing a bank statement: preview, all rows or the good ones, each line taken once however often it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import FieldError, Problem
from common.ids import uuid7
from common.spreadsheets.bad_rows import bad_row_errors, bad_row_json
from common.spreadsheets.reading import read_table
from common.validation import invalid, invalid_field
from ledger.bank import records, store
from ledger.bank.service import effective_mapping, require_account
from ledger.bank.statement_rows import (
    ColumnMapping,
    Read,
    StatementLine,
    columns_of,
    masked_counterparty,
    masked_text,
    read_rows,
)
from ledger.bank.store import Of
from ledger.journal.drafts import Answer
from ledger.journal.once import Once, run_once
from ledger.problems import BAD_ROWS, COLUMN_MAPPING_MISSING

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from common.crypto import FieldCipher
    from ledger.journal.drafts import Json

Mode = Literal["all", "good"]
_CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class Import:
    """The wish to import a file: by which mapping, all rows or the good ones, which days it covers, and who asks."""

    account: str
    content: bytes
    mode: Mode
    mapping_version: int | None
    covers_from: date | None
    covers_to: date | None
    by: str


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that was read, with the mapping it was read by."""

    mapping_account: str
    mapping_version: int
    read: Read


async def preview_statement(engine: AsyncEngine, cipher: FieldCipher, book: str, wish: Import) -> dict[str, Json]:
    """Say what an import would take; stores nothing.

    Raises ``not_found``, ``column_mapping_missing``, ``invalid_request`` naming ``file`` (unreadable, a heading is missing),
    ``mapping_version``, ``covers_from`` or ``covers_to``.
    """
    of = Of(book, wish.account)
    opened = await _open(engine, of, wish)
    marks = _marks(cipher, of, opened.read.lines)
    async with snapshot(engine) as connection:
        known = await store.known_lines(connection, of, [mark for mark, _ in marks])
    are_known = [mark in known for mark in marks]
    rows: list[Json] = [_row_json(line, is_known=one) for line, one in zip(opened.read.lines, are_known, strict=True)]
    return {**_outcome(wish, opened, sum(are_known)), "id": None, "preview": True, "rows": rows}


async def import_statement(engine: AsyncEngine, cipher: FieldCipher, once: Once, wish: Import) -> Answer:
    """Take the lines the account does not have yet.

    Answers 201. Raises as `preview_statement`, and ``bad_rows`` (422) where a row is bad and all are wanted, or none is good.
    """
    of = Of(once.book, wish.account)
    opened = await _open(engine, of, wish)
    if opened.read.bad and (wish.mode == "all" or not opened.read.lines):
        raise _bad_rows(opened.read)
    marks = _marks(cipher, of, opened.read.lines)

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        known = await store.known_lines(connection, of, [mark for mark, _ in marks])
        fresh = [(line, mark) for line, mark in zip(opened.read.lines, marks, strict=True) if mark not in known]
        outcome = _outcome(wish, opened, len(opened.read.lines) - len(fresh))
        statement = uuid7()
        first, last = _covered(wish, opened.read.lines)
        await records.insert_statement(
            connection,
            {
                **of.key,
                "id": statement,
                "file_hash": sha256(wish.content).hexdigest(),
                "mapping_account": opened.mapping_account,
                "mapping_version": opened.mapping_version,
                "covers_from": first,
                "covers_to": last,
                "lines_taken": len(fresh),
                "lines_known": len(opened.read.lines) - len(fresh),
                "rows_bad": len(opened.read.bad),
                "imported_by": wish.by,
            },
        )
        start = await store.next_line_number(connection, of)
        rows = [
            _line_row(cipher, of, statement, number, line, mark) for number, (line, mark) in enumerate(fresh, start)
        ]
        await store.insert_lines(connection, rows)
        return _CREATED, {**outcome, "id": str(statement), "preview": False, "rows": None}

    return await run_once(engine, once, use_case)


async def _open(engine: AsyncEngine, of: Of, wish: Import) -> _Opened:
    """Read the file by the mapping; the reading is done beside the event loop, which serves everybody meanwhile."""
    async with snapshot(engine) as connection:
        await require_account(connection, of)
        found = await effective_mapping(connection, of, wish.mapping_version)
    if found is None:
        if wish.mapping_version is not None:
            raise invalid_field("mapping_version", "unknown", "没有此版本。", "There is no such version.")
        raise COLUMN_MAPPING_MISSING.error()
    account, version, mapping = found
    read = await asyncio.to_thread(_read, wish.content, mapping, today_in_shanghai())
    _check_cover(wish, read.lines)
    return _Opened(account, version, read)


def _read(content: bytes, mapping: ColumnMapping, today: date) -> Read:
    rows = read_table(content)
    columns, missing = columns_of(mapping, rows)
    if missing:
        named = "、".join(missing)
        raise invalid_field(
            "file",
            "column_missing",
            f"表头中没有或重复了这些列：{named}。",
            f"The header row lacks these columns, or has them twice: {', '.join(missing)}.",
        )
    read = read_rows(mapping, columns, rows, today)
    if not read.lines and not read.bad:
        raise invalid_field("file", "no_rows", "表头之下没有数据。", "There are no rows below the headings.")
    return read


def _check_cover(wish: Import, lines: Sequence[StatementLine]) -> None:
    faults: list[FieldError] = []
    if wish.covers_to is not None and wish.covers_to > today_in_shanghai():
        faults.append(
            FieldError("covers_to", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
        )
    if wish.covers_from and wish.covers_to and wish.covers_from > wish.covers_to:
        faults.append(FieldError("covers_to", "before_from", "截止日期早于起始日期。", "Ends before it begins."))
    text = ("流水日期在所称期间之外。", "A line lies outside the days the statement is said to cover.")
    if lines and wish.covers_from is not None and lines[0].booked_on < wish.covers_from:
        faults.append(FieldError("covers_from", "lines_outside", *text))
    if lines and wish.covers_to is not None and lines[-1].booked_on > wish.covers_to:
        faults.append(FieldError("covers_to", "lines_outside", *text))
    if faults:
        raise invalid(faults)


def _covered(wish: Import, lines: Sequence[StatementLine]) -> tuple[date, date]:
    """The days a statement covers; lines are in the order of time, and there is one."""
    first = wish.covers_from or min(lines[0].booked_on, wish.covers_to or lines[0].booked_on)
    return first, wish.covers_to or max(lines[-1].booked_on, first)


def _marks(cipher: FieldCipher, of: Of, lines: Sequence[StatementLine]) -> list[tuple[bytes, int]]:
    """What tells whether the account has a line already: keyed, because the texts may name persons."""
    context = f"bank_line:{of.book}/{of.account}"
    return [
        (cipher.blind_index(json.dumps(line.content, ensure_ascii=True), context), line.occurrence) for line in lines
    ]


def _line_row(
    cipher: FieldCipher, of: Of, statement: UUID, number: int, line: StatementLine, mark: tuple[bytes, int]
) -> dict[str, object]:
    id_ = uuid7()
    sealed = None
    if line.counterparty is not None:
        sealed = cipher.encrypt(line.counterparty, f"bank_line.counterparty:{of.book}/{id_}")
    return {
        **of.key,
        "number": number,
        "id": id_,
        "statement": statement,
        "row_number": line.row,
        "booked_on": line.booked_on,
        "amount_fen": line.amount_fen,
        "balance_fen": line.balance_fen,
        "reference": masked_text(line.reference),
        "text": masked_text(line.text),
        "counterparty_mask": masked_counterparty(line.counterparty),
        "counterparty_sealed": sealed,
        "mark": mark[0],
        "occurrence": mark[1],
    }


def _outcome(wish: Import, opened: _Opened, known: int) -> dict[str, Json]:
    lines = opened.read.lines
    first, last = _covered(wish, lines) if lines else (wish.covers_from, wish.covers_to)
    return {
        "mapping_version": opened.mapping_version,
        "covers_from": None if first is None else first.isoformat(),
        "covers_to": None if last is None else last.isoformat(),
        "lines_taken": len(lines) - known,
        "lines_known": known,
        "bad_rows": [bad_row_json(bad) for bad in opened.read.bad],
        "balance_breaks": list(opened.read.breaks),
    }


def _row_json(line: StatementLine, *, is_known: bool) -> dict[str, Json]:
    return {
        "row": line.row,
        "booked_on": line.booked_on.isoformat(),
        "amount_fen": line.amount_fen,
        "balance_fen": line.balance_fen,
        "reference": masked_text(line.reference),
        "counterparty": masked_counterparty(line.counterparty),
        "text": masked_text(line.text),
        "is_known": is_known,
    }


def _bad_rows(read: Read) -> Problem:
    errors = bad_row_errors(read.bad)
    return BAD_ROWS.error(field=errors[0].field, errors=errors, bad_rows=len(read.bad))
