"""Use cases of the budget: purposes, versions, transfers between funds, and budget against actual.

Each hands the posting engine a pure plan and answers what it committed. Their Problems: what the decision in ``rules`` says, what the
journal's own rules say, ``idempotency_key_reused``, ``forbidden`` (people without act_for) and ``unavailable``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import Principal
from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from ledger.accounts.store import fund_exists
from ledger.appropriations import rules, store
from ledger.appropriations.schemas import PurposeIn, SettlementIn, TransferIn, VersionIn
from ledger.funds.answers import entry_brief, fund_after
from ledger.funds.service import request, voucher_of
from ledger.journal.chain import instant
from ledger.journal.drafts import NO_PURPOSE, Answer, Json, Needs, PostedEntry, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once
from ledger.journal.people import conditions_of, deed_of, people_of
from ledger.journal.posting import Again
from ledger.journal.standing import head_seq
from ledger.journal.state import BookState


async def set_purpose(engine: PostingEngine, once: Once, principal: Principal, body: PurposeIn) -> Answer:
    """Record a purpose, or a new version of it. Refusal: not_found (the fund)."""
    order = rules.Purpose(
        body.fund,
        body.code,
        body.name_zh,
        body.name_en or body.name_zh,
        tuple(body.kinds),
        tuple(body.sources),
        principal.sub,
    )
    needs = Needs(funds=frozenset({body.fund}))
    return await engine.post(request(once, needs, partial(rules.decide_purpose, order), _acts_render_themselves))


async def list_purposes(engine: AsyncEngine, book: str, fund: str | None) -> list[dict[str, Json]]:
    """Return every purpose as it stands. Raises ``not_found`` for an unknown book or fund."""
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field=None if fund is None else "fund")
        rows = await store.purposes(connection, book, fund)
    return [
        {
            "fund": row.fund,
            "code": row.code,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "kinds": list(row.kinds),
            "sources": list(row.sources),
            "set_by": row.set_by,
            "set_at": instant(row.set_at),
            "position": row.position,
        }
        for row in rows
    ]


async def decide_budget(engine: PostingEngine, once: Once, principal: Principal, body: VersionIn) -> Answer:
    """Book a version of the budget. Refusals: see ``rules.decide_version``."""
    return await engine.post(version_request(once, people_of(body, principal), body))


def version_request(once: Once, people: People, body: VersionIn) -> PostingRequest:
    """Return what the engine is asked to do for a version of the budget."""
    order = rules.Version(
        body.fiscal_year,
        body.kind,
        body.authority,
        body.document,
        body.decided_on,
        tuple(rules.Change(line.fund, line.purpose_code or NO_PURPOSE, line.change_fen) for line in body.lines),
        voucher_of(body, people),
    )
    return request(
        once,
        Needs(funds=frozenset(line.fund for line in body.lines)),
        partial(rules.decide_version, order),
        _acts_render_themselves,
        conditions=conditions_of(body, fund=body.lines[0].fund, year=body.fiscal_year),
        deed=deed_of("budget_version", people, body),
    )


def _acts_render_themselves(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    raise TypeError((entry, state))


async def list_versions(
    engine: AsyncEngine, book: str, year: int | None, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of versions by year and number. Raises ``not_found``, ``invalid_request`` (cursor)."""
    place = decode_cursor(cursor, int, int)
    after = (int(str(place[0])), int(str(place[1]))) if place else (0, 0)
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, None):
            raise NOT_FOUND.error()
        rows = await store.versions(connection, book, year, after=after, limit=limit + 1)
        changes = await store.changes(connection, book, [row.seq for row in rows])
    shown, next_cursor = page_of(rows, limit, lambda row: (row.fiscal_year, row.version))
    return [_version_json(row, changes.get(row.seq, [])) for row in shown], next_cursor


