"""Reconciliation 对账: what the claims service believes it reserved and paid, against the ledger's encumbrances, to the fen.

Pure. Our side is read before and after the ledger is asked: a claim whose money moved meanwhile is compared with its newer figures and,
where those do not fit, named as in flight instead of as a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from claims.payouts.mending_rules import mend_of
from claims.payouts.schemas import Difference, DifferenceKind, Reconciliation, Totals

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from claims.payouts.ledger_figures import Encumbrance

MOST_DIFFERENCES: Final = 1000
_REFERENCE: Final = re.compile(r"claim:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)

EXPLANATIONS: Final[Mapping[DifferenceKind, tuple[str, str]]] = {
    "in_flight": (
        "有入账请求尚未得到账务系统确认，稍后再对。",
        "A request to the ledger is not confirmed yet; compare again later.",
    ),
    "missing_in_ledger": (
        "理赔系统记有已冻结资金，账务系统中没有对应的冻结记录。",
        "The claim's money is recorded as reserved, but the ledger has no such encumbrance.",
    ),
    "unknown_to_claims": (
        "账务系统中的冻结记录不对应任何已确认的理赔冻结。",
        "The ledger holds an encumbrance that no claim has asked for.",
    ),
    "duplicate_in_ledger": (
        "同一理赔在账务系统中有多笔冻结记录。",
        "The ledger holds more than one encumbrance for the same claim.",
    ),
    "encumbered_differs": ("冻结金额不一致。", "The reserved amounts differ."),
    "liquidated_differs": (
        "已支付净额（支付减退票）不一致。",
        "The net amounts paid (payments less returns) differ.",
    ),
    "returned_differs": ("银行退回的金额不一致。", "The amounts given back by the bank differ."),
    "payout_missing_in_ledger": (
        "理赔系统记有资金池赔付，账务系统中没有对应的凭证。",
        "Claims recorded a payout from the pool that the ledger does not have.",
    ),
    "payout_differs": ("资金池赔付净额不一致。", "The net amounts paid from the pool differ."),
    "payout_unknown_to_claims": (
        "账务系统中的资金池赔付不对应任何理赔。",
        "The ledger holds a payout from a pool that no claim has asked for.",
    ),
    "pool_short": (
        "资金池余额少于已批未付金额。",
        "A pool holds less than what is approved and not paid yet.",
    ),
    "recovery_missing_in_ledger": (
        "理赔系统记有追回款，账务系统中没有对应的凭证或金额不符。",
        "Claims recorded a recovery that the ledger does not have, or has with another amount.",
    ),
    "released_in_ledger": (
        "账务系统已解除部分或全部冻结，理赔系统没有提出过。",
        "The ledger has released money of this claim, which the claims service never asked for.",
    ),
}


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know of one claim's money, in fen; `returned_fen` is all that ever came back, paid again or not."""

    claim_id: UUID
    encumbrance_id: UUID | None
    encumbered_fen: int
    liquidated_fen: int
    returned_fen: int
    pending_fen: int
    finished: int
    """How many wishes are finished: tells whether anything moved between two readings."""
    pool_reserved_fen: int = 0
    pool_paid_fen: int = 0
    """Paid by an insurer's pool, less what the bank gave back and what was recovered."""
    pool_item_id: UUID | None = None
    recovered_fen: int = 0
    """Wrong payments of the county's own money that came back."""
    pool_drawn_fen: int = 0
    """Paid by the pool, less what the bank gave back: what is recovered is no longer promised to the claim."""


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """A pool in the ledger: what is left in it, and what each claim drew less what came back; None is no claim's."""

    item_id: UUID
    remaining_fen: int


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the ledger says, read between our two readings."""

    encumbrances: Sequence[Encumbrance]
    pool_paid: Mapping[UUID | None, int] = field(default_factory=dict)
    pools: Sequence[PoolFigures] = ()
    recovered: Mapping[UUID, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Sums:
    ledger_encumbered: int = 0
    ledger_liquidated: int = 0
    ledger_returned: int = 0
    seen: set[UUID] = field(default_factory=set)
    returned_before: dict[UUID, int] = field(default_factory=dict)
    """What came back to a claim's reservation before it was replaced."""


