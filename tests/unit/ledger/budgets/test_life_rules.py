"""Groups, extensions and the end of an encumbrance's time: what each books or records, and when it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from common.errors import Problem
from ledger.budgets.expiry import key_of
from ledger.budgets.life_rules import (
    Extension,
    Share,
    decide_expiry,
    decide_extension,
    decide_one_of,
    waits_as_a_whole,
)
from ledger.budgets.rules import Allotment, Encumbering, Release, decide_allotment, decide_encumbering, decide_release
from ledger.funds.rules import Voucher
from ledger.journal.drafts import Act, EntryDraft
from ledger.journal.state import ApprovalRule
from tests.support.fund_book import NOW, TODAY, FundBook

VOUCHER = Voucher(effective_on=date(2021, 3, 4), prepared_by="li", posted_by="li")
SWEPT = Voucher(effective_on=TODAY, prepared_by="ledger-worker", posted_by="ledger-worker")
ONE, TWO, UNKNOWN = UUID(int=1), UUID(int=2), UUID(int=9)
SOON = NOW + timedelta(hours=1)


def reserved(expires_at: datetime | None = SOON) -> FundBook:
    """Two encumbrances, 300 of health and 50 of repair."""
    book = FundBook("health", "repair")
    for fund, fen, one in (("health", 300, ONE), ("repair", 50, TWO)):
        order = Encumbering(one, fund, 2021, fen, "理赔", expires_at, VOUCHER)
        book.posted(partial(decide_allotment, Allotment(fund, 900, 2021, "文1", VOUCHER)))
        book.posted(partial(decide_encumbering, order))
    return book


def late(book: FundBook) -> FundBook:
    book.state.now = SOON
    return book


@pytest.mark.parametrize(
    ("rules", "shares", "waits"),
    [
        ([], [Share(ONE, 300)], False),
        ([("liquidation", "*", 300)], [Share(ONE, 300)], True),
        ([("liquidation", "*", 301)], [Share(ONE, 300), Share(TWO, 50)], False),
        ([("liquidation", "repair", 50)], [Share(ONE, 300), Share(TWO, 50)], True),
        ([("liquidation", "repair", 51)], [Share(ONE, 300), Share(TWO, 50)], False),
        ([("release", "*", 0)], [Share(ONE, 300)], False),
        ([("*", "health", 300)], [Share(TWO), Share(ONE)], True),
        ([("*", "*", 0)], [Share(UNKNOWN)], False),
    ],
)
def test_a_group_waits_if_one_of_it_does(
    rules: list[tuple[str, str, int]], shares: list[Share], *, waits: bool
) -> None:
    book = reserved()
    book.state.approval_rules = tuple(ApprovalRule(*rule) for rule in rules)
    assert waits_as_a_whole(shares, "liquidation", book.state) is waits


def test_the_small_one_of_a_group_waits_for_the_large_ones_second_person() -> None:
    book = reserved()
    book.state.approval_rules = (ApprovalRule("release", "health", 300),)
    group = (Share(ONE), Share(TWO))
    small = decide_one_of(group, lambda state: decide_release(Release(TWO, "x", VOUCHER), state), book.state)
    alone = decide_one_of(group[1:], lambda state: decide_release(Release(TWO, "x", VOUCHER), state), book.state)
    assert isinstance(small, EntryDraft)
    assert isinstance(alone, EntryDraft)
    assert (small.needs_approval, alone.needs_approval) == (True, False)
    assert replace(small, needs_approval=False) == alone
    refused = decide_one_of(group, lambda state: decide_release(Release(UNKNOWN, "x", VOUCHER), state), book.state)
    assert isinstance(refused, Problem)


def test_the_end_of_its_time_books_an_ordinary_release_of_what_is_left() -> None:
    book = late(reserved())
    entry = book.posted(lambda state: decide_expiry(Release(ONE, "到期自动解除", SWEPT), state))
    assert [(line.account, line.side, line.amount_fen, line.budget_year) for line in entry.postings] == [
        ("encumbered", "debit", 300, 2021),
        ("available", "credit", 300, 2021),
    ]
    assert (entry.kind, entry.description, entry.prepared_by) == ("release", "解除冻结：到期自动解除", "ledger-worker")
    assert dict(entry.metadata) == {"reason": "到期自动解除", "expired_at": "2022-06-30T05:00:00.000000Z"}
    assert entry.effective_on == TODAY


def test_nothing_is_given_back_before_its_time_or_twice_or_from_an_item() -> None:
    book = reserved()

    def swept(one: UUID) -> str:
        return book.refused(lambda state: decide_expiry(Release(one, "x", SWEPT), state)).code

    assert (swept(ONE), swept(UNKNOWN)) == ("encumbrance_not_open", "not_found")
    late(book)
    book.posted(lambda state: decide_expiry(Release(ONE, "x", SWEPT), state))
    assert swept(ONE) == "encumbrance_not_open"
    book.state.encumbrances[TWO] = replace(book.state.encumbrances[TWO], held_by=UUID(int=7))
    assert swept(TWO) == "encumbrance_held"
    assert reserved(expires_at=None).refused(lambda state: decide_expiry(Release(ONE, "x", SWEPT), state)).code == (
        "encumbrance_not_open"
    )


def test_a_new_expiry_and_a_return_make_a_new_release_of_it_possible() -> None:
    found = reserved().state.encumbrances[ONE]
    keys = {
        key_of(found),
        key_of(replace(found, expires_at=SOON + timedelta(microseconds=1))),
        key_of(replace(found, returned_fen=5)),
        key_of(replace(found, id=TWO)),
    }
    assert len(keys) == 4
    assert key_of(replace(found, liquidated_fen=5)) == key_of(found)
    # No caller's key has a space, so none can be in its way.
    assert all(" " in key for key in keys)


def test_an_extension_records_what_it_replaces_and_moves_the_state() -> None:
    book = reserved()
    until = datetime(2022, 12, 31, 16, tzinfo=UTC)
    act = decide_extension(Extension(ONE, until, "延期", "li"), book.state)
    assert isinstance(act, Act)
    assert act.entry is None
    [record] = act.records
    assert (record.kind, record.content(None)) == (
        "extension",
        {
            "encumbrance": str(ONE),
            "expires_at": "2022-12-31T16:00:00.000000Z",
            "replaced_expires_at": "2022-06-30T05:00:00.000000Z",
            "reason": "延期",
            "by_person": "li",
        },
    )
    [row] = record.rows
    assert row.table == "encumbrance_extension"
    assert (row.values["encumbrance"], row.values["expires_at"]) == (ONE, until)
    assert act.moves is not None
    act.moves(book.state)
    assert book.state.encumbrances[ONE].expires_at == until


@pytest.mark.parametrize(
    ("one", "until", "code", "field"),
    [
        (UNKNOWN, SOON + timedelta(days=1), "not_found", "encumbrance"),
        (ONE, SOON, "invalid_request", "expires_at"),
        (ONE, SOON - timedelta(microseconds=1), "invalid_request", "expires_at"),
        (ONE, NOW, "invalid_request", "expires_at"),
        (TWO, SOON + timedelta(days=1), "encumbrance_not_open", None),
    ],
)
def test_an_extension_is_refused(one: UUID, until: datetime, code: str, field: str | None) -> None:
    book = reserved()
    book.posted(lambda state: decide_release(Release(TWO, "x", VOUCHER), state))
    refusal = decide_extension(Extension(one, until, "延期", "li"), book.state)
    assert isinstance(refusal, Problem)
    assert (refusal.code, refusal.field) == (code, field)


def test_what_never_expires_or_is_held_is_not_extended() -> None:
    order = Extension(ONE, SOON + timedelta(days=1), "延期", "li")
    never = decide_extension(order, reserved(expires_at=None).state)
    assert isinstance(never, Problem)
    assert never.field == "expires_at"
    book = reserved()
    book.state.encumbrances[ONE] = replace(book.state.encumbrances[ONE], held_by=UUID(int=7))
    held = decide_extension(order, book.state)
    assert isinstance(held, Problem)
    assert held.code == "encumbrance_held"
