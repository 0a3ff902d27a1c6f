"""Use cases of an encumbrance's time and history, and balances with open encumbrances in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import Principal
from common.database import snapshot
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from common.validation import invalid_field
from ledger.accounts.store import fund_exists
from ledger.budgets import past, store
from ledger.budgets.answers import encumbrance_json
from ledger.budgets.life_rules import Extension, decide_extension
from ledger.budgets.life_schemas import ExtensionIn
from ledger.funds.service import request
from ledger.journal.chain import instant
from ledger.journal.drafts import Answer, Json, Needs, PostedEntry
from ledger.journal.engine import PostingEngine
from ledger.journal.once import Once
from ledger.journal.standing import Moment, cut_at
from ledger.journal.state import BookState

JsonPage = tuple[list[dict[str, Json]], str | None]


async def extend(
    engine: PostingEngine, once: Once, principal: Principal, encumbrance: UUID, body: ExtensionIn
) -> Answer:
    """Give an encumbrance more time. Refusals: see ``life_rules.decide_extension``."""
    order = Extension(encumbrance, body.expires_at, body.reason, principal.sub)
    needs = Needs(encumbrances=frozenset({encumbrance}))
    return await engine.post(request(once, needs, partial(decide_extension, order), _acts_render_themselves))


def _acts_render_themselves(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    raise TypeError((entry, state))


async def list_expiring(
    engine: AsyncEngine, book: str, fund: str | None, days: int, *, limit: int, cursor: str | None
) -> JsonPage:
    """Return a page of encumbrances whose time is over within so many days, the soonest first.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor.
    """
    place = decode_cursor(cursor, str, int)
    after = None if place is None else (_read_instant(str(place[0])), int(str(place[1])))
    async with snapshot(engine) as connection:
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field=None if fund is None else "fund")
        now = await store.clock(connection)
        within = (now, now + timedelta(days=days))
        rows = await store.expiring(connection, book, fund, within, after=after, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (_ends(row.expires_at).isoformat(), row.opened_seq))
    return [
        {**encumbrance_json(row, now), "days_left": (_ends(row.expires_at) - now).days} for row in shown
    ], next_cursor


def _ends(expires_at: datetime | None) -> datetime:
    if expires_at is None:
        raise TypeError("what never expires is not in the list")
    return expires_at


def _read_instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise invalid_field("cursor", "foreign", "游标无效。", "The cursor was not made here.")
    return found


async def read_history(engine: AsyncEngine, book: str, wanted: UUID, *, limit: int, cursor: str | None) -> JsonPage:
    """Return a page of what happened to an encumbrance, in the order of the chain. Raises ``not_found``, ``invalid_request``."""
    place = decode_cursor(cursor, int)
    after = int(str(place[0])) if place else 0
    async with snapshot(engine) as connection:
        if await store.by_id(connection, book, wanted) is None:
            raise NOT_FOUND.error()
        rows = await store.history(connection, book, wanted, after=after, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.position,))
    return [_happening_json(row) for row in shown], next_cursor


def _happening_json(row: store.Happening) -> dict[str, Json]:
    return {
        "position": row.position,
        "at": instant(row.at),
        "what": "extension" if row.entry is None else "entry",
        "entry": _entry_json(row),
        "change_fen": row.change_fen,
        "remaining_fen": row.remaining_fen,
        "fiscal_year": row.fiscal_year,
        "expires_at": None if row.expires_at is None else instant(row.expires_at),
        "reason": row.reason,
        "payee_ref": row.payee_ref,
        "by_person": row.by_person,
        "reviewed_by": row.reviewed_by,
    }


def _entry_json(row: store.Happening) -> dict[str, Json] | None:
    if row.entry is None or row.effective_on is None or row.hash is None:
        return None
    return {
        "id": str(row.entry),
        "seq": row.seq,
        "kind": row.kind,
        "period": row.period,
        "voucher_type": row.voucher_type,
        "voucher_number": row.voucher_number,
        "effective_on": row.effective_on.isoformat(),
        "posted_at": instant(row.at),
        "hash": row.hash.hex(),
    }


async def balances(
    engine: AsyncEngine, book: str, fund: str | None, moment: Moment, *, limit: int, cursor: str | None
) -> dict[str, Json]:
    """Return what was posted by a moment on every account, and every encumbrance open then, of a fund and those below it.

    All of it from one snapshot. Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor and for a
    moment that is not yet.
    """
    place = decode_cursor(cursor, int)
    after = int(str(place[0])) if place else 0
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, moment)
        if not await fund_exists(connection, book, fund):
            raise NOT_FOUND.error(field="fund")
        now = await store.clock(connection)
        if moment.is_now:
            # What is kept for every encumbrance is right for now, and costs no sum over postings.
            sums = await store.fund_sums(connection, book, fund)
            rows = await store.with_a_remainder(connection, book, fund, opened_after_seq=after, limit=limit + 1)
        else:
            then = await past.past_at(connection, book, cut, now)
            now = then.until
            sums = await past.fund_sums(connection, book, fund, then)
            rows = await past.with_a_remainder(connection, book, fund, then, opened_after_seq=after, limit=limit + 1)
        accounts = await store.account_sums(connection, book, fund, cut, head=head)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.opened_seq,))
    of_fund = {code: list(found) for code, found in groupby(accounts, lambda one: one.fund)}
    return {
        "as_of": cut.as_of.isoformat(),
        "as_of_seq": cut.seq,
        "funds": [_fund_json(one, of_fund.get(one.code, [])) for one in sums],
        "encumbrances": [encumbrance_json(row, now) for row in shown],
        "next_cursor": next_cursor,
    }


def _fund_json(fund: store.FundSum, accounts: Sequence[store.AccountSum]) -> dict[str, Json]:
    return {
        "fund": fund.code,
        "name_zh": fund.name_zh,
        "available_fen": _credit_of("available", accounts),
        "encumbered_fen": _credit_of("encumbered", accounts),
        "open_encumbrances": fund.open_encumbrances,
        "remaining_fen": fund.remaining_fen,
        "accounts": [_account_json(one) for one in accounts],
    }


def _credit_of(account: str, accounts: Sequence[store.AccountSum]) -> int:
    return sum(one.credit_fen - one.debit_fen for one in accounts if one.account == account)


def _account_json(one: store.AccountSum) -> dict[str, Json]:
    return {
        "account": one.account,
        "name_zh": one.name_zh,
        "basis": one.basis,
        "normal_side": one.normal_side,
        "budget_year": one.budget_year or None,
        "debit_fen": one.debit_fen,
        "credit_fen": one.credit_fen,
        "balance_fen": one.debit_fen - one.credit_fen,
    }
