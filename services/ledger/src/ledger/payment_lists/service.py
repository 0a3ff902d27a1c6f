"""The use case of a payment list: read the file, refuse or leave out what cannot be read, do every row once through the engine.

Nothing of a list is stored beside its entries: each row's key says whether it was done, so the same file, or the same row in another
file, is paid once. A row that a rule refused, or whose proposal came to nothing, is tried again under the next key.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from pydantic import ValidationError

from common.database import snapshot
from common.errors import NOT_FOUND, FieldError, Language, Problem
from common.spreadsheets.bad_rows import BadRow, bad_row_errors, bad_row_json
from common.spreadsheets.reading import Limits, Row, read_table
from common.validation import invalid_field, problem_from
from ledger.accounts.store import fund_exists
from ledger.journal.approval import ACCEPTED
from ledger.journal.drafts import Answer
from ledger.operations.schemas import MOST_AT_ONCE
from ledger.operations.service import Batch, Desk, operate_many
from ledger.payment_lists import rules, store
from ledger.problems import BAD_ROWS

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncEngine

    from ledger.funds.schemas import VoucherIn
    from ledger.journal.decide import Outcome
    from ledger.journal.drafts import Json
    from ledger.journal.engine import PostingEngine
    from ledger.operations.catalogue import Operation
    from ledger.payment_lists.rules import Column, ListRow
    from ledger.payment_lists.schemas import Mode

# The headings stand above the rows.
_LIMITS: Final = Limits(rows=MOST_AT_ONCE + 1)


@dataclass(frozen=True, slots=True)
class PaymentList:
    """A list as it was handed in: what every row does, on which fund, all or the good rows, now or for a look only."""

    operation: str
    fund: str
    content: bytes
    mode: Mode
    effective_on: date | None


class Read(NamedTuple):
    """What a file gives: the rows in its order, and the bad ones."""

    rows: list[ListRow]
    bad: list[BadRow]


def operation_named(desk: Desk, name: str) -> Operation:
    """Return the operation. Raises ``invalid_request`` naming ``operation``."""
    if name not in desk.types:
        raise invalid_field("operation", "unknown", "没有此项业务。", "There is no such operation.")
    return desk.catalogue.operation(name)


async def take_list(
    database: AsyncEngine, engine: PostingEngine, desk: Desk, batch: Batch, wish: PaymentList, language: Language
) -> dict[str, Json]:
    """Do every row once; with ``batch.dry_run`` say what would become of each and leave nothing.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` naming ``operation`` or ``file`` (unreadable, headings that do
    not fit), ``bad_rows`` (422) where a row is bad and all are wanted, or none is good. With ``mode`` all one refusal keeps all out.
    """
    operation = operation_named(desk, wish.operation)
    async with snapshot(database) as connection:
        if not await fund_exists(connection, batch.book, wish.fund):
            raise NOT_FOUND.error(field="fund")
    read = await asyncio.to_thread(_read, wish, operation, desk.types[operation.operation])
    if read.bad and not batch.dry_run and (wish.mode == "all" or not read.rows):
        raise BAD_ROWS.error(field="file", errors=bad_row_errors(read.bad), bad_rows=len(read.bad))
    first = rules.keys_of(operation.operation, wish.fund, (one.said for one in read.rows))
    keys = await _keys_to_use(database, batch.book, first)
    entries = [
        {"operation": operation.operation, "fund": wish.fund, "idempotency_key": key, **one.said}
        for one, key in zip(read.rows, keys, strict=True)
    ]
    atomic = wish.mode == "all" and not batch.dry_run
    outcomes = await operate_many(engine, desk, batch, entries, atomic=atomic) if entries else []
    return _told(operation, wish, read, outcomes, language)


def _read(wish: PaymentList, operation: Operation, body_type: type[VoucherIn]) -> Read:
    """Read and check every row. Done beside the event loop, which serves everybody meanwhile."""
    columns = rules.columns_of(operation)
    header, *below = read_table(wish.content, _LIMITS)
    layout = rules.layout_of(columns, header.cells, date_given=wish.effective_on is not None)
    _check_layout(layout, columns)
    if not below:
        raise invalid_field("file", "no_rows", "表头之下没有数据。", "There are no rows below the headings.")
    read = Read([], [])
    for row in below:
        found = _checked(row, layout, columns, wish.effective_on, body_type)
        if isinstance(found, BadRow):
            read.bad.append(found)
        else:
            read.rows.append(found)
    return read


def _check_layout(layout: rules.Layout, columns: Sequence[Column]) -> None:
    known = "、".join(column.zh for column in columns), ", ".join(column.en for column in columns)
    faults = (
        ("column_unknown", layout.unknown, "表头中有不认识的列：{}。可用的列：{}。", "Unknown columns: {}. Known are: {}."),
        ("column_twice", layout.twice, "表头中重复的列：{}。可用的列：{}。", "Columns stand twice: {}. Known are: {}."),
        ("column_missing", layout.missing, "表头中缺少的列：{}。可用的列：{}。", "Columns are missing: {}. Known are: {}."),
    )  # fmt: skip
    for code, found, zh, en in faults:
        # What nobody knows may be a person's number put where the headings should be: it is counted, not repeated.
        named = str(len(found)) if code == "column_unknown" else "、".join(found)
        if found:
            raise invalid_field("file", code, zh.format(named, known[0]), en.format(named, known[1]))


def _checked(
    row: Row, layout: rules.Layout, columns: Sequence[Column], on: date | None, body_type: type[VoucherIn]
) -> ListRow | BadRow:
    found = rules.read_row(row, layout, on)
    if isinstance(found, BadRow):
        return found
    try:
        body_type.model_validate(found.said)
    except ValidationError as error:
        return _bad(row, problem_from(error), columns)
    return found


def _bad(row: Row, problem: Problem, columns: Sequence[Column]) -> BadRow:
    kind = problem.type
    whole = FieldError(problem.field or "", kind.code, kind.title_zh, kind.title_en)
    first = problem.errors[0] if problem.errors else whole
    heading = next((column.zh for column in columns if column.field == first.field), first.field)
    return BadRow(row.number, heading, first.code, first.zh, first.en)


async def _keys_to_use(database: AsyncEngine, book: str, keys: Sequence[str]) -> list[str]:
    """Return each row's key: of its last attempt, or of the next where that one came to nothing.

    Two senders of one file may come to the same key or not: whoever comes second finds the first one's key used and done.
    """
    chosen = [rules.attempt(key, 1) for key in keys]
    numbers = dict.fromkeys(range(len(keys)), 1)
    async with snapshot(database) as connection:
        while numbers:
            used = await store.used_keys(connection, book, [chosen[place] for place in numbers])
            numbers = {place: number + 1 for place, number in numbers.items() if used.get(chosen[place], False)}
            for place, number in numbers.items():
                chosen[place] = rules.attempt(keys[place], number)
    return chosen


def _told(
    operation: Operation, wish: PaymentList, read: Read, outcomes: Sequence[Outcome], language: Language
) -> dict[str, Json]:
    amount = next(name for name, spec in operation.fields.items() if spec.type == "fen")
    results = [_result(one, amount, outcome, language) for one, outcome in zip(read.rows, outcomes, strict=True)]
    counts = Counter(str(one["status"]) for one in results)
    statuses = ("posted", "proposed", "replayed", "refused", "not_attempted")
    posted = (one["amount_fen"] for one in results if one["status"] == "posted")
    return {
        "operation": operation.operation,
        "fund": wish.fund,
        "rows": len(read.rows) + len(read.bad),
        **{status: counts[status] for status in statuses},
        "posted_fen": sum(fen for fen in posted if isinstance(fen, int)),
        "bad_rows": [bad_row_json(bad) for bad in read.bad],
        "results": list(results),
    }


def _result(row: ListRow, amount: str, outcome: Outcome, language: Language) -> dict[str, Json]:
    told: dict[str, Json] = {"row": row.row, "amount_fen": row.said.get(amount, 0)}
    if isinstance(outcome, Problem):
        rendered: dict[str, Json] = orjson.loads(orjson.dumps(outcome.render(language)))
        return {**told, "status": "refused", "problem": rendered}
    if not isinstance(outcome, Answer):
        return {**told, "status": "not_attempted"}
    body: Mapping[str, Json] = orjson.loads(outcome.body)
    if outcome.status == ACCEPTED:
        proposal = body["proposal"]
        made = proposal["id"] if isinstance(proposal, dict) else None
        return {**told, "status": "replayed" if outcome.replayed else "proposed", "proposal": made}
    status = "replayed" if outcome.replayed else "posted"
    return {**told, "status": status, "entry": body["id"], "voucher_number": body["voucher_number"]}
