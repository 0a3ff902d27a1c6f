"""Use cases of groups of encumbrances: liquidated or released as one act, all of them or none.

Each member is an ordinary liquidation or release with an entry of its own, so that it can be returned and corrected alone; they are
committed in one transaction. Their Problems: those of a single one, each in its own result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from common.auth import Principal
from common.errors import IDEMPOTENCY_KEY_REUSED, PRECONDITION_FAILED, Problem
from common.validation import invalid_field
from ledger.budgets.life_rules import Share, decide_one_of
from ledger.budgets.life_schemas import GroupLiquidationIn, GroupReleaseIn
from ledger.budgets.schemas import LiquidationIn, ReleaseIn
from ledger.budgets.service import liquidation_request, release_request
from ledger.journal.calls import nth, post_call
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Act, EntryDraft, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.once import Once
from ledger.journal.people import people_of
from ledger.journal.state import BookState

_OF_THE_CALL = {IDEMPOTENCY_KEY_REUSED.code, PRECONDITION_FAILED.code}


async def liquidate_many(
    engine: PostingEngine, once: Once, principal: Principal, body: GroupLiquidationIn
) -> list[Outcome]:
    """Pay many encumbrances as one act; return what became of each, in order."""
    people = people_of(body, principal)
    said = body.model_dump(mode="json", exclude={"items", "reference"}, exclude_none=True)
    shares = [Share(item.id, item.amount_fen) for item in body.items]
    requests = [
        liquidation_request(
            nth(once, number),
            people,
            item.id,
            LiquidationIn(
                **said,
                amount_fen=item.amount_fen,
                payee_ref=item.payee_ref,
                source=item.source,
                reference=item.reference or body.reference,
            ),
        )
        for number, item in enumerate(body.items)
    ]
    return await post_group(engine, once, requests, shares)


async def release_many(engine: PostingEngine, once: Once, principal: Principal, body: GroupReleaseIn) -> list[Outcome]:
    """Give back what is left of many encumbrances as one act; return what became of each, in order.

    Raises ``invalid_request`` for an encumbrance named twice.
    """
    people = people_of(body, principal)
    _refuse_twice(body.ids)
    each = ReleaseIn.model_validate(body.model_dump(mode="json", exclude={"ids"}, exclude_none=True))
    shares = [Share(one) for one in body.ids]
    requests = [release_request(nth(once, number), people, one, each) for number, one in enumerate(body.ids)]
    return await post_group(engine, once, requests, shares)


async def post_group(
    engine: PostingEngine, once: Once, requests: Sequence[PostingRequest], shares: Sequence[Share]
) -> list[Outcome]:
    """Post the requests as one act.

    Raises what is about the call and not about one of its members: ``precondition_failed``, and as ``post_call``.
    """
    as_one = [_as_one_act(request, shares, first=number == 0) for number, request in enumerate(requests)]
    outcomes = await post_call(engine, once, as_one, atomic=True)
    for outcome in outcomes:
        if isinstance(outcome, Problem) and outcome.code in _OF_THE_CALL:
            raise outcome
    return outcomes


def _as_one_act(request: PostingRequest, shares: Sequence[Share], *, first: bool) -> PostingRequest:
    """Let a member wait if any of the group does; only the first still sees the ``seq`` the caller saw."""

    def decide(state: BookState) -> EntryDraft | Problem:
        wish = request.plan(state)
        if isinstance(wish, Act):
            raise TypeError("a liquidation or release is an entry")
        return wish

    asked = request.conditions
    if asked is not None and not first:
        asked = replace(asked, if_seq=None)
    # The group is loaded as one: every member sees the encumbrances of all of them.
    return replace(request, plan=partial(decide_one_of, tuple(shares), decide), conditions=asked)


def _refuse_twice(ids: Sequence[UUID]) -> None:
    seen: set[UUID] = set()
    for number, one in enumerate(ids):
        if one in seen:
            raise invalid_field(
                f"ids[{number}]", "twice", "同一冻结只能出现一次。", "An encumbrance stands in the list once."
            )
        seen.add(one)
