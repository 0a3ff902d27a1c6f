"""Use cases of funds: receipts, direct payments and opening balances through the journal; sub-funds; figures.

Operations that move money hand the posting engine a pure plan and answer what it committed. Their Problems: what the
decision in ``rules`` says, what the journal's own rules say, ``idempotency_key_reused`` and ``unavailable``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.auth import Principal
from common.database import snapshot
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from common.validation import invalid_field
from ledger.accounts.chart import chart_of_accounts
from ledger.accounts.service import create_accounts
from ledger.books.rules import account_content
from ledger.funds import rules, store
from ledger.funds.answers import opening_posted, posted
from ledger.funds.corrections import KINDS, Correctable, Correction, budget_year_of, decide_correction
from ledger.funds.schemas import CorrectionIn, FundIn, OpeningIn, PaymentIn, ReceiptIn, VoucherIn
from ledger.funds.store import FundFigures
from ledger.journal.drafts import (
    NO_PURPOSE,
    Answer,
    Conditions,
    Deed,
    Json,
    Needs,
    Plan,
    PostedEntry,
    PostingRequest,
    Render,
)
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once, run_once
from ledger.journal.people import conditions_of, deed_of, people_of
from ledger.journal.posting import Again
from ledger.journal.service import append_record
from ledger.journal.standing import Cut, Moment, cut_at
from ledger.journal.state import BookState
from ledger.problems import FUND_EXISTS

_CREATED = 201


@dataclass(frozen=True, slots=True)
class FundPage:
    """A page of funds in one snapshot: ``year`` None means all years, ``cut`` is what the figures contain."""

    funds: list[FundFigures]
    next_cursor: str | None
    year: int | None
    cut: Cut


async def receive(engine: PostingEngine, once: Once, principal: Principal, fund: str, body: ReceiptIn) -> Answer:
    """Book money arriving in a fund. Refusals: not_found, forbidden (people without act_for), same_person."""
    return await engine.post(receipt_request(once, people_of(body, principal), fund, body))


def receipt_request(once: Once, people: People, fund: str, body: ReceiptIn) -> PostingRequest:
    """Return what the engine is asked to do for a receipt."""
    order = rules.Receipt(fund, body.amount_fen, body.source, voucher_of(body, people))
    wish = Wish("receipt", people, body, fund, body.effective_on.year)
    return on_fund(once, wish, partial(rules.decide_receipt, order))


async def pay(engine: PostingEngine, once: Once, principal: Principal, fund: str, body: PaymentIn) -> Answer:
    """Book a payment without a prior encumbrance. Refusals: as ``receive``, and insufficient_funds."""
    return await engine.post(payment_request(once, people_of(body, principal), fund, body))


def payment_request(once: Once, people: People, fund: str, body: PaymentIn) -> PostingRequest:
    """Return what the engine is asked to do for a direct payment."""
    year = body.fiscal_year or body.effective_on.year
    voucher = voucher_of(body, people)
    order = rules.Payment(
        fund,
        body.amount_fen,
        year,
        body.payee_ref,
        body.purpose,
        body.source,
        voucher,
        body.purpose_code or NO_PURPOSE,
    )
    return on_fund(once, Wish("payment", people, body, fund, year), partial(rules.decide_payment, order))


async def open_balances(engine: PostingEngine, once: Once, principal: Principal, body: OpeningIn) -> Answer:
    """Take balances over from the old system. Refusals: as ``rules.decide_opening``, unbalanced_entry."""
    return await engine.post(opening_request(once, people_of(body, principal), body))


def opening_request(once: Once, people: People, body: OpeningIn) -> PostingRequest:
    """Return what the engine is asked to do for opening balances."""
    lines = tuple(
        rules.OpeningLine(line.fund, line.account, line.side, line.amount_fen, line.source, line.budget_year, line.memo)
        for line in body.lines
    )
    order = rules.Opening(lines, voucher_of(body, people))
    codes = tuple(dict.fromkeys(line.fund for line in lines))

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return opening_posted(entry, state, codes)

    return request(
        once,
        Needs(funds=frozenset(codes), subtree=True),
        partial(rules.decide_opening, order),
        render,
        conditions=conditions_of(body, fund=codes[0], year=body.effective_on.year),
        deed=deed_of("opening", people, body),
    )


async def correct(
    engine: PostingEngine,
    once: Once,
    principal: Principal,
    subject: tuple[str, Correctable, UUID],
    body: CorrectionIn,
) -> Answer:
    """Take one operation (fund, what it is, entry) back by a red entry. Refusals: see ``corrections.decide_correction``."""
    return await engine.post(correction_request(once, people_of(body, principal), subject, body))


def correction_request(
    once: Once, people: People, subject: tuple[str, Correctable, UUID], body: CorrectionIn
) -> PostingRequest:
    """Return what the engine is asked to take back."""
    fund, of, entry_id = subject
    order = Correction(fund, of, entry_id, body.reason, voucher_of(body, people))

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return posted(entry, state, fund, budget_year_of(entry))

    return request(
        once,
        Needs(funds=frozenset({fund}), entries=frozenset({entry_id}), subtree=True),
        partial(decide_correction, order),
        render,
        conditions=conditions_of(body, fund=fund, year=body.effective_on.year),
        deed=deed_of("correction", people, body, fund=fund, kind=of.kind, entry=str(entry_id)),
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """An operation on one fund as it was asked for: its name, its people, what it says, its fund and its budget year."""

    operation: str
    people: People
    body: VoucherIn
    fund: str
    year: int


def on_fund(
    once: Once, wish: Wish, plan: Plan, needs: Needs | None = None, render: Render | None = None
) -> PostingRequest:
    """Return the request for an operation on one fund; by default it answers its entry and the fund's figures of the year."""

    def answer(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return posted(entry, state, wish.fund, wish.year)

    return request(
        once,
        needs or Needs(funds=frozenset({wish.fund}), subtree=True),
        plan,
        render or answer,
        conditions=conditions_of(wish.body, fund=wish.fund, year=wish.year),
        deed=deed_of(wish.operation, wish.people, wish.body, fund=wish.fund),
    )


def request(
    once: Once,
    needs: Needs,
    plan: Plan,
    render: Render,
    *,
    conditions: Conditions | None = None,
    deed: Deed | None = None,
) -> PostingRequest:
    """Return what the engine is asked to do once."""
    return PostingRequest(
        once.book, once.key, once.fingerprint, needs, plan, render, conditions, deed, dry_run=once.dry_run
    )


def voucher_of(body: VoucherIn, people: People) -> rules.Voucher:
    """Return what the voucher says besides its money."""
    return rules.Voucher(
        effective_on=body.effective_on,
        prepared_by=people.prepared_by,
        reviewed_by=people.reviewed_by,
        posted_by=people.posted_by,
        reference=body.reference,
        period=body.period,
    )


async def create_fund(engine: AsyncEngine, once: Once, principal: Principal, body: FundIn) -> Answer:
    """Create a sub-fund with every account of the chart and its record in the chain, under the book's lock.

    Answers 201, or ``fund_exists`` (409). Raises ``invalid_request`` if the code does not extend the parent's by one
    part, ``not_found`` for an unknown parent or book, ``idempotency_key_reused``.
    """
    extension = body.code.removeprefix(f"{body.parent}.")
    if extension == body.code or "." in extension:
        raise invalid_field(
            "code",
            "not_below_parent",
            "子基金代码须为上级代码加一段（以点分隔）。",
            "A sub-fund's code is its parent's and one more part after a dot.",
        )

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        return _CREATED, await _create_fund(connection, once.book, principal.sub, body)

    return await run_once(engine, once, use_case)


async def _create_fund(connection: AsyncConnection, book: str, person: str, body: FundIn) -> dict[str, Json]:
    parent = await store.fund_by_code(connection, book, body.parent)
    if parent is None:
        raise NOT_FOUND.error(field="parent")
    if await store.fund_by_code(connection, book, body.code) is not None:
        raise FUND_EXISTS.error(field="code")
    content: dict[str, Json] = {
        "code": body.code,
        "parent": body.parent,
        "category": parent.category,
        "name_zh": body.name_zh,
        "name_en": body.name_en or body.name_zh,
        "source_order": list(parent.source_order),
        "position": await store.next_position(connection, book),
    }
    told: dict[str, Json] = {
        **content,
        "created_by": person,
        "accounts": [account_content(one) for one in chart_of_accounts()],
    }
    position, digest = await append_record(connection, book, "fund", told)
    await store.insert_fund(connection, book, content)
    await create_accounts(connection, book, body.code)
    return {**content, "chain_position": position, "hash": digest.hex()}


async def list_funds(
    engine: AsyncEngine,
    book: str,
    year: int | None,
    moment: Moment,
    *,
    all_years: bool,
    limit: int,
    cursor: str | None,
) -> FundPage:
    """Return a page of funds with their figures at a moment, from one snapshot. Funds made later stand there with nothing.

    Without a year: the latest one with an allotment by then, or the moment's year if there is none. The cursor keeps the year of its
    first page, so that a list does not change years halfway. Raises ``not_found``, ``invalid_request`` (cursor, as_of, at_seq).
    """
    after = decode_cursor(cursor, int, int, str)
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, moment)
        if not all_years and year is None:
            year = _year_of(after) or await store.latest_allotted_year(connection, book, cut, head=head)
            year = year or cut.as_of.year
        place = after[1:] if after else None
        rows = await store.figures(connection, book, year, cut, head=head, after=place, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (year or 0, row.position, row.code))
    return FundPage(list(shown), next_cursor, year, cut)


def _year_of(after: tuple[object, ...] | None) -> int | None:
    year = after[0] if after else None
    return year if isinstance(year, int) and year else None


def _receipt_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return receipt_request(once, people, str(said["fund"]), ReceiptIn.model_validate(said["body"]))


def _payment_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return payment_request(once, people, str(said["fund"]), PaymentIn.model_validate(said["body"]))


def _opening_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return opening_request(once, people, OpeningIn.model_validate(said["body"]))


def _correction_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    # Proposals made before operations of the catalogue could be taken back name the place in the address.
    kind = str(said["kind"]) if "kind" in said else KINDS[str(said["correctable"])]
    # Whether two people were needed is answered: this is the second.
    subject = (str(said["fund"]), Correctable(kind), UUID(str(said["entry"])))
    return correction_request(once, people, subject, CorrectionIn.model_validate(said["body"]))


AGAIN: Mapping[str, Again] = {
    "receipt": _receipt_again,
    "payment": _payment_again,
    "opening": _opening_again,
    "correction": _correction_again,
}
"""How a proposal of each operation is made a request again when it is approved."""
