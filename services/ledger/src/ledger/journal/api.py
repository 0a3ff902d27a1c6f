"""HTTP of journal entries."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response

from common.auth import Principal, require
from common.database import snapshot
from common.dates import BusinessDate
from common.errors import (
    IDEMPOTENCY_KEY_REUSED,
    NOT_FOUND,
    PRECONDITION_FAILED,
    SAME_PERSON,
    Language,
    Problem,
    preferred_language,
)
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from common.text import BookCode, Code, Line
from common.web import JsonResponse, Router, responses
from ledger import problems
from ledger.context import DRY_RUN_HEADER, Ctx, DryRun, Idempotent, send
from ledger.journal import posting, reading
from ledger.journal.approval import ACCEPTED
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Answer
from ledger.journal.entries import entry_json
from ledger.journal.schemas import BulkIn, BulkOut, EntryIn, EntryOut, Proposed, ReversalIn

router = Router(prefix="/v1/books/{book}", tags=["journal"])

Poster = Annotated[Principal, Depends(require("ledger:post"))]
EntryId = Annotated[UUID, Path(alias="id", description="The entry's id. 凭证标识。")]
Reader = Annotated[Principal, Depends(require("ledger:read"))]

_POSTING_REFUSALS = (
    NOT_FOUND,
    IDEMPOTENCY_KEY_REUSED,
    SAME_PERSON,
    problems.PERIOD_CLOSED,
    problems.BUDGET_LINES_MISSING,
    problems.INSUFFICIENT_FUNDS,
    problems.AMOUNT_EXCEEDS_REMAINING,
    problems.AMOUNT_OUT_OF_RANGE,
    problems.UNKNOWN_ACCOUNT,
    problems.CONTROL_ACCOUNT,
    problems.UNBALANCED_ENTRY,
    problems.COUNTERPART_MISSING,
    PRECONDITION_FAILED,
)
PROPOSED: dict[int | str, dict[str, object]] = {
    202: {"model": Proposed, "description": "It waits for a second person. 已提交，待复核。"}
}
"""What an operation answers where the book wants a second person."""


@router.post(
    "/journal-entries",
    status_code=201,
    response_model=EntryOut,
    responses={**responses(*_POSTING_REFUSALS), **PROPOSED},
)
async def post_journal_entry(context: Ctx, once: Idempotent, principal: Poster, body: EntryIn) -> Response:
    """Post a free journal entry 录入记账凭证.

    It must balance within every fund and basis, may not touch control accounts, and where it lowers cash must carry its budgetary lines.
    """
    return send(await posting.post_entry(context.engine, once, principal, body))


@router.post("/journal-entries/bulk", response_model=BulkOut, responses=responses(*_POSTING_REFUSALS))
async def post_journal_entries(
    context: Ctx, request: Request, book: BookCode, principal: Poster, body: BulkIn, *, dry_run: DryRun = False
) -> Response:
    """Post up to 10,000 free journal entries 批量录入; each result says what became of its entry.

    Every entry carries its own idempotency key, in the same key space as single calls, so the call itself needs none: sending it
    again after a lost answer is safe. With ``atomic`` one refusal keeps all entries out.
    """
    path = request.url.path.removesuffix("/bulk")
    call = posting.BulkCall(book, path, context.fingerprint_secret, principal, dry_run)
    outcomes = await posting.post_entries(context.engine, call, body.entries, atomic=body.atomic)
    language = preferred_language(request.headers.get("accept-language"))
    headers = {DRY_RUN_HEADER: "true"} if dry_run else None
    return JsonResponse({"results": [_result(outcome, language) for outcome in outcomes]}, headers=headers)


@router.post(
    "/journal-entries/{id}/reversal",
    status_code=201,
    response_model=EntryOut,
    responses={
        **responses(
            *_POSTING_REFUSALS,
            problems.ALREADY_REVERSED,
            problems.TYPED_OPERATION_ENTRY,
            problems.REVERSAL_OF_REVERSAL,
        ),
        **PROPOSED,
    },
)
async def reverse_journal_entry(
    context: Ctx,
    once: Idempotent,
    principal: Poster,
    entry: EntryId,
    body: ReversalIn,
) -> Response:
    """Take a free journal entry back by a red entry 红字冲销. Once only; what a typed operation posted is undone through it."""
    return send(await posting.reverse_entry(context.engine, once, principal, entry, body))


@router.get("/journal-entries", response_model=Page[EntryOut], responses=responses(404))
async def list_journal_entries(
    context: Ctx,
    book: BookCode,
    _principal: Reader,
    fund: Annotated[Code | None, Query(description="Entries with a posting in this fund. 基金。")] = None,
    account: Annotated[Code | None, Query(description="Entries with a posting on this account. 科目。")] = None,
    reference: Annotated[Line | None, Query(description="The caller's own reference, exactly. 外部单据号。")] = None,
    effective_from: Annotated[BusinessDate | None, Query(description="First business date. 起始业务日期。")] = None,
    effective_to: Annotated[BusinessDate | None, Query(description="Last business date. 截止业务日期。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List journal entries in the order they were posted 凭证列表. Fund and account must meet in one posting."""
    after = decode_cursor(cursor, int)
    after_seq = after[0] if after is not None and isinstance(after[0], int) else 0
    wanted = reading.EntryFilter(fund, account, reference, effective_from, effective_to)
    async with snapshot(context.database) as connection:
        await reading.require_book(connection, book)
        rows = await reading.entries_after(connection, book, wanted, after_seq=after_seq, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda entry: (entry.seq,))
    return JsonResponse({"items": [entry_json(entry) for entry in shown], "next_cursor": next_cursor})


@router.get("/journal-entries/{id}", response_model=EntryOut, responses=responses(404))
async def get_journal_entry(
    context: Ctx,
    book: BookCode,
    _principal: Reader,
    entry: EntryId,
) -> Response:
    """Show one journal entry 查看凭证."""
    async with snapshot(context.database) as connection:
        found = await reading.entry_by_id(connection, book, entry)
    return JsonResponse(entry_json(found))


def _result(outcome: Outcome, language: Language) -> dict[str, object]:
    if isinstance(outcome, Answer):
        if outcome.status == ACCEPTED:
            proposal = orjson.loads(outcome.body)["proposal"]
            return {"status": "replayed" if outcome.replayed else "proposed", "proposal": proposal}
        status = "replayed" if outcome.replayed else "posted"
        # The answer as it was stored, byte for byte.
        return {"status": status, "entry": orjson.Fragment(outcome.body)}
    if isinstance(outcome, Problem):
        return {"status": "refused", "problem": outcome.render(language)}
    return {"status": "not_attempted"}
