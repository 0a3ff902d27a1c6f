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
from ledger.payment_lists.rules import ListRow
from ledger.payment_lists.store import Used
from ledger.problems import BAD_ROWS

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncEngine

    from ledger.funds.schemas import VoucherIn
    from ledger.journal.decide import Outcome
    from ledger.journal.drafts import Json
    from ledger.journal.engine import PostingEngine
    from ledger.operations.catalogue import Operation
    from ledger.payment_lists.rules import Column, Keys
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
    places = await _places(database, batch.book, read.rows, rules.keys_of(operation.operation, wish.fund, read.rows))
    entries = [
        {"operation": operation.operation, "fund": wish.fund, "idempotency_key": key, **one.said}
        for one, key in zip(read.rows, places, strict=True)
        if isinstance(key, str)
    ]
    atomic = wish.mode == "all" and not batch.dry_run
    done = await operate_many(engine, desk, batch, entries, atomic=atomic) if entries else []
    fresh = iter(done)
    outcomes = [next(fresh) if isinstance(place, str) else place for place in places]
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
        body = body_type.model_validate(found.said)
    except ValidationError as error:
        return _bad(row, problem_from(error), columns)
    # In its one form: however an id or a date is spelled, it is the same row.
    return found._replace(said=body.model_dump(mode="json", exclude_unset=True))


def _bad(row: Row, problem: Problem, columns: Sequence[Column]) -> BadRow:
    kind = problem.type
    whole = FieldError(problem.field or "", kind.code, kind.title_zh, kind.title_en)
    first = problem.errors[0] if problem.errors else whole
    heading = next((column.zh for column in columns if column.field == first.field), first.field)
    return BadRow(row.number, heading, first.code, first.zh, first.en)


async def _places(database: AsyncEngine, book: str, rows: Sequence[ListRow], keys: Sequence[Keys]) -> list[str | Used]:
    """Return for each row what came of it before, or the key to do it under: of its first attempt, or the next if that came to nothing.

    Two senders of one file may find the same key or not: whoever comes second finds the first one's key used and done.
    """
    found: list[str | Used] = [""] * len(keys)
    numbers = dict.fromkeys(range(len(keys)), 1)
    async with snapshot(database) as connection:
        while numbers:
            asked = {rules.attempt(key, number) for place, number in numbers.items() for key in keys[place]}
            used = await store.used_keys(connection, book, sorted(asked))
            open_ = {}
            for place, number in numbers.items():
                own, other = (used.get(rules.attempt(key, number)) for key in keys[place])
                if own is not None and not own.came_to_nothing:
                    found[place] = own
                elif other is not None and not other.came_to_nothing and _same_day(other, rows[place]):
                    found[place] = other
                elif own is not None:
                    open_[place] = number + 1
                else:
                    found[place] = rules.attempt(keys[place].own, number)
            numbers = open_
    return found


def _same_day(used: Used, row: ListRow) -> bool:
    return used.effective_on is not None and used.effective_on.isoformat() == row.said["effective_on"]


def _told(
    operation: Operation, wish: PaymentList, read: Read, outcomes: Sequence[Outcome | Used], language: Language
) -> dict[str, Json]:
    amount = "amount_fen" if "amount_fen" in operation.fields else None
    results = [_result(one, amount, outcome, language) for one, outcome in zip(read.rows, outcomes, strict=True)]
    counts = Counter(str(one["status"]) for one in results)
    statuses = ("posted", "proposed", "replayed", "refused", "not_attempted")
    posted = (one["amount_fen"] for one in results if one["status"] == "posted")
    return {
        "operation": operation.operation,
        "fund": wish.fund,
        "rows": len(read.rows) + len(read.bad),
        **{status: counts[status] for status in statuses},
        "posted_fen": sum(fen for fen in posted if isinstance(fen, int)) if amount else None,
        "bad_rows": [bad_row_json(bad) for bad in read.bad],
        "results": list(results),
    }


def _result(row: ListRow, amount: str | None, outcome: Outcome | Used, language: Language) -> dict[str, Json]:
    told: dict[str, Json] = {"row": row.row, "amount_fen": row.said[amount] if amount else None}
    if isinstance(outcome, Used):
        return {**told, "status": "replayed", **_used_json(outcome)}
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


def _used_json(used: Used) -> dict[str, Json]:
    return {
        "entry": None if used.entry is None else str(used.entry),
        "voucher_number": used.voucher_number,
        "proposal": None if used.proposal is None else str(used.proposal),
        "taken_back_by": None if used.taken_back_by is None else str(used.taken_back_by),
    }
