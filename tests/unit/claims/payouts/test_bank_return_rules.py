"""A bank return is judged as a whole; the first fault names its row and field."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from claims.payouts.rules import (
    BankOutcome,
    BatchStatus,
    Control,
    Effect,
    Issue,
    Item,
    ItemStatus,
    Origin,
    ReturnRow,
    batch_number,
    batch_status_after,
    decide_return,
    decide_withdrawal,
    first_open_day,
    item_number,
    refuse_approval,
    refuse_file,
    refuse_reissue,
    second_person,
)
from common.errors import Problem

TODAY = dt.date(2021, 8, 1)
ENCUMBERED = dt.date(2021, 7, 10)
PAID = dt.date(2021, 7, 20)
ITEM = Item(UUID(int=1), "B2021-0001-0001", UUID(int=11), 5_000, ItemStatus.OPEN, ENCUMBERED, None, None)
OTHER = Item(UUID(int=2), "B2021-0001-0002", UUID(int=12), 700, ItemStatus.OPEN, ENCUMBERED, None, None)
ITEMS = {ITEM.number: ITEM, OTHER.number: OTHER}
SUCCESS = ReturnRow(ITEM.number, BankOutcome.SUCCESS, 5_000, PAID, None)
FAILURE = replace(SUCCESS, outcome=BankOutcome.FAILURE, reason="账号不存在")
SECOND = ReturnRow(OTHER.number, BankOutcome.SUCCESS, 700, PAID, None)


def judge(
    *rows: ReturnRow,
    items: dict[str, Item] | None = None,
    control: Control | None = None,
    status: BatchStatus = BatchStatus.APPROVED,
) -> list[Effect] | Problem:
    control = control or Control(len(rows), sum(row.amount_fen for row in rows))
    decided = decide_return(status, rows, control, items or ITEMS, TODAY)
    return decided if isinstance(decided, Problem) else [one.effect for one in decided]


def refused(decided: list[Effect] | Problem) -> tuple[str, str | None, int | None]:
    assert isinstance(decided, Problem)
    return decided.code, decided.field, decided.line


def with_item(**changes: object) -> dict[str, Item]:
    return {ITEM.number: replace(ITEM, **changes)}  # type: ignore[arg-type]


def test_success_liquidates_and_a_first_failure_only_fails() -> None:
    assert judge(SUCCESS, replace(SECOND, outcome=BankOutcome.FAILURE)) == [Effect.LIQUIDATE, Effect.FAIL]


def test_some_items_may_be_reported_now_and_others_later() -> None:
    assert judge(SECOND) == [Effect.LIQUIDATE]


@pytest.mark.parametrize("status", [ItemStatus.PAID, ItemStatus.LIQUIDATING])
def test_a_failure_after_a_success_gives_the_money_back(status: ItemStatus) -> None:
    assert judge(FAILURE, items=with_item(status=status, paid_on=PAID)) == [Effect.GIVE_BACK]


def test_a_failure_of_a_payment_the_ledger_refused_to_book_gives_nothing_back() -> None:
    assert judge(FAILURE, items=with_item(status=ItemStatus.BOOKING_REFUSED, paid_on=PAID)) == [Effect.FAIL]


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        (SUCCESS, {"status": ItemStatus.PAID, "paid_on": PAID}),
        (SUCCESS, {"status": ItemStatus.FAILED, "failed_on": PAID}),
        (FAILURE, {"status": ItemStatus.FAILED, "failed_on": PAID}),
        (FAILURE, {"status": ItemStatus.RETURNING, "paid_on": PAID, "failed_on": PAID}),
        (FAILURE, {"status": ItemStatus.BOOKING_REFUSED, "paid_on": PAID, "failed_on": PAID}),
    ],
)
def test_an_outcome_already_known_is_refused(row: ReturnRow, changes: dict[str, object]) -> None:
    assert refused(judge(row, items=with_item(**changes))) == ("item_already_returned", "rows[0].outcome", 1)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (replace(SECOND, item_number="B2021-0002-0001"), ("item_not_in_batch", "rows[1].item_number", 2)),
        (replace(SECOND, amount_fen=701), ("item_amount_mismatch", "rows[1].amount_fen", 2)),
        (SUCCESS, ("item_repeated", "rows[1].item_number", 2)),
        (replace(SECOND, booked_on=dt.date(2021, 8, 2)), ("invalid_request", "rows[1].booked_on", 2)),
        (replace(SECOND, booked_on=dt.date(2021, 7, 9)), ("invalid_request", "rows[1].booked_on", 2)),
    ],
)
def test_one_bad_row_refuses_the_whole_return_and_is_named(second: ReturnRow, expected: tuple[str, str, int]) -> None:
    assert refused(judge(SUCCESS, second)) == expected


def test_a_credit_cannot_come_back_before_it_was_paid() -> None:
    early = replace(FAILURE, booked_on=PAID - dt.timedelta(days=1))
    items = with_item(status=ItemStatus.PAID, paid_on=PAID)
    assert refused(judge(early, items=items)) == ("invalid_request", "rows[0].booked_on", 1)


@pytest.mark.parametrize(
    ("control", "field"), [(Control(2, 5_000), "control_count"), (Control(1, 4_999), "control_total_fen")]
)
def test_control_figures_must_be_those_of_the_rows(control: Control, field: str) -> None:
    assert refused(judge(SUCCESS, control=control)) == ("control_mismatch", field, None)


@pytest.mark.parametrize("status", [BatchStatus.PREPARED, BatchStatus.REFUSED])
def test_only_an_approved_batch_has_a_file_and_a_return(status: BatchStatus) -> None:
    assert refused(judge(SUCCESS, status=status)) == ("batch_not_approved", None, None)
    problem = refuse_file(status, (), [], [], [], "payer-1")
    assert problem is not None
    assert problem.code == "batch_not_approved"


ISSUED = [Issue(1, "payer-1", dt.datetime(2021, 7, 20, 3, tzinfo=dt.UTC), "utf8")]


@pytest.mark.parametrize(
    ("issues", "allowed_by", "changed", "code"),
    [
        ([], [], [], None),
        (ISSUED, [], [], "bank_file_issued"),
        (ISSUED, ["payer-2"], [], None),
        (ISSUED, ["payer-1"], [], "same_person"),
        (ISSUED * 2, ["payer-1", "payer-2"], [], None),
        (ISSUED * 2, ["payer-2"], [], "bank_file_issued"),
        ([], [], [ITEM.number], "account_changed"),
        (ISSUED, ["payer-2"], [ITEM.number], "account_changed"),
    ],
)
def test_a_file_is_issued_once_and_again_for_each_reason_another_person_gave(
    issues: list[Issue], allowed_by: list[str], changed: list[str], code: str | None
) -> None:
    problem = refuse_file(BatchStatus.APPROVED, ITEMS.values(), issues, allowed_by, changed, "payer-1")
    assert (None if problem is None else problem.code) == code


@pytest.mark.parametrize("reported", [{"paid_on": PAID}, {"failed_on": PAID}])
def test_once_the_bank_has_spoken_of_any_item_no_file_is_given_again(reported: dict[str, dt.date]) -> None:
    items = (with_item(**reported) | {OTHER.number: OTHER}).values()
    for problem in (
        refuse_file(BatchStatus.APPROVED, items, ISSUED, ["payer-2"], [], "payer-1"),
        refuse_reissue(BatchStatus.APPROVED, items, ISSUED, 0),
        refuse_reissue(BatchStatus.SETTLED, ITEMS.values(), ISSUED, 0),
    ):
        assert problem is not None
        assert problem.code == "batch_partly_returned"


@pytest.mark.parametrize(
    ("status", "items", "numbers", "issues", "stopped", "expected"),
    [
        (BatchStatus.APPROVED, ITEMS, [ITEM.number], [], False, [ITEM.number]),
        (BatchStatus.APPROVED, ITEMS, [ITEM.number, ITEM.number], [], False, [ITEM.number]),
        (BatchStatus.PREPARED, ITEMS, [OTHER.number], [], False, [OTHER.number]),
        (BatchStatus.APPROVED, ITEMS, [*ITEMS], [], False, [*ITEMS]),
        (BatchStatus.PREPARED, ITEMS, [*ITEMS], [], False, "batch_would_be_empty"),
        (BatchStatus.APPROVED, ITEMS, [ITEM.number], ISSUED, False, "bank_file_issued"),
        (BatchStatus.APPROVED, ITEMS, [ITEM.number], ISSUED, True, [ITEM.number]),
        (BatchStatus.SETTLED, ITEMS, [ITEM.number], [], True, "batch_not_approved"),
        (BatchStatus.APPROVED, ITEMS, ["B2021-0001-0009"], [], False, "item_not_in_batch"),
        (BatchStatus.APPROVED, with_item(status=ItemStatus.WITHDRAWN), [ITEM.number], [], False, "item_withdrawn"),
        (BatchStatus.APPROVED, with_item(paid_on=PAID), [ITEM.number], [], True, "batch_partly_returned"),
    ],
)
def test_items_leave_a_batch_only_while_the_bank_can_not_pay_them(
    status: BatchStatus,
    items: dict[str, Item],
    numbers: list[str],
    issues: list[Issue],
    stopped: bool,  # noqa: FBT001 - a column of the table
    expected: str | list[str],
) -> None:
    decided = decide_withdrawal(status, items, numbers, issues, bank_stopped=stopped)
    assert (decided.code if isinstance(decided, Problem) else [item.number for item in decided]) == expected


def test_the_banks_word_on_an_item_taken_out_is_refused() -> None:
    assert refused(judge(SUCCESS, items=with_item(status=ItemStatus.WITHDRAWN))) == (
        "item_withdrawn",
        "rows[0].item_number",
        1,
    )


def test_a_fault_of_a_file_is_named_by_its_line_and_the_heading_of_its_column() -> None:
    rows = [SUCCESS, replace(SECOND, amount_fen=701)]
    origin = Origin((2, 4), 5, {"amount": "金额（元）"})
    decided = decide_return(BatchStatus.APPROVED, rows, Control(2, 5_701), ITEMS, TODAY, origin)
    assert isinstance(decided, Problem)
    assert (decided.code, decided.line, decided.params["column"]) == ("item_amount_mismatch", 4, "金额（元）")
    decided = decide_return(BatchStatus.APPROVED, rows, Control(2, 5_700), ITEMS, TODAY, origin)
    assert isinstance(decided, Problem)
    assert (decided.code, decided.line) == ("control_mismatch", 5)


def test_a_settled_batch_still_takes_credits_that_come_back() -> None:
    items = with_item(status=ItemStatus.PAID, paid_on=PAID)
    assert judge(FAILURE, items=items, status=BatchStatus.SETTLED) == [Effect.GIVE_BACK]


def test_a_batch_is_approved_once_and_by_somebody_else() -> None:
    same = refuse_approval(BatchStatus.PREPARED, "payer-1", "payer-1")
    twice = refuse_approval(BatchStatus.APPROVED, "payer-1", "payer-2")
    assert same is not None
    assert twice is not None
    assert (same.code, twice.code) == ("same_person", "batch_not_prepared")
    assert refuse_approval(BatchStatus.PREPARED, "payer-1", "payer-2") is None


def test_a_batch_is_settled_when_no_item_is_open() -> None:
    assert batch_status_after([ItemStatus.PAID, ItemStatus.OPEN]) is BatchStatus.APPROVED
    assert batch_status_after([ItemStatus.LIQUIDATING, ItemStatus.FAILED]) is BatchStatus.SETTLED


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ([("2021-06", "open"), ("2021-07", "closed"), ("2021-08", "closed"), ("2021-09", "open")], dt.date(2021, 9, 1)),
        ([("2021-09", "open"), ("2021-07", "closed"), ("2021-08", "open")], dt.date(2021, 8, 1)),
        ([("2021-07", "closed"), ("2021-12", "open")], None),
        ([("2021-06", "open"), ("2021-07", "open")], None),
    ],
)
def test_a_payment_of_a_closed_month_is_booked_on_the_first_open_day(
    months: list[tuple[str, str]], expected: dt.date | None
) -> None:
    assert first_open_day(months, dt.date(2021, 7, 22), dt.date(2021, 10, 5)) == expected


def test_the_second_person_beside_somebody_is_never_the_same_person() -> None:
    assert second_person("c", "a", "b") == "b"
    assert second_person("b", "a", "b") == "a"
    assert second_person("a", "a", "b") == "b"


def test_item_numbers_carry_their_batch() -> None:
    assert item_number(batch_number(2021, 7), 12) == "B2021-0007-0012"
