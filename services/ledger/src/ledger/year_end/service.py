"""Use cases of a year's end: closing its results and carrying its budget forward, for all funds at once or not at all.

Each is a group of requests, one a fund and step, decided and committed together under the caller's idempotency key. The group's first
request decides nothing but whether the year is ready, and remembers which funds were asked: the same call means the same funds for ever,
also when one of them refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from common.errors import Problem
from ledger.journal.chain import instant
from ledger.journal.decide import Outcome
from ledger.journal.drafts import (
    Act,
    Answer,
    Conditions,
    EntryDraft,
    Json,
    Needs,
    NotAttempted,
    Plan,
    PostedEntry,
    PostedRecord,
    PostingRequest,
)
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once
from ledger.journal.people import deed_of
from ledger.journal.posting import Again
from ledger.journal.reading import require_book
from ledger.journal.state import BookState, CarryRule
from ledger.year_end import rules, store
from ledger.year_end.carry_rules import decide_carry_rules
from ledger.year_end.carrying import ANY_FUND, DECISIONS, DEFAULT_RULE
from ledger.year_end.rules import CLOSING, YearEndOrder
from ledger.year_end.schemas import YearEndIn

_CREATED, _DONE, _ACCEPTED = 201, 200, 202

_STEPS: Mapping[str, Callable[[YearEndOrder, BookState], EntryDraft | Act | Problem]] = {
    CLOSING: rules.decide_closing,
    **DECISIONS,
}


async def close_year(
    database: AsyncEngine, engine: PostingEngine, once: Once, people: People, year: int, body: YearEndIn
) -> Answer:
    """Close the results of every fund. Refusals: see ``rules.not_ready``; precondition_failed."""
    return await _at_once(database, engine, once, people, year, body, [CLOSING])


async def carry_forward(
    database: AsyncEngine, engine: PostingEngine, once: Once, people: People, year: int, body: YearEndIn
) -> Answer:
    """Let every fund's budget of the year lapse, or carry it into the next. Refusals: as ``close_year``."""
    return await _at_once(database, engine, once, people, year, body, list(DECISIONS))


async def _at_once(
    database: AsyncEngine,
    engine: PostingEngine,
    once: Once,
    people: People,
    year: int,
    body: YearEndIn,
    steps: Sequence[str],
) -> Answer:
    async with snapshot(database) as connection:
        await require_book(connection, once.book)
        funds = await store.funds_asked_before(connection, once.book, once.key)
        if funds is None:
            funds = await store.fund_codes(connection, once.book)
    head = _head_request(once, people, year, funds, body.if_seq)
    keys = [(fund, step) for fund in funds for step in steps]
    requests = [
        step_request(Once(once.book, f"{once.key}#{fund}#{step}", once.fingerprint, once.dry_run), people, step, year, fund, body)
        for fund, step in keys
    ]  # fmt: skip
    return _answer(year, await engine.post_many([head, *requests], atomic=True))


def step_request(once: Once, people: People, step: str, year: int, fund: str, body: YearEndIn) -> PostingRequest:
    """Return what the engine is asked to do for one step of one fund."""
    order = YearEndOrder(year, fund, people, body.reference)
    return PostingRequest(
        book=once.book,
        key=once.key,
        fingerprint=once.fingerprint,
        needs=_needs(year, fund),
        plan=partial(_STEPS[step], order),
        render=_entry_answer,
        deed=deed_of(step, people, body, year=str(year), fund=fund),
        dry_run=once.dry_run,
    )


def _head_request(once: Once, people: People, year: int, funds: Sequence[str], if_seq: int | None) -> PostingRequest:
    asked: list[Json] = list(funds)

    def plan(state: BookState) -> Act | Problem:
        return rules.not_ready(year, people, state) or Act((), answer, status=_DONE)

    def answer(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, records, state
        return {"funds": asked}

    conditions = None if if_seq is None else Conditions(if_seq)
    head = _records_only(once, Needs(year_ends=frozenset({year})), plan, conditions)
    return replace(head, announces=True)


def _records_only(once: Once, needs: Needs, plan: Plan, conditions: Conditions | None = None) -> PostingRequest:
    return PostingRequest(
        once.book, once.key, once.fingerprint, needs, plan, _entry_answer, conditions, dry_run=once.dry_run
    )


def _needs(year: int, fund: str) -> Needs:
    return Needs(funds=frozenset({fund}), year_ends=frozenset({year}))


def _entry_answer(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    del state
    return {
        "id": str(entry.id),
        "seq": entry.seq,
        "kind": entry.kind,
        "fund": entry.postings[0].fund,
        "period": entry.period,
        "voucher_type": entry.voucher_type,
        "voucher_number": entry.voucher_number,
        "effective_on": entry.effective_on.isoformat(),
        "lines": len(entry.postings),
        "debit_fen": sum(line.amount_fen for line in entry.postings if line.side == "debit"),
        "hash": entry.hash.hex(),
        "position": entry.position,
    }


def _answer(year: int, outcomes: Sequence[Outcome]) -> Answer:
    """Put the outcomes of a group together. Raises the one refusal that kept all of it from being done."""
    answers: list[Answer] = []
    for outcome in outcomes:
        if isinstance(outcome, Problem):
            raise outcome
        if not isinstance(outcome, NotAttempted):
            answers.append(outcome)
    entries: list[Json] = []
    proposals: list[Json] = []
    for answer in answers[1:]:
        body = orjson.loads(answer.body)
        if answer.status == _ACCEPTED:
            proposals.append(body["proposal"])
        elif answer.status == _CREATED:
            entries.append(body)
    told: dict[str, Json] = {
        "fiscal_year": year,
        "period": f"{year}-13",
        "nothing_left": not entries and not proposals,
        "entries": entries,
        "proposals": proposals,
    }
    status = _ACCEPTED if proposals else _CREATED if entries else _DONE
    first = answers[0]
    return Answer(status, orjson.dumps(told).decode(), first.replayed, first.dry_run)


def _again(step: str, once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    body = YearEndIn.model_validate(said["body"])
    return step_request(once, people, step, int(str(said["year"])), str(said["fund"]), body)


AGAIN: Mapping[str, Again] = {step: partial(_again, step) for step in _STEPS}
"""How a proposal of each step is made a request again when it is approved."""


async def set_carry_rules(engine: PostingEngine, once: Once, by_person: str, wanted: Sequence[CarryRule]) -> Answer:
    """Say what becomes of each fund's budget at year-end from now on. Refusals: see ``decide_carry_rules``."""
    funds = frozenset(rule.fund for rule in wanted if rule.fund != ANY_FUND)
    plan = partial(decide_carry_rules, tuple(wanted), by_person)
    return await engine.post(_records_only(once, Needs(funds=funds), plan))


async def read_carry_rules(engine: AsyncEngine, book: str) -> dict[str, Json]:
    """Return the rules in force and every version there was. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        versions = await store.carry_rule_versions(connection, book)
    shown: list[Json] = [
        {"rules": _rules_json(one.rules), "set_by": one.set_by, "set_at": instant(one.set_at), "position": one.position}
        for one in versions
    ]
    default: dict[str, Json] = {
        "fund": DEFAULT_RULE.fund,
        "available": DEFAULT_RULE.available,
        "encumbered": DEFAULT_RULE.encumbered,
    }
    return {"rules": _rules_json(versions[0].rules) if versions else [], "default": default, "versions": shown}


def _rules_json(said: Sequence[Mapping[str, str]]) -> list[Json]:
    return [dict(rule) for rule in said]
