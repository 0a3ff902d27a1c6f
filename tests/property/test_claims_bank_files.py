"""What is written for a bank is read back to the letter and the fen, and what the bank writes is read as it meant it: every template."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.payouts.bank_files import Credit, Returned, read_return_file, unwritable_items, write_payment_file
from claims.payouts.bank_templates import Template, templates
from claims.payouts.rules import BankOutcome, Control, ReturnRow
from common.money import MAX_FEN
from tests.support.bank_side import read_payment_file, return_file

AMOUNTS = st.integers(min_value=1, max_value=MAX_FEN // 50)
DAYS = st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2099, 12, 31))
ANY_TEXT = st.text(max_size=30)
NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)


def writable(text: str) -> str:
    """A cell as a bank would write it: one line, nothing invisible, no blanks around it."""
    return "".join(one for one in text if one.isprintable() and unicodedata.category(one) != "Cn").strip()


@st.composite
def credits_of(draw: st.DrawFn) -> list[Credit]:
    people = draw(
        st.lists(st.tuples(NAMES, st.text("0123456789", min_size=8, max_size=25), AMOUNTS), min_size=1, max_size=5)
    )
    return [
        Credit(place, f"B2021-0001-{place:04d}", holder, account, fen)
        for place, (holder, account, fen) in enumerate(people, start=1)
    ]


@st.composite
def rows_of(draw: st.DrawFn) -> list[ReturnRow]:
    said = draw(
        st.lists(st.tuples(st.sampled_from(BankOutcome), AMOUNTS, DAYS, ANY_TEXT.map(writable)), min_size=1, max_size=5)
    )
    return [
        ReturnRow(f"B2021-0001-{place:04d}", outcome, fen, day, reason or None)
        for place, (outcome, fen, day, reason) in enumerate(said, start=1)
    ]


@pytest.mark.parametrize("template", templates().values(), ids=templates())
@settings(max_examples=25, deadline=None)
@given(credits_=credits_of())
def test_a_payment_file_says_each_credit_and_its_total_or_names_who_it_cannot_hold(
    template: Template, credits_: list[Credit]
) -> None:
    file = template.payment
    refused = unwritable_items(file, credits_)
    writable_ones = [credit for credit in credits_ if credit.item_number not in refused]
    content = b"".join(write_payment_file(file, "B2021-0001", writable_ones))
    assert content == b"".join(write_payment_file(file, "B2021-0001", writable_ones))
    found, control = read_payment_file(file, content)
    assert control == Control(len(writable_ones), sum(credit.amount_fen for credit in writable_ones))
    assert [(one.item_number, one.account, one.amount_fen) for one in found] == [
        (one.item_number, one.account, one.amount_fen) for one in writable_ones
    ]
    for before, after in zip(writable_ones, found, strict=True):
        # A leading sign is dropped, so that no spreadsheet runs a name; nothing else changes.
        assert before.holder.endswith(after.holder)
        assert set(before.holder[: len(before.holder) - len(after.holder)]) <= set("=+-@")
    if file.quoting != "never":
        assert refused == []


@pytest.mark.parametrize("template", templates().values(), ids=templates())
@settings(max_examples=25, deadline=None)
@given(rows=rows_of())
def test_a_return_file_is_read_as_the_bank_wrote_it(template: Template, rows: list[ReturnRow]) -> None:
    file = template.returned
    if file.quoting == "never":
        rows = [row for row in rows if row.reason is None or file.can_hold(row.reason)] or [
            ReturnRow("B2021-0001-0001", BankOutcome.SUCCESS, 1, dt.date(2021, 7, 1), None)
        ]
    found = read_return_file(file, return_file(file, rows))
    assert isinstance(found, Returned), found
    assert found.rows == rows
    assert found.control == Control(len(rows), sum(row.amount_fen for row in rows))
    assert len(set(found.origin.lines)) == len(rows)
