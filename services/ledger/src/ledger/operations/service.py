"""Use cases of operations: one by one, by batch, and again when a second person approved one; open items and gifts read back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import Principal
from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND, Problem
from common.idempotency import fingerprint_value
from common.ids import uuid7
from common.json_body import refuse_unstorable
from common.paging import decode_cursor, page_of
from common.validation import invalid_field, problem_from
from ledger.accounts.store import fund_exists
from ledger.funds.answers import posted
from ledger.funds.schemas import VoucherIn
from ledger.funds.service import Wish, on_fund, voucher_of
from ledger.journal.decide import Outcome
from ledger.journal.drafts import NO_PURPOSE, NOT_ATTEMPTED, Answer, Json, Needs, PostedEntry, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once
from ledger.journal.people import people_of
from ledger.journal.posting import Again
from ledger.journal.state import BookState
from ledger.operations import answers, rules, store
from ledger.operations.catalogue import Catalogue, Operation
from ledger.operations.schemas import BatchItemIn, request_type
from ledger.operations.store import ItemFilter

_BREATH = 200
"""Operations of a batch read at a stretch, before other requests of the process get a turn."""
_NAMED = ("operation", "fund", "idempotency_key")


class Desk:
    """The catalogue with the request type of each of its operations: made once, when the service starts."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.types: dict[str, type[VoucherIn]] = {one.operation: request_type(one) for one in catalogue.operations}

    def again(self) -> dict[str, Again]:
        """Say how a proposal of each operation is made a request again when it is approved."""
        return {one.operation: partial(_again, self, one) for one in self.catalogue.operations}


def _again(desk: Desk, operation: Operation, once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    body = desk.types[operation.operation].model_validate(said["body"])
    return operation_request(operation, once, people, str(said["fund"]), body)


async def operate(
    engine: PostingEngine, once: Once, principal: Principal, operation: Operation, fund: str, body: VoucherIn
) -> Answer:
    """Do one operation on a fund. Refusals: see ``rules.decide``."""
    return await engine.post(operation_request(operation, once, people_of(body, principal), fund, body))


def operation_request(operation: Operation, once: Once, people: People, fund: str, body: VoucherIn) -> PostingRequest:
    """Return what the engine is asked to do."""
    order = _order(operation, people, fund, body)
    year = order.year or body.effective_on.year
    needs = Needs(
        funds=frozenset({fund}),
        encumbrances=frozenset({order.encumbrance} if order.encumbrance else ()),
        items=frozenset({order.item} if order.item else ()),
        subtree=True,
    )

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        opened = state.item(order.new_item) or (state.item(order.item) if order.item else None)
        told = posted(entry, state, fund, max((line.budget_year for line in entry.postings), default=0) or year)
        return {**told, "item": None if opened is None else answers.item_json(opened)}

    wish = Wish(operation.operation, people, body, fund, year)
    return on_fund(once, wish, partial(rules.decide, order), needs, render)


def _order(operation: Operation, people: People, fund: str, body: VoucherIn) -> rules.Order:
    """Sort what the request says by its types."""
    said: dict[str, Any] = {name: getattr(body, name) for name in operation.fields}
    of_type = {name: spec.type for name, spec in operation.fields.items()}

    def all_of(*types: str) -> dict[str, Any]:
        return {name: said[name] for name, kind in of_type.items() if kind in types and said[name] is not None}

    return rules.Order(
        operation=operation,
        fund=fund,
        voucher=voucher_of(body, people),
        fen=all_of("fen", "bp"),
        texts=all_of("text", "party", "choice"),
        dates=all_of("date"),
        item=said.get("item"),
        encumbrance=said.get("encumbrance"),
        source=said.get("source"),
        year=said.get("fiscal_year"),
        purpose_code=said.get("purpose_code") or NO_PURPOSE,
        new_item=uuid7(),
        new_encumbrance=uuid7(),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Who sends a batch and where: what an item's fingerprint and people are made of."""

    book: str
    prefix: str
    """The path of the book's funds: the fingerprint of an item is that of its own call."""
    secret: bytes
    principal: Principal
    dry_run: bool


async def operate_many(
    engine: PostingEngine, desk: Desk, batch: Batch, entries: Sequence[object], *, atomic: bool
) -> list[Outcome]:
    """Do many operations; return what became of each, in order. An item of a wrong shape is refused by itself.

    The same operation sent alone under the same key is the same request.
    """
    requests: list[PostingRequest | Problem] = []
    for start in range(0, len(entries), _BREATH):
        requests += [_batch_request(desk, batch, item) for item in entries[start : start + _BREATH]]
        await asyncio.sleep(0)
    good = [request for request in requests if isinstance(request, PostingRequest)]
    if not good or (atomic and len(good) < len(requests)):
        return [request if isinstance(request, Problem) else NOT_ATTEMPTED for request in requests]
    outcomes = iter(await engine.post_many(good, atomic=atomic))
    return [request if isinstance(request, Problem) else next(outcomes) for request in requests]


def _batch_request(desk: Desk, batch: Batch, item: object) -> PostingRequest | Problem:
    try:
        refuse_unstorable(item)
        named = BatchItemIn.model_validate(item)
        if named.operation not in desk.types:
            raise invalid_field("operation", "unknown", "没有此项业务。", "There is no such operation.")
        sent = {name: value for name, value in item.items() if name not in _NAMED} if isinstance(item, dict) else {}
        body = desk.types[named.operation].model_validate(sent)
        people = people_of(body, batch.principal)
    except ValidationError as error:
        return problem_from(error)
    except Problem as problem:
        return problem
    operation = desk.catalogue.operation(named.operation)
    mark = fingerprint_value(batch.secret, "POST", f"{batch.prefix}/{named.fund}/{operation.path}", sent)
    once = Once(batch.book, named.idempotency_key, mark, batch.dry_run)
    return operation_request(operation, once, people, named.fund, body)


async def list_items(
    engine: AsyncEngine, book: str, wanted: ItemFilter, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of open items in the order they were opened, with their age today.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor.
    """
    place = decode_cursor(cursor, int, str)
    after = (int(str(place[0])), UUID(str(place[1]))) if place else None
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, wanted.fund):
            raise NOT_FOUND.error(field=None if wanted.fund is None else "fund")
        found = await store.items_after(connection, book, wanted, after=after, limit=limit + 1)
    shown, next_cursor = page_of(found, limit, lambda item: (item.opened_seq, str(item.id)))
    today = today_in_shanghai()
    return [answers.aged_item_json(item, today) for item in shown], next_cursor


async def read_item(engine: AsyncEngine, book: str, wanted: UUID) -> dict[str, Json]:
    """Return one open item with its age today. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        found = await store.item_by_id(connection, book, wanted)
    if found is None:
        raise NOT_FOUND.error()
    return answers.aged_item_json(found, today_in_shanghai())


async def list_gifts(
    engine: AsyncEngine, book: str, fund: str | None, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of gifts in the order they were booked, with what is unspent of each.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor.
    """
    place = decode_cursor(cursor, int)
    after = place[0] if place and isinstance(place[0], int) else 0
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field=None if fund is None else "fund")
        rows = await store.gifts_after(connection, book, fund, after=after, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.opened_seq,))
    return [answers.gift_json(row) for row in shown], next_cursor


def operations_json(catalogue: Catalogue) -> list[Json]:
    """Return every operation there is, for a client that builds its forms from them."""
    return [answers.operation_json(one) for one in catalogue.operations]