def compare(
    before: Mapping[UUID, Ours], theirs: Theirs, after: Mapping[UUID, Ours], as_of: dt.datetime
) -> Reconciliation:
    """Name every difference, and what mends it."""
    sums = _Sums()
    differences = [
        *_from_their_side(theirs.encumbrances, before, after, sums),
        *(_missing(ours, before) for ours in after.values() if _is_missing(ours, sums.seen)),
        *_of_pools(theirs, before, after),
        *_of_recoveries(theirs, before, after),
    ]
    return Reconciliation(
        matched=not differences,
        differences=differences[:MOST_DIFFERENCES],
        totals=Totals(
            claims_encumbered_fen=sum(ours.encumbered_fen for ours in after.values()),
            ledger_encumbered_fen=sums.ledger_encumbered,
            claims_liquidated_fen=sum(ours.liquidated_fen - ours.returned_fen for ours in after.values()),
            ledger_liquidated_fen=sums.ledger_liquidated,
            claims_returned_fen=sum(ours.returned_fen for ours in after.values()),
            ledger_returned_fen=sums.ledger_returned,
            claims_pool_paid_fen=sum(ours.pool_paid_fen for ours in after.values()),
            ledger_pool_paid_fen=sum(theirs.pool_paid.values()),
            claims_recovered_fen=sum(ours.recovered_fen for ours in after.values()),
            ledger_recovered_fen=sum(theirs.recovered.values()),
            difference_count=len(differences),
        ),
        as_of=as_of,
    )


def claim_of(reference: str | None) -> UUID | None:
    """The claim a reference of ours names first, e.g. `claim:0190… item:… bank:…`."""
    match = _REFERENCE.match(reference or "")
    return UUID(match[1]) if match else None


def _from_their_side(
    theirs: Sequence[Encumbrance], before: Mapping[UUID, Ours], after: Mapping[UUID, Ours], sums: _Sums
) -> Iterator[Difference]:
    # What the ledger released whole, and another reservation stands for now, is no second reservation.
    gone: set[UUID] = set()
    for encumbrance in theirs:
        claim_id = claim_of(encumbrance.reference)
        mine = None if claim_id is None else after.get(claim_id)
        if mine is None or encumbrance.released_fen != encumbrance.amount_fen or mine.encumbrance_id == encumbrance.id:
            continue
        gone.add(encumbrance.id)
        sums.returned_before[mine.claim_id] = encumbrance.returned_fen
    for encumbrance in (one for one in theirs if one.id not in gone):
        sums.ledger_encumbered += encumbrance.amount_fen
        sums.ledger_liquidated += encumbrance.liquidated_fen
        sums.ledger_returned += encumbrance.returned_fen
        match = _REFERENCE.fullmatch(encumbrance.reference or "")
        claim_id = UUID(match[1]) if match else None
        ours = after.get(claim_id) if claim_id else None
        if claim_id is None or ours is None:
            yield difference("unknown_to_claims", claim_id, encumbrance.id, 0, encumbrance.amount_fen)
        elif claim_id in sums.seen:
            yield difference("duplicate_in_ledger", claim_id, encumbrance.id, 0, encumbrance.amount_fen)
        else:
            sums.seen.add(claim_id)
            before_fen = sums.returned_before.get(claim_id, 0)
            sums.ledger_returned += before_fen
            yield from _one_claim(ours, encumbrance, before_fen, moving=_moved(ours, before))


def _one_claim(ours: Ours, encumbrance: Encumbrance, returned_before_fen: int, *, moving: bool) -> Iterator[Difference]:
    net_fen = ours.liquidated_fen - ours.returned_fen
    found: list[tuple[DifferenceKind, int, int]] = []
    if ours.encumbered_fen != encumbrance.amount_fen or ours.encumbrance_id != encumbrance.id:
        found.append(("encumbered_differs", ours.encumbered_fen, encumbrance.amount_fen))
    if net_fen != encumbrance.liquidated_fen:
        found.append(("liquidated_differs", net_fen, encumbrance.liquidated_fen))
    returned_fen = encumbrance.returned_fen + returned_before_fen
    if ours.returned_fen != returned_fen:
        found.append(("returned_differs", ours.returned_fen, returned_fen))
    if encumbrance.released_fen:
        found.append(("released_in_ledger", 0, encumbrance.released_fen))
    if ours.pending_fen or (found and moving):
        yield difference("in_flight", ours.claim_id, encumbrance.id, net_fen, encumbrance.liquidated_fen)
        return
    for kind, claims_fen, ledger_fen in found:
        yield difference(kind, ours.claim_id, encumbrance.id, claims_fen, ledger_fen)


