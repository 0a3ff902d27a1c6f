"""Use cases of budget control: allotments, and encumbrances with their liquidations, returns and releases.

Each hands the posting engine a pure plan and answers what it committed. Their Problems: what the decision in ``rules``
says, what the journal's own rules say, ``idempotency_key_reused``, ``forbidden`` (people without act_for) and
``unavailable``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import Principal
from common.database import snapshot
from common.errors import NOT_FOUND
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from ledger.accounts.store import fund_exists
from ledger.budgets import answers, rules, store
from ledger.budgets.schemas import (
    AllotmentIn,
    EncumbranceIn,
    EncumbranceStatus,
    LiquidationIn,
    ReleaseIn,
    ReturnIn,
)
from ledger.funds.schemas import VoucherIn
from ledger.funds.service import Wish, on_fund, request, voucher_of
from ledger.journal.drafts import NO_PURPOSE, Answer, Deed, Json, Needs, Plan, PostedEntry, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once
from ledger.journal.people import conditions_of, deed_of, people_of
from ledger.journal.posting import Again
from ledger.journal.state import BookState


async def allot(engine: PostingEngine, once: Once, principal: Principal, fund: str, body: AllotmentIn) -> Answer:
    """Make budget available. Refusals: see ``rules.decide_allotment``. More than the cash at hand is a warning."""
    return await engine.post(allotment_request(once, people_of(body, principal), fund, body))


def allotment_request(once: Once, people: People, fund: str, body: AllotmentIn) -> PostingRequest:
    """Return what the engine is asked to do for an allotment."""
    voucher = voucher_of(body, people)
    purpose_code = body.purpose_code or NO_PURPOSE
    order = rules.Allotment(fund, body.amount_fen, body.fiscal_year, body.authority, voucher, purpose_code)

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.allotted(entry, state, fund, body.fiscal_year)

    wish = Wish("allotment", people, body, fund, body.fiscal_year)
    return on_fund(once, wish, partial(rules.decide_allotment, order), render=render)


async def encumber(engine: PostingEngine, once: Once, principal: Principal, body: EncumbranceIn) -> Answer:
    """Reserve budget for one purpose. Refusals: see ``rules.decide_encumbering``."""
    return await engine.post(encumbering_request(once, people_of(body, principal), body))


def encumbering_request(once: Once, people: People, body: EncumbranceIn) -> PostingRequest:
    """Return what the engine is asked to do for an encumbrance."""
    order = rules.Encumbering(
        # Made before the plan, which may run more than once. A replay answers the first request's id.
        id=uuid7(),
        fund=body.fund,
        budget_year=body.fiscal_year,
        amount_fen=body.amount_fen,
        purpose=body.purpose,
        expires_at=body.expires_at,
        voucher=voucher_of(body, people),
        purpose_code=body.purpose_code or NO_PURPOSE,
    )

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.encumbered(entry, state, order.id)

    wish = Wish("encumber", people, body, body.fund, body.fiscal_year)
    return on_fund(once, wish, partial(rules.decide_encumbering, order), render=render)


async def liquidate(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, body: LiquidationIn
) -> Answer:
    """Pay an encumbrance in part or whole. Refusals: see ``rules.decide_liquidation``."""
    return await engine.post(liquidation_request(once, people_of(body, principal), encumbrance, body))


def liquidation_request(once: Once, people: People, encumbrance: UUID, body: LiquidationIn) -> PostingRequest:
    """Return what the engine is asked to do for a liquidation."""
    order = rules.Liquidation(encumbrance, body.amount_fen, body.payee_ref, body.source, voucher_of(body, people))
    deed = deed_of("liquidation", people, body, encumbrance=str(encumbrance))
    return _on_encumbrance(once, encumbrance, partial(rules.decide_liquidation, order), body, deed)


async def take_back(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, liquidation: UUID, body: ReturnIn
) -> Answer:
    """Book that the bank gave a liquidation back. Refusals: see ``rules.decide_return``."""
    return await engine.post(return_request(once, people_of(body, principal), encumbrance, liquidation, body))


def return_request(once: Once, people: People, encumbrance: UUID, liquidation: UUID, body: ReturnIn) -> PostingRequest:
    """Return what the engine is asked to do for a return."""
    order = rules.Return(encumbrance, liquidation, body.reason, voucher_of(body, people))
    deed = deed_of("return", people, body, encumbrance=str(encumbrance), liquidation=str(liquidation))
    plan = partial(rules.decide_return, order)
    return _on_encumbrance(once, encumbrance, plan, body, deed, frozenset({liquidation}))


async def release(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, body: ReleaseIn
) -> Answer:
    """Give the remainder back to available. Refusals: see ``rules.decide_release``."""
    return await engine.post(release_request(once, people_of(body, principal), encumbrance, body))


def release_request(once: Once, people: People, encumbrance: UUID, body: ReleaseIn) -> PostingRequest:
    """Return what the engine is asked to do for a release."""
    order = rules.Release(encumbrance, body.reason, voucher_of(body, people))
    deed = deed_of("release", people, body, encumbrance=str(encumbrance))
    return _on_encumbrance(once, encumbrance, partial(rules.decide_release, order), body, deed)


def _on_encumbrance(
    once: Once, encumbrance: UUID, plan: Plan, body: VoucherIn, deed: Deed, entries: frozenset[UUID] = frozenset()
) -> PostingRequest:
    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.moved(entry, state, encumbrance)

    needs = Needs(encumbrances=frozenset({encumbrance}), entries=entries, subtree=True)
    return request(once, needs, plan, render, conditions=conditions_of(body, encumbrance=encumbrance), deed=deed)


def _allotment_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return allotment_request(once, people, str(said["fund"]), AllotmentIn.model_validate(said["body"]))


def _encumbering_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return encumbering_request(once, people, EncumbranceIn.model_validate(said["body"]))


def _liquidation_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    held = UUID(str(said["encumbrance"]))
    return liquidation_request(once, people, held, LiquidationIn.model_validate(said["body"]))


def _return_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    held, paid = UUID(str(said["encumbrance"])), UUID(str(said["liquidation"]))
    return return_request(once, people, held, paid, ReturnIn.model_validate(said["body"]))


def _release_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return release_request(once, people, UUID(str(said["encumbrance"])), ReleaseIn.model_validate(said["body"]))


AGAIN: Mapping[str, Again] = {
    "allotment": _allotment_again,
    "encumber": _encumbering_again,
    "liquidation": _liquidation_again,
    "return": _return_again,
    "release": _release_again,
}
"""How a proposal of each operation is made a request again when it is approved."""


async def read_encumbrance(engine: AsyncEngine, book: str, wanted: UUID) -> dict[str, Json]:
    """Return one encumbrance as it stands now by the database's clock. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        now = await store.clock(connection)
        found = await store.by_id(connection, book, wanted)
    if found is None:
        raise NOT_FOUND.error()
    return answers.encumbrance_json(found, now)


async def list_encumbrances(
    engine: AsyncEngine,
    book: str,
    *,
    fund: str | None,
    status: EncumbranceStatus | None,
    reference: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of encumbrances in the order they were opened.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor.
    """
    place = decode_cursor(cursor, int)
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field=None if fund is None else "fund")
        now = await store.clock(connection)
        rows = await store.after(
            connection,
            book,
            fund=fund,
            status=status,
            reference=reference,
            now=now,
            opened_after_seq=place[0] if place and isinstance(place[0], int) else 0,
            limit=limit + 1,
        )
    shown, next_cursor = page_of(rows, limit, lambda row: (row.opened_seq,))
    return [answers.encumbrance_json(row, now) for row in shown], next_cursor
