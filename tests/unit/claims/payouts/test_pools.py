"""What of a pool is promised: money on its way back into it is still its claim's."""

from uuid import UUID

import pytest

from claims.payouts.pools import PoolSeen, Promised, free_at_least, may_draw

CLAIM = UUID(int=1)
ITEM = UUID(int=2)


@pytest.mark.parametrize(
    ("reserved", "paid", "coming_back", "expected"),
    [
        (50_000, 0, 0, 50_000),
        (50_000, 50_000, 0, 0),
        # The return may be booked, its answer lost: the money in the pool is promised to this claim.
        (50_000, 50_000, 50_000, 50_000),
        # Neither the payment nor its return is confirmed: one part of the pool, not two.
        (50_000, 0, 50_000, 50_000),
        (0, 0, 50_000, 0),
    ],
)
def test_a_claim_may_draw_what_is_reserved_and_not_paid_or_coming_back(
    reserved: int, paid: int, coming_back: int, expected: int
) -> None:
    assert may_draw(reserved, paid, coming_back) == expected


def test_money_that_is_coming_back_is_free_for_nobody_else() -> None:
    before = {CLAIM: Promised(may_draw(50_000, 50_000, 50_000), moving=True)}
    assert free_at_least(PoolSeen(ITEM, 50_000, before), before) == 0
