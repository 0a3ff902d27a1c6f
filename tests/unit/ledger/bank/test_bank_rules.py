"""Reading statements, proposing matches and the arithmetic of a reconciliation, by tables."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

import pytest

from common.personal_data import masked, personal_data_in
from common.spreadsheets.reading import Row
from ledger.bank.matching import Candidate, components, propose
from ledger.bank.rules import (
    Movement,
    account_status,
    closing_balance,
    first_clash,
    reconcile,
    without_set_off,
)
from ledger.bank.statement_rows import (
    ColumnMapping,
    chronological,
    columns_of,
    masked_counterparty,
    masked_text,
    read_rows,
)

TODAY = date(2026, 3, 31)
MAPPING = ColumnMapping(date="日期", date_format="YYYY-MM-DD", amount="金额", balance="余额", text="摘要", header_row=2)


def table(*rows: tuple[str | None, ...]) -> list[Row]:
    return [
        Row(1, ("对账单",)),
        Row(2, ("日 期", "金额", "余额", "摘要")),
        *(Row(n, row) for n, row in enumerate(rows, 3)),
    ]


def test_headings_are_found_in_their_row_whatever_their_blanks_and_each_missing_one_is_named() -> None:
    found, missing = columns_of(MAPPING, table())
    assert (found, missing) == ({"date": 0, "amount": 1, "balance": 2, "text": 3}, [])
    assert columns_of(MAPPING, [Row(2, ("日期", "金额", "金额", "摘要"))]) == ({"date": 0, "text": 3}, ["金额", "余额"])
    assert columns_of(MAPPING, [Row(1, ("日期",))])[0] == {}


def test_the_first_fault_of_a_row_makes_it_bad() -> None:
    columns, _ = columns_of(MAPPING, table())
    read = read_rows(
        MAPPING, columns, table(("2026-03-01", "1.00", "x", None), (None, "1", None, None), ("2026-03-01",)), TODAY
    )
    assert read.lines == []
    assert [(bad.row, bad.column, bad.code) for bad in read.bad] == [
        (3, "余额", "not_an_amount"),
        (4, "日期", "required"),
        (5, "金额", "required"),
    ]


def test_files_are_brought_into_the_order_of_time_and_gaps_found() -> None:
    columns, _ = columns_of(MAPPING, table())
    rows = [
        ("2026-03-01", "10", "10"),
        ("2026-03-02", "5", "15"),
        ("2026-03-02", "-1", "14"),
        ("2026-03-03", "2", "16"),
    ]
    forth = read_rows(MAPPING, columns, table(*rows), TODAY)
    back = read_rows(MAPPING, columns, table(*reversed(rows)), TODAY)
    assert (
        [line.balance_fen for line in forth.lines]
        == [line.balance_fen for line in back.lines]
        == [1000, 1500, 1400, 1600]
    )
    assert forth.breaks == back.breaks == []
    one_day = [("2026-03-01", *row[1:]) for row in reversed(rows)]
    assert [line.balance_fen for line in read_rows(MAPPING, columns, table(*one_day), TODAY).lines] == [
        1000,
        1500,
        1400,
        1600,
    ]
    assert read_rows(MAPPING, columns, table(rows[0], rows[2], rows[3]), TODAY).breaks == [4]
    assert chronological([]) == []


def test_equal_lines_are_counted() -> None:
    columns, _ = columns_of(MAPPING, table())
    row = ("2026-03-01", "-5", None, "手续费")
    read = read_rows(MAPPING, columns, table(row, row, ("2026-03-01", "-5", None, "其他"), row), TODAY)
    assert [line.occurrence for line in read.lines] == [1, 2, 1, 3]


PERSONAL = {
    "救助 110101199003074514": "救助 **************4514",
    "电话13812345678退": "电话*******5678退",
    "卡 6217 0000 1000 1234 567": None,
    "凭证 20260305000123": "凭证 20260305000123",
    "ZF-2026-0031": "ZF-2026-0031",
    "１３８１２３４５６７８": "*******5678",
}


@pytest.mark.parametrize("text", PERSONAL)
def test_personal_numbers_are_masked_and_nothing_else(text: str) -> None:
    shown = masked(text)
    if PERSONAL[text] is not None:
        assert shown == PERSONAL[text]
    assert personal_data_in(shown) is None
    assert masked_text(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, None),
        ("王示例", "王**"),
        ("买买提·示例", "买*****"),
        ("示例县第一建筑有限公司", "示例县第一建筑有限公司"),
        ("某公司13812345678", "某公司*******5678"),
    ],
)
def test_a_persons_name_is_shown_by_its_first_character(name: str | None, shown: str | None) -> None:
    assert masked_counterparty(name) == shown


def one(number: int, day: int, fen: int, reference: str | None = None) -> Candidate:
    return Candidate(number, date(2026, 3, day), fen, reference)


# lines, entries, window, (line, entry, score) by rank
PROPOSALS = {
    "nothing": ((), (), 5, ()),
    "amounts differ": ((one(1, 1, 5),), (one(7, 1, 6),), 5, ()),
    "signs differ": ((one(1, 1, 5),), (one(7, 1, -5),), 5, ()),
    "the only one": ((one(1, 1, 5),), (one(7, 3, 5),), 5, ((1, 7, 68),)),
    "outside the window": ((one(1, 1, 5),), (one(7, 7, 5),), 5, ()),
    "at its edge": ((one(1, 1, 5),), (one(7, 6, 5),), 5, ((1, 7, 65),)),
    "a reference counts at any distance": ((one(1, 1, 5, "ZF 1"),), (one(7, 30, 5, "zf-1"),), 5, ((1, 7, 80),)),
    "a reference beats a nearer date": (
        (one(1, 1, 5, "B"),),
        (one(7, 1, 5, "A"), one(8, 4, 5, "B")),
        5,
        ((1, 8, 97),),
    ),
    "a reference does not beat the amount": ((one(1, 1, 5, "A"),), (one(7, 1, 6, "A"),), 5, ()),
    "the nearest date first": (
        (one(1, 1, 5), one(2, 4, 5)),
        (one(7, 3, 5), one(8, 1, 5)),
        5,
        ((1, 8, 60), (2, 7, 59)),
    ),
    "equals in order": (
        (one(1, 1, 5), one(2, 1, 5), one(3, 1, 5)),
        (one(7, 1, 5), one(8, 1, 5)),
        5,
        ((1, 7, 60), (2, 8, 60)),
    ),
    "one reference twice": (
        (one(1, 1, 5, "A"), one(2, 1, 5, "A")),
        (one(7, 1, 5, "A"),),
        5,
        ((1, 7, 100),),
    ),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_proposals(name: str) -> None:
    lines, entries, window, expected = PROPOSALS[name]
    found = propose(lines, entries, window)
    assert [(proposal.line, proposal.entry, proposal.score) for proposal in found] == list(expected)


def test_proposals_do_not_depend_on_the_order_given_and_a_thousand_alike_are_paired() -> None:
    chance = random.Random(7)
    lines = [
        one(number, chance.randint(1, 28), chance.choice([5, 6]), chance.choice([None, "A", "B"]))
        for number in range(300)
    ]
    entries = [
        one(number, chance.randint(1, 28), chance.choice([5, 6]), chance.choice([None, "A", "C"]))
        for number in range(300)
    ]
    found = propose(lines, entries)
    for _ in range(3):
        chance.shuffle(lines)
        chance.shuffle(entries)
        assert propose(lines, entries) == found
    assert len({proposal.line for proposal in found}) == len({proposal.entry for proposal in found}) == len(found)
    alike = [one(number, 5, 150_000) for number in range(1_104)]
    assert len(propose(alike, alike)) == 1_104


def test_pairs_are_grouped_by_what_they_share() -> None:
    assert components([("a", 1), ("b", 2), ("a", 3), ("c", 2), ("d", 4)]) == [["a", 1, 3], ["b", 2, "c"], ["d", 4]]
    assert components([]) == []


def moved(seq: int, fen: int, *, undoes: int | None = None, red: bool = False) -> Movement:
    undone = None if undoes is None else UUID(int=undoes)
    return Movement(seq, UUID(int=seq), date(2026, 3, 1), "2026-03", "记", seq, "x", None, red, undone, fen)


def test_columns_of_the_bank_journal() -> None:
    figures = [
        (one.received_fen, one.paid_fen)
        for one in (moved(1, 5), moved(2, -5), moved(3, -5, red=True), moved(4, 5, red=True))
    ]
    assert figures == [(5, 0), (0, 5), (-5, 0), (0, -5)]


def test_a_reversal_and_what_it_takes_back_are_set_off_unless_one_is_matched() -> None:
    wrong, red, other = moved(1, 5), moved(2, -5, undoes=1, red=True), moved(3, 7)
    assert without_set_off([wrong, red, other], frozenset()) == [other]
    assert without_set_off([wrong, red], frozenset({wrong.id})) == [wrong, red]
    assert without_set_off([wrong, red], frozenset({red.id})) == [wrong, red]
    assert without_set_off([red], frozenset()) == [red]
    # The bank's own return of a payment is not red: it has its lines.
    returned = moved(4, 7, undoes=3)
    assert without_set_off([moved(3, -7), returned], frozenset()) == [moved(3, -7), returned]


def test_the_reconciliation_adds_up() -> None:
    found = reconcile(1_000, 1_130, [50, -20, 30], [7, -3])
    groups = (found.book_received, found.book_paid, found.bank_received, found.bank_paid)
    assert [(group.count, group.sum_fen) for group in groups] == [(2, 80), (1, 20), (1, 7), (1, 3)]
    assert (found.adjusted_book_fen, found.adjusted_statement_fen, found.is_balanced) == (1_004, 1_190, False)
    assert reconcile(1_000, 944, [50, -20, 30], [7, -3]).is_balanced


@pytest.mark.parametrize(
    ("day", "closing"),
    [
        ([(10, 110)], 110),
        ([(10, 110), (-5, 105)], 105),
        ([(-5, 105), (10, 110)], 105),
        ([(1, 106), (-5, 105), (10, 110)], 106),
        ([(10, 110), (-10, 100)], 100),  # came to nothing: the last one's
        ([(10, 110), (3, 500)], 500),  # a line is missing
        ([(5, 5), (5, 10), (5, 15)], 15),
    ],
)
def test_the_balance_at_the_end_of_a_day_whatever_the_order_of_its_lines(
    day: list[tuple[int, int]], closing: int
) -> None:
    assert closing_balance(day) == closing


def test_an_account_is_reconciled_where_the_statement_covers_the_day_all_lines_are_matched_and_it_balances() -> None:
    day = date(2026, 3, 31)
    good = reconcile(100, 80, [20], [])
    assert account_status(good, day, day) == "reconciled"
    assert account_status(good, date(2026, 3, 30), day) == "unreconciled"
    assert account_status(good, None, day) == "unreconciled"
    assert account_status(reconcile(100, 81, [20], []), day, day) == "unreconciled"
    assert account_status(reconcile(100, 110, [], [10]), day, day) == "unreconciled"


def test_funds_above_and_below_clash() -> None:
    parents = {"a": None, "a.b": "a", "a.b.c": "a.b", "d": None}
    assert first_clash(["d"], {"a.b"}, parents) is None
    assert first_clash(["d", "a"], {"a.b"}, parents) == "a"
    assert first_clash(["a.b"], {"a.b"}, parents) == "a.b"
    assert first_clash(["a.b.c"], {"a.b"}, parents) == "a.b.c"
