"""Both sides are compared claim by claim to the fen; each kind of difference is named, and money on its way is not a fault."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from claims.payouts.ledger_figures import Encumbrance
from claims.payouts.reconciliation_rules import EXPLANATIONS, Ours, PoolFigures, Theirs, compare

AS_OF = dt.datetime(2021, 8, 1, tzinfo=dt.UTC)
CLAIM = UUID("01957c6e-1111-7c3e-9b1d-2f4a6c8e0b12")
ENCUMBRANCE = UUID("01957c6e-2222-7c3e-9b1d-2f4a6c8e0b12")
OURS = Ours(CLAIM, ENCUMBRANCE, 5_000, 10_000, 5_000, 0, 4)
THEIRS = Encumbrance(
    id=ENCUMBRANCE,
    reference=f"claim:{CLAIM}",
    amount_fen=5_000,
    liquidated_fen=5_000,
    returned_fen=5_000,
    released_fen=0,
    remaining_fen=0,
)


def kinds(ours: Ours | None, *theirs: Encumbrance, before: Ours | None = None) -> list[str]:
    after = {} if ours is None else {ours.claim_id: ours}
    earlier = after if before is None else {before.claim_id: before}
    answer = compare(earlier, Theirs(theirs), after, AS_OF)
    assert answer.matched is (not answer.differences)
    assert answer.totals.difference_count == len(answer.differences)
    return [difference.kind for difference in answer.differences]


def test_equal_sides_match_and_totals_are_sums() -> None:
    answer = compare({CLAIM: OURS}, Theirs([THEIRS]), {CLAIM: OURS}, AS_OF)
    assert answer.matched
    assert answer.totals.claims_encumbered_fen == answer.totals.ledger_encumbered_fen == 5_000
    assert answer.totals.claims_liquidated_fen == answer.totals.ledger_liquidated_fen == 5_000
    assert answer.totals.claims_returned_fen == answer.totals.ledger_returned_fen == 5_000


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"amount_fen": 5_001}, "encumbered_differs"),
        ({"id": UUID(int=9)}, "encumbered_differs"),
        ({"liquidated_fen": 4_999}, "liquidated_differs"),
        ({"returned_fen": 0}, "returned_differs"),
        ({"released_fen": 1}, "released_in_ledger"),
    ],
)
def test_one_fen_more_or_less_is_named(change: dict[str, object], kind: str) -> None:
    assert kinds(OURS, THEIRS.model_copy(update=change)) == [kind]


def test_an_encumbrance_nobody_asked_for_is_named() -> None:
    assert kinds(None, THEIRS) == ["unknown_to_claims"]
    assert kinds(OURS, THEIRS, THEIRS.model_copy(update={"reference": "ZB-1"})) == ["unknown_to_claims"]
    assert kinds(OURS, THEIRS, THEIRS.model_copy(update={"reference": None})) == ["unknown_to_claims"]


def test_a_second_encumbrance_of_a_claim_is_named() -> None:
    assert kinds(OURS, THEIRS, THEIRS.model_copy(update={"id": UUID(int=9)})) == ["duplicate_in_ledger"]


def test_money_the_ledger_does_not_know_is_named() -> None:
    assert kinds(OURS) == ["missing_in_ledger"]


def test_a_claim_whose_every_attempt_was_refused_is_no_difference() -> None:
    assert kinds(replace(OURS, encumbered_fen=0, liquidated_fen=0, returned_fen=0)) == []


def test_a_pending_wish_is_in_flight_whether_or_not_the_figures_agree() -> None:
    assert kinds(replace(OURS, pending_fen=5_000), THEIRS) == ["in_flight"]
    assert kinds(replace(OURS, encumbered_fen=0, pending_fen=5_000)) == ["in_flight"]


def test_money_that_moved_while_the_ledger_was_asked_is_in_flight_or_already_equal() -> None:
    before = replace(OURS, finished=3, pending_fen=5_000)
    assert kinds(OURS, THEIRS, before=before) == []
    assert kinds(OURS, THEIRS.model_copy(update={"liquidated_fen": 0}), before=before) == ["in_flight"]
    assert kinds(OURS, before=before) == ["in_flight"]


def test_only_the_first_thousand_differences_are_listed_and_all_are_counted() -> None:
    theirs = [THEIRS.model_copy(update={"reference": f"claim:{UUID(int=number)}"}) for number in range(1_200)]
    answer = compare({}, Theirs(theirs), {}, AS_OF)
    assert len(answer.differences) == 1_000
    assert answer.totals.difference_count == 1_200


def test_every_kind_of_difference_is_explained_in_both_languages() -> None:
    for zh, en in EXPLANATIONS.values():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
        assert en.isascii()


POOL = UUID(int=7)
OF_POOL = Ours(
    CLAIM, None, 0, 0, 0, 0, 2, pool_reserved_fen=900, pool_paid_fen=900, pool_item_id=POOL, pool_drawn_fen=900
)


@pytest.mark.parametrize(
    ("ours", "paid", "remaining", "expected"),
    [
        (OF_POOL, {CLAIM: 900}, 0, []),
        (OF_POOL, {CLAIM: 901}, 0, [("payout_differs", "/funds/insurance/pool-payout-returns")]),
        (OF_POOL, {CLAIM: 899}, 1, [("payout_differs", f"/claims/{CLAIM}")]),
        (OF_POOL, {}, 900, [("payout_missing_in_ledger", f"/claims/{CLAIM}")]),
        (
            OF_POOL,
            {CLAIM: 900, None: 5},
            0,
            [("payout_unknown_to_claims", "/journal-entries?fund=insurance&account=1214")],
        ),
        (
            replace(OF_POOL, pool_paid_fen=0, pool_drawn_fen=0),
            {},
            899,
            [("pool_short", "/funds/insurance/pool-top-ups")],
        ),
        (replace(OF_POOL, pool_paid_fen=400), {CLAIM: 400}, 0, []),
        (replace(OF_POOL, pending_fen=1, pool_paid_fen=0), {CLAIM: 900}, 0, [("in_flight", "/reconciliation/mends")]),
    ],
)
def test_what_a_pool_paid_is_compared_claim_by_claim_and_each_difference_has_its_mend(
    ours: Ours, paid: dict[UUID | None, int], remaining: int, expected: list[tuple[str, str]]
) -> None:
    theirs = Theirs([], pool_paid=paid, pools=[PoolFigures(POOL, remaining)])
    answer = compare({CLAIM: ours}, theirs, {CLAIM: ours}, AS_OF)
    assert [(one.kind, one.mend.path) for one in answer.differences] == expected


def test_a_reservation_that_was_released_and_replaced_is_no_difference() -> None:
    released = THEIRS.model_copy(
        update={"id": UUID(int=5), "liquidated_fen": 0, "returned_fen": 700, "released_fen": 5_000}
    )
    ours = replace(OURS, liquidated_fen=10_700, returned_fen=5_700)
    answer = compare({CLAIM: ours}, Theirs([released, THEIRS]), {CLAIM: ours}, AS_OF)
    assert answer.matched, answer.differences


def test_a_recovery_the_ledger_does_not_have_is_named() -> None:
    ours = replace(OURS, recovered_fen=100)
    answer = compare({CLAIM: ours}, Theirs([THEIRS], recovered={CLAIM: 99}), {CLAIM: ours}, AS_OF)
    assert [one.kind for one in answer.differences] == ["recovery_missing_in_ledger"]
