"""Splitting a payment over sources, and expanding templates into lines."""

from __future__ import annotations

from textwrap import dedent
from uuid import UUID

import pytest

from ledger.funds.expansion import Facts, Part, Shortage, borne_by, expand, total_fen, whole
from ledger.funds.templates import TemplateError, load, shipped

ORDER = ("central", "province", "city", "county", "donation", "interest")
ENCUMBRANCE = UUID("01890000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("amount", "cash", "expected"),
    [
        (100, {"central": 100}, (Part("central", 100),)),
        (100, {"central": 500, "county": 500}, (Part("central", 100),)),
        (100, {"central": 60, "county": 500}, (Part("central", 60), Part("county", 40))),
        (100, {"county": 60, "donation": 30, "": 50}, (Part("county", 60), Part("donation", 30), Part("", 10))),
        (100, {"": 100, "interest": 1}, (Part("interest", 1), Part("", 99))),
        (100, {"repayment": 70, "interest": 10, "": 20}, (Part("interest", 10), Part("repayment", 70), Part("", 20))),
        (100, {"central": 0, "city": 100}, (Part("city", 100),)),
        (100, {"central": -5, "city": 100}, (Part("city", 100),)),
        (100, {"central": 60, "city": 39}, Shortage(available_fen=99, requested_fen=100)),
        (100, {}, Shortage(available_fen=0, requested_fen=100)),
        (10**15, {"central": 10**15 - 1, "": 1}, (Part("central", 10**15 - 1), Part("", 1))),
    ],
)
def test_a_payment_draws_on_the_sources_in_the_funds_order(
    amount: int, cash: dict[str, int], expected: tuple[Part, ...] | Shortage
) -> None:
    assert borne_by(amount, cash, ORDER) == expected


def test_the_order_is_the_funds_own() -> None:
    assert borne_by(10, {"central": 9, "donation": 9}, ("donation", "central")) == (
        Part("donation", 9),
        Part("central", 1),
    )


def test_a_liquidation_that_pays_a_returned_credit_again_settles_the_payable_first() -> None:
    lines = expand(
        shipped().operation("liquidation"),
        {"paid": (Part("central", 60), Part("county", 40)), "payable_settled": whole(70), "newly_expensed": whole(30)},
        Facts(funds={"fund": "repair.roads"}, years={"budget": 2021}, encumbrance=ENCUMBRANCE),
    )
    told = [(d.account, d.side, d.amount_fen, d.budget_year, d.source, d.encumbrance) for d in lines]
    assert told == [
        ("2303", "debit", 70, 0, "", ENCUMBRANCE),
        ("5001", "debit", 30, 0, "", None),
        ("1002", "credit", 60, 0, "central", None),
        ("1002", "credit", 40, 0, "county", None),
        ("7101", "debit", 60, 0, "central", None),
        ("7101", "debit", 40, 0, "county", None),
        ("8001", "credit", 100, 0, "", None),
        ("encumbered", "debit", 100, 2021, "", ENCUMBRANCE),
        ("expended", "credit", 60, 2021, "central", None),
        ("expended", "credit", 40, 2021, "county", None),
    ]
    assert {d.fund for d in lines} == {"repair.roads"}


@pytest.mark.parametrize(
    ("paid_in", "account"),
    [("this_year", "7101"), ("prior_year", "8101")],
)
def test_a_return_of_a_prior_years_payment_adjusts_the_carry_over(paid_in: str, account: str) -> None:
    lines = expand(
        shipped().operation("return"),
        {"returned": whole(5, "donation")},
        Facts({"fund": "health"}, {"budget": 2020}, {"paid_in": paid_in}, ENCUMBRANCE),
    )
    assert [d.account for d in lines] == ["1002", "2303", "8001", account, "expended", "encumbered"]


@pytest.mark.parametrize(
    ("group", "accounts"),
    [
        ("fiscal", ["1002", "4001", "8001", "6001"]),
        ("donation", ["1002", "4603", "8001", "6609"]),
        ("interest", ["1002", "4604", "8001", "6609"]),
    ],
)
def test_a_receipts_accounts_follow_the_group_of_its_source(group: str, accounts: list[str]) -> None:
    lines = expand(
        shipped().operation("receipt"),
        {"received": whole(7, "county")},
        Facts(funds={"fund": "industry"}, conditions={"source_group": group}),
    )
    assert [d.account for d in lines] == accounts


def test_lines_of_a_zero_amount_are_left_out() -> None:
    lines = expand(
        shipped().operation("release"),
        {"released": whole(9), "payable_dropped": whole(0)},
        Facts({"fund": "health"}, {"budget": 2021}, encumbrance=ENCUMBRANCE),
    )
    assert [(d.account, d.amount_fen) for d in lines] == [("encumbered", 9), ("available", 9)]


def test_a_new_kind_of_operation_over_two_funds_and_two_years_needs_data_only() -> None:
    book = load(
        dedent("""
        sources: {central: fiscal}
        templates:
          - operation: carry_over
            kind: journal
            title_zh: 结转调剂
            title_en: Available moves to another fund's next year
            amounts: {moved: what moves}
            lines:
              - {basis: control, fund: giver, side: debit, account: available, amount: moved, year: from, mark: assumed}
              - {basis: control, fund: giver, side: credit, account: allotted, amount: moved, year: from, mark: assumed}
              - {basis: control, fund: taker, side: debit, account: allotted, amount: moved, year: to, mark: assumed}
              - {basis: control, fund: taker, side: credit, account: available, amount: moved, year: to, mark: assumed}
        """)
    )
    lines = expand(
        book.operation("carry_over"),
        {"moved": whole(5)},
        Facts({"giver": "health", "taker": "repair"}, {"from": 2021, "to": 2022}),
    )
    assert [(d.fund, d.account, d.side, d.budget_year, d.amount_fen) for d in lines] == [
        ("health", "available", "debit", 2021, 5),
        ("health", "allotted", "credit", 2021, 5),
        ("repair", "allotted", "debit", 2022, 5),
        ("repair", "available", "credit", 2022, 5),
    ]


@pytest.mark.parametrize(
    ("amounts", "conditions", "says"),
    [
        ({}, {"paid_in": "this_year"}, "exactly the amounts"),
        ({"returned": whole(5), "extra": whole(1)}, {"paid_in": "this_year"}, "exactly the amounts"),
        ({"returned": (Part("", -5),)}, {"paid_in": "this_year"}, "not positive"),
        ({"returned": (Part("", 0),)}, {"paid_in": "this_year"}, "not positive"),
        ({"returned": whole(5)}, {}, "needs a value"),
        ({"returned": whole(5)}, {"paid_in": "some_year"}, "needs a value"),
    ],
)
def test_amounts_and_conditions_a_template_does_not_state_are_refused(
    amounts: dict[str, tuple[Part, ...]], conditions: dict[str, str], says: str
) -> None:
    with pytest.raises(TemplateError, match=says):
        expand(
            shipped().operation("return"), amounts, Facts({"fund": "health"}, {"budget": 2021}, conditions, ENCUMBRANCE)
        )


def test_a_sum_that_does_not_hold_is_refused() -> None:
    amounts = {"paid": whole(10), "payable_settled": whole(3), "newly_expensed": whole(6)}
    with pytest.raises(TemplateError, match="paid is not the sum"):
        expand(
            shipped().operation("liquidation"),
            amounts,
            Facts({"fund": "health"}, {"budget": 2021}, encumbrance=ENCUMBRANCE),
        )


def test_the_whole_of_nothing_has_no_parts() -> None:
    assert whole(0) == ()
    assert total_fen(whole(3) + whole(4, "county")) == 7
