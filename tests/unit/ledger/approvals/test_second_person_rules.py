"""Which entries need a second person, what is proposed for one, and who may decide: tables over the pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from common.errors import Problem
from ledger.accounts.chart import chart_of_accounts
from ledger.approvals.rules import Decision, decide_approval, decide_no, decide_rules
from ledger.journal.approval import MOST_FEN, amount_of, needs_second_person, propose, reviews_oneself
from ledger.journal.chain import canonical_text
from ledger.journal.drafts import Act, Deed, EntryDraft, Needs, PostedRecord, PostingRequest
from ledger.journal.state import AccountState, ApprovalRule, BookState, ChainHead, FundState, ProposalState
from ledger.problems import INSUFFICIENT_FUNDS
from tests.support.ledger_engine import ORDER, accrual, draft, line, receipt, spending

NOW = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
FUNDS = ("repair", "repair.overhaul", "repairs", "health")
PROPOSAL = UUID("0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0")


def book(*rules: ApprovalRule) -> BookState:
    """A book with these rules and one waiting proposal, prepared by li and sent by svc."""
    return BookState(
        book="610923",
        first_period="2026-01",
        now=NOW,
        today=date(2026, 6, 30),
        head=ChainHead(0, 0, bytes(32)),
        periods={f"2026-{month:02d}": "open" for month in range(1, 7)},
        vouchers={},
        funds={code: FundState(code, None, code, code, code, tuple(ORDER), has_opening=False) for code in FUNDS},
        chart={
            (fund, a.code): AccountState(fund, a.code, a.name_zh, a.basis, a.normal_side, a.guarded)
            for fund in FUNDS
            for a in chart_of_accounts()
        },
        balances={},
        turnover={},
        encumbrances={},
        entries={},
        proposals={PROPOSAL: ProposalState(PROPOSAL, "waiting", "receipt", "li", "svc", 5)},
        approval_rules=rules,
    )


def kind(name: str, fen: int = 100, fund: str = "repair") -> EntryDraft:
    return replace(accrual(fen, fund=fund), kind=name)


NEEDED = [
    ("no rule, nobody", kind("payment"), (), False),
    ("every kind, every fund", kind("payment"), (("*", "*", 0),), True),
    ("its kind", kind("payment"), (("payment", "*", 0),), True),
    ("another kind", kind("payment"), (("receipt", "*", 0),), False),
    ("a kind that only begins so", kind("payment"), (("pay", "*", 0),), False),
    ("its fund", kind("payment"), (("*", "repair", 0),), True),
    ("a fund below the rule's", kind("payment", fund="repair.overhaul"), (("*", "repair", 0),), True),
    ("a fund above the rule's", kind("payment"), (("*", "repair.overhaul", 0),), False),
    ("a fund whose code only begins so", kind("payment", fund="repairs"), (("*", "repair", 0),), False),
    ("another fund", kind("payment", fund="health"), (("*", "repair", 0),), False),
    ("exactly the amount", kind("payment", 100), (("*", "*", 100),), True),
    ("a fen less", kind("payment", 99), (("*", "*", 100),), False),
    ("one of several rules", kind("payment", 99), (("*", "*", 100), ("payment", "health", 0), ("*", "repair", 99)), True),
    ("parts of two rules make none", kind("payment", 99), (("payment", "health", 0), ("receipt", "repair", 0)), False),
    ("somebody reviewed it", replace(kind("payment"), reviewed_by="wang"), (("*", "*", 0),), False),
    ("its template asks, without rules", replace(kind("payment"), needs_approval=True), (), True),
    (
        "its template asks, and somebody reviewed it",
        replace(kind("payment"), needs_approval=True, reviewed_by="wang"),
        (),
        False,
    ),
    (
        "one fund of two",
        draft("journal", *accrual(5).lines, *accrual(5, fund="health").lines),
        (("journal", "health", 0),),
        True,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "rules", "needed"), [case[1:] for case in NEEDED], ids=[case[0] for case in NEEDED])
def test_which_entries_need_a_second_person(
    entry: EntryDraft, rules: tuple[tuple[str, str, int], ...], *, needed: bool
) -> None:
    assert needs_second_person(entry, book(*(ApprovalRule(*rule) for rule in rules))) is needed


@pytest.mark.parametrize(
    ("entry", "fen"),
    [
        (receipt(100), 100),
        (spending(100), 100),
        # Three bases, each of 100: an entry is about 100, not 300.
        (draft("x", line("5001", "debit", 100), line("7101", "debit", 100), line("expended", "debit", 100)), 100),
        # The basis on which it moves most counts: nobody hides an amount behind a smaller one.
        (draft("x", line("5001", "debit", 1), line("7101", "debit", 100), line("7101", "debit", 50)), 150),
        (draft("x", line("5001", "debit", 60), line("5001", "debit", 60, "health")), 120),
        (draft("x", line("5001", "credit", 100)), 0),
        (draft("x", line("nothing", "debit", 100)), 0),
    ],
    ids=["receipt", "payment", "bases once", "largest basis", "over funds", "credits", "unknown account"],
)
def test_what_an_entry_is_about(entry: EntryDraft, fen: int) -> None:
    assert amount_of(entry, book()) == fen


@pytest.mark.parametrize(
    ("prepared_by", "sent_by", "reviewed_by", "oneself"),
    [
        ("li", "li", None, False),
        ("li", "svc", None, False),
        ("li", "svc", "wang", False),
        ("li", "svc", "li", True),
        ("li", "svc", "svc", True),
        ("svc", "svc", "svc", True),
        ("svc", "svc", "wang", False),
        # An approval: nothing is sent, the checker is the reviewer.
        ("li", None, "wang", False),
        ("li", None, "li", True),
    ],
)
def test_nobody_reviews_what_they_prepared_or_send(
    prepared_by: str, sent_by: str | None, reviewed_by: str | None, *, oneself: bool
) -> None:
    entry = replace(accrual(5), prepared_by=prepared_by, reviewed_by=reviewed_by)
    deed = None if sent_by is None else Deed("journal", dict, prepared_by, sent_by)
    assert reviews_oneself(deed, entry) is oneself


def test_a_proposal_says_what_is_wished_by_whom_and_moves_nothing() -> None:
    state = book()
    act = propose(Deed("journal", lambda: {"body": {"amount_fen": 5}}, "zhao", "svc"), accrual(5), state)
    assert isinstance(act, Act)
    assert (act.entry, act.status) == (None, 202)
    [record] = act.records
    content = record.content(None)
    assert {name: content[name] for name in ("operation", "prepared_by", "sent_by", "amount_fen", "period")} == {
        "operation": "journal",
        "prepared_by": "zhao",
        "sent_by": "svc",
        "amount_fen": 5,
        "period": "2026-01",
    }
    [row] = record.rows
    assert row.values["arguments"] == canonical_text({"body": {"amount_fen": 5}})
    assert act.moves is not None
    act.moves(state)
    made = UUID(str(content["id"]))
    assert state.proposals[made] == ProposalState(made, "waiting", "journal", "zhao", "svc", 5)


@pytest.mark.parametrize(
    ("deed", "fen", "code"),
    [(None, 5, "second_person_needed"), (Deed("journal", dict, "li", "li"), MOST_FEN + 1, "amount_out_of_range")],
)
def test_what_cannot_be_proposed(deed: Deed | None, fen: int, code: str) -> None:
    refused = propose(deed, accrual(fen), book())
    assert isinstance(refused, Problem)
    assert refused.code == code


def inner(plan: EntryDraft | Act | Problem) -> PostingRequest:
    """The request a proposal asks for."""
    return PostingRequest(
        "610923", "k", bytes(32), Needs(), lambda _state: plan, lambda entry, _state: {"n": entry.seq}
    )


def decided(outcome: str, by: str, state: BookState, plan: EntryDraft | Act | Problem | None = None) -> Act | str:
    """What comes of a decision: its act, or the code of its refusal."""
    if outcome == "approved":
        done = decide_approval(Decision(PROPOSAL, "approved", by), inner(plan or accrual(5)), state)
    else:
        wish = Decision(PROPOSAL, "refused" if outcome == "refused" else "withdrawn", by, "理由")
        done = decide_no(wish, state)
    return done.code if isinstance(done, Problem) else done


@pytest.mark.parametrize(
    ("outcome", "by", "refusal"),
    [
        ("approved", "wang", None),
        ("approved", "li", "same_person"),
        ("approved", "svc", "same_person"),
        ("refused", "wang", None),
        ("refused", "li", "same_person"),
        ("refused", "svc", "same_person"),
        ("withdrawn", "li", None),
        ("withdrawn", "svc", None),
        ("withdrawn", "wang", "not_the_proposer"),
    ],
)
def test_who_may_decide(outcome: str, by: str, refusal: str | None) -> None:
    done = decided(outcome, by, book())
    assert done == refusal if refusal is not None else isinstance(done, Act)


@pytest.mark.parametrize("outcome", ["approved", "refused", "withdrawn"])
@pytest.mark.parametrize("before", ["approved", "refused", "withdrawn"])
def test_a_proposal_is_decided_once(outcome: str, before: str) -> None:
    state = book()
    first = decided(before, "li" if before == "withdrawn" else "wang", state)
    assert isinstance(first, Act)
    assert first.moves is not None
    first.moves(state)
    for by in ("wang", "li", "svc"):
        assert decided(outcome, by, state) == "proposal_not_waiting"


@pytest.mark.parametrize("outcome", ["approved", "refused", "withdrawn"])
def test_an_unknown_proposal_is_not_decided(outcome: str) -> None:
    assert decided(outcome, "wang", replace(book(), proposals={})) == "not_found"


def test_an_approval_does_what_was_asked_for_and_records_itself_last() -> None:
    state = book()
    told: list[str] = []
    extra = Act(
        (propose(Deed("x", dict, "a", "b"), accrual(1), state).records[0],),  # type: ignore[union-attr] # an act
        lambda _entry, records, _state: {"inner": len(records)},
        entry=accrual(5),
        moves=lambda _state: told.append("inner"),
    )
    act = decided("approved", "wang", state, extra)
    assert isinstance(act, Act)
    assert [record.kind for record in act.records] == ["proposal", "decision"]
    assert act.entry == extra.entry
    records = tuple(PostedRecord(position, bytes(32), NOW) for position in (7, 8))
    answer = act.render(None, records, state)
    assert answer["result"] == {"inner": 1}
    assert answer["proposal"]["decision_position"] == 8  # type: ignore[call-overload,index] # an object
    assert act.moves is not None
    act.moves(state)
    assert (told, state.proposals[PROPOSAL].status) == (["inner"], "approved")


def test_what_the_operation_refuses_now_refuses_the_approval_and_leaves_it_waiting() -> None:
    state = book()
    assert decided("approved", "wang", state, INSUFFICIENT_FUNDS.error(account="x")) == "insufficient_funds"
    assert state.proposals[PROPOSAL].status == "waiting"


@pytest.mark.parametrize("fen", [4, 6])
def test_another_amount_than_was_proposed_refuses_the_approval_and_leaves_it_waiting(fen: int) -> None:
    state = book()
    assert decided("approved", "wang", state, accrual(fen)) == "proposal_outdated"
    assert state.proposals[PROPOSAL].status == "waiting"


def test_new_rules_hold_for_the_rest_of_the_group_and_name_funds_there_are() -> None:
    state = book()
    wanted = (ApprovalRule("*", "repair", 5),)
    act = decide_rules(wanted, "admin-1", state)
    assert isinstance(act, Act)
    assert act.moves is not None
    act.moves(state)
    assert needs_second_person(accrual(5), state)
    unknown = decide_rules((*wanted, ApprovalRule("*", "nofund", 0)), "admin-1", state)
    assert isinstance(unknown, Problem)
    assert (unknown.code, unknown.field) == ("unknown_fund_in_rule", "rules[1].fund")


def test_a_book_without_the_proposal_keeps_another_one_waiting() -> None:
    state = book()
    other = uuid4()
    state.proposals[other] = ProposalState(other, "waiting", "receipt", "wang", "wang", 5)
    act = decided("approved", "wang", state)
    assert isinstance(act, Act)
    assert act.moves is not None
    act.moves(state)
    assert state.proposals[other].status == "waiting"