async def read_version(engine: AsyncEngine, book: str, year: int, version: int) -> dict[str, Json]:
    """Return one version of a year's budget. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        rows = await store.versions(connection, book, year, after=(year, version - 1), limit=1)
        if not rows or rows[0].version != version:
            raise NOT_FOUND.error()
        changes = await store.changes(connection, book, [rows[0].seq])
    return _version_json(rows[0], changes.get(rows[0].seq, []))


def _version_json(row: store.VersionRow, changes: Sequence[tuple[str, str, int]]) -> dict[str, Json]:
    return {
        "fiscal_year": row.fiscal_year,
        "version": row.version,
        "kind": row.kind,
        "authority": row.authority,
        "document": row.document,
        "decided_on": row.decided_on.isoformat(),
        "effective_on": row.effective_on.isoformat(),
        "lines": [{"fund": fund, "purpose_code": purpose or None, "change_fen": fen} for fund, purpose, fen in changes],
        "prepared_by": row.prepared_by,
        "reviewed_by": row.reviewed_by,
        "entry": str(row.entry),
        "seq": row.seq,
        "position": row.position,
    }


async def transfer(engine: PostingEngine, once: Once, principal: Principal, body: TransferIn) -> Answer:
    """Move money and budget between funds, once a second person approved. Refusals: see ``rules.decide_transfer``."""
    return await engine.post(transfer_request(once, people_of(body, principal), body))


def transfer_request(once: Once, people: People, body: TransferIn) -> PostingRequest:
    """Return what the engine is asked to do for a transfer between funds."""
    order = rules.Transfer(
        from_fund=body.from_fund,
        to_fund=body.to_fund,
        amount_fen=body.amount_fen,
        fiscal_year=body.fiscal_year,
        settled_by=body.settled_by,
        source=body.source,
        from_purpose=body.from_purpose_code or NO_PURPOSE,
        to_purpose=body.to_purpose_code or NO_PURPOSE,
        authority=body.authority,
        reason=body.reason,
        new_item=uuid7(),
        voucher=voucher_of(body, people),
    )

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        return _moved(entry, state, (body.from_fund, body.to_fund), body.fiscal_year)

    return request(
        once,
        Needs(funds=frozenset({body.from_fund, body.to_fund}), subtree=True),
        partial(rules.decide_transfer, order),
        render,
        conditions=conditions_of(body, fund=body.from_fund, year=body.fiscal_year),
        deed=deed_of("fund_transfer", people, body),
    )


async def settle(engine: PostingEngine, once: Once, principal: Principal, body: SettlementIn) -> Answer:
    """Let the cash of an earlier transfer follow. Refusals: see ``rules.decide_settlement``."""
    return await engine.post(settlement_request(once, people_of(body, principal), body))


def settlement_request(once: Once, people: People, body: SettlementIn) -> PostingRequest:
    """Return what the engine is asked to do for the cash of an earlier transfer."""
    order = rules.Settlement(body.item, body.amount_fen, body.source, voucher_of(body, people))

    def render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
        funds = tuple(dict.fromkeys(line.fund for line in entry.postings))
        return _moved(entry, state, funds, entry.fiscal_year)

    return request(
        once,
        # Which fund owes stands on the item: it is known only under the lock.
        Needs(items=frozenset({body.item}), all_funds=True),
        partial(rules.decide_settlement, order),
        render,
        conditions=conditions_of(body, year=body.effective_on.year, item=body.item),
        deed=deed_of("transfer_settlement", people, body),
    )


def _moved(entry: PostedEntry, state: BookState, funds: tuple[str, ...], year: int) -> dict[str, Json]:
    brief = entry_brief(entry)
    named = next((line.item for line in entry.postings if line.item is not None), None)
    item = state.item(named) if named is not None else None
    return {
        **{name: brief[name] for name in ("id", "seq", "voucher_number", "hash")},
        "entry": brief,
        "funds": [fund_after(state, fund, year) for fund in funds],
        "item": None if item is None else str(item.id),
        "owed_fen": 0 if item is None else item.remaining_fen,
    }


async def budget_vs_actual(
    engine: AsyncEngine, book: str, year: int, fund: str | None, as_of: date | None
) -> dict[str, Json]:
    """Return a year's budget against actual at a date (today if none), from one snapshot. Raises ``not_found``."""
    day = as_of or today_in_shanghai()
    async with snapshot(engine) as connection:
        seq = await head_seq(connection, book)
        if seq is None or not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field=None if fund is None else "fund")
        rows = await store.against_actual(connection, book, year, fund, day)
    return {
        "fiscal_year": year,
        "as_of": day.isoformat(),
        "seq": seq,
        "items": [_budget_line(row) for row in rows],
    }


def _budget_line(row: store.BudgetFigures) -> dict[str, Json]:
    decided_fen = row.original_fen + row.amended_fen + row.moved_fen
    return {
        "fund": row.fund,
        "purpose_code": row.purpose_code or None,
        "name_zh": row.name_zh,
        "original_fen": row.original_fen,
        "amended_fen": row.amended_fen,
        "moved_fen": row.moved_fen,
        "other_fen": row.budget_fen - decided_fen,
        "budget_fen": row.budget_fen,
        "encumbered_fen": row.encumbered_fen,
        "expended_fen": row.expended_fen,
        "available_fen": row.available_fen,
        "execution_bp": rules.execution_bp(row.expended_fen, row.budget_fen),
    }


def _version_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return version_request(once, people, VersionIn.model_validate(said["body"]))


def _transfer_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return transfer_request(once, people, TransferIn.model_validate(said["body"]))


def _settlement_again(once: Once, people: People, said: Mapping[str, Json]) -> PostingRequest:
    return settlement_request(once, people, SettlementIn.model_validate(said["body"]))


AGAIN: Mapping[str, Again] = {
    "budget_version": _version_again,
    "fund_transfer": _transfer_again,
    "transfer_settlement": _settlement_again,
}
"""How a proposal of each operation is made a request again when it is approved."""
