"""Use cases of budget control: allotments, and encumbrances with their liquidations, returns and releases.

Each hands the posting engine a pure plan and answers what it committed. Their Problems: what the decision in ``rules``
says, what the journal's own rules say, ``idempotency_key_reused``, ``forbidden`` (people without act_for) and
``unavailable``.
"""

from __future__ import annotations

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
from ledger.funds.service import request, voucher_of
from ledger.journal.drafts import Answer, Json, Needs, Plan, PostedEntry
from ledger.journal.engine import PostingEngine
from ledger.journal.once import Once
from ledger.journal.state import BookState


async def allot(engine: PostingEngine, once: Once, principal: Principal, fund: str, body: AllotmentIn) -> Answer:
    """Make budget available. Refusals: see ``rules.decide_allotment``. More than the cash at hand is a warning."""
    order = rules.Allotment(fund, body.amount_fen, body.fiscal_year, body.authority, voucher_of(body, principal))

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.allotted(entry, state, fund, body.fiscal_year)

    needs = Needs(funds=frozenset({fund}), subtree=True)
    return await engine.post(request(once, needs, partial(rules.decide_allotment, order), render))


async def encumber(engine: PostingEngine, once: Once, principal: Principal, body: EncumbranceIn) -> Answer:
    """Reserve budget for one purpose. Refusals: see ``rules.decide_encumbering``."""
    order = rules.Encumbering(
        # Made before the plan, which may run more than once. A replay answers the first request's id.
        id=uuid7(),
        fund=body.fund,
        budget_year=body.fiscal_year,
        amount_fen=body.amount_fen,
        purpose=body.purpose,
        expires_at=body.expires_at,
        voucher=voucher_of(body, principal),
    )

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.encumbered(entry, state, order.id)

    needs = Needs(funds=frozenset({body.fund}), subtree=True)
    return await engine.post(request(once, needs, partial(rules.decide_encumbering, order), render))


async def liquidate(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, body: LiquidationIn
) -> Answer:
    """Pay an encumbrance in part or whole. Refusals: see ``rules.decide_liquidation``."""
    voucher = voucher_of(body, principal)
    order = rules.Liquidation(encumbrance, body.amount_fen, body.payee_ref, body.source, voucher)
    return await _move(engine, once, encumbrance, partial(rules.decide_liquidation, order))


async def take_back(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, liquidation: UUID, body: ReturnIn
) -> Answer:
    """Book that the bank gave a liquidation back. Refusals: see ``rules.decide_return``."""
    order = rules.Return(encumbrance, liquidation, body.reason, voucher_of(body, principal))
    return await _move(engine, once, encumbrance, partial(rules.decide_return, order), frozenset({liquidation}))


async def release(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, body: ReleaseIn
) -> Answer:
    """Give the remainder back to available. Refusals: see ``rules.decide_release``."""
    order = rules.Release(encumbrance, body.reason, voucher_of(body, principal))
    return await _move(engine, once, encumbrance, partial(rules.decide_release, order))


async def _move(
    engine: PostingEngine, once: Once, encumbrance: UUID, plan: Plan, entries: frozenset[UUID] = frozenset()
) -> Answer:
    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return answers.moved(entry, state, encumbrance)

    needs = Needs(encumbrances=frozenset({encumbrance}), entries=entries, subtree=True)
    return await engine.post(request(once, needs, plan, render))


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