def _is_missing(ours: Ours, seen: set[UUID]) -> bool:
    if ours.pool_reserved_fen:
        return False
    return ours.claim_id not in seen and (ours.encumbered_fen > 0 or ours.pending_fen > 0)


def _of_pools(theirs: Theirs, before: Mapping[UUID, Ours], after: Mapping[UUID, Ours]) -> Iterator[Difference]:
    """Claims an insurer pays: what each drew from its pool, and whether each pool holds what is promised of it."""
    for ours in after.values():
        ledger_fen = theirs.pool_paid.get(ours.claim_id, 0)
        if not ours.pool_reserved_fen and not ledger_fen:
            continue
        if ours.pending_fen:
            yield difference("in_flight", ours.claim_id, None, ours.pool_paid_fen, ledger_fen)
        elif ours.pool_paid_fen != ledger_fen:
            kind: DifferenceKind = "payout_differs" if ledger_fen else "payout_missing_in_ledger"
            kind = "in_flight" if _moved(ours, before) else kind
            yield difference(kind, ours.claim_id, None, ours.pool_paid_fen, ledger_fen)
    for claim_id, ledger_fen in theirs.pool_paid.items():
        if claim_id not in after and ledger_fen:
            yield difference("payout_unknown_to_claims", claim_id, None, 0, ledger_fen)
    for pool in theirs.pools:
        mine = [ours for ours in after.values() if ours.pool_item_id == pool.item_id]
        promised = sum(max(ours.pool_reserved_fen - ours.pool_drawn_fen, 0) for ours in mine)
        if promised > pool.remaining_fen and not any(ours.pending_fen or _moved(ours, before) for ours in mine):
            yield difference("pool_short", None, pool.item_id, promised, pool.remaining_fen)


def _of_recoveries(theirs: Theirs, before: Mapping[UUID, Ours], after: Mapping[UUID, Ours]) -> Iterator[Difference]:
    for ours in after.values():
        ledger_fen = theirs.recovered.get(ours.claim_id, 0)
        if ours.recovered_fen != ledger_fen:
            moving = ours.pending_fen or _moved(ours, before)
            kind: DifferenceKind = "in_flight" if moving else "recovery_missing_in_ledger"
            yield difference(kind, ours.claim_id, ours.encumbrance_id, ours.recovered_fen, ledger_fen)


def _missing(ours: Ours, before: Mapping[UUID, Ours]) -> Difference:
    kind: DifferenceKind = "in_flight" if ours.pending_fen or _moved(ours, before) else "missing_in_ledger"
    return difference(kind, ours.claim_id, ours.encumbrance_id, ours.encumbered_fen + ours.pending_fen, 0)


def _moved(ours: Ours, before: Mapping[UUID, Ours]) -> bool:
    earlier = before.get(ours.claim_id)
    return earlier is None or earlier.pending_fen > 0 or earlier.finished != ours.finished


def difference(
    kind: DifferenceKind, claim_id: UUID | None, encumbrance_id: UUID | None, claims_fen: int, ledger_fen: int
) -> Difference:
    """One difference with its explanation in both languages."""
    zh, en = EXPLANATIONS[kind]
    return Difference(
        claim_id=claim_id,
        encumbrance_id=encumbrance_id,
        kind=kind,
        claims_fen=claims_fen,
        ledger_fen=ledger_fen,
        explanation_zh=zh,
        explanation_en=en,
        mend=mend_of(kind, claim_id, encumbrance_id, claims_fen, ledger_fen),
    )
