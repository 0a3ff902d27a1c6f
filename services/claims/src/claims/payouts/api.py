"""HTTP of the payouts room: payout batches, bank files, bank returns, reconciliation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context, Ctx
from claims.idempotency import once
from claims.payouts import examples, issuing, mending, pool_naming, recoveries, service
from claims.payouts.bank_files import read_return_file, read_return_sheet
from claims.payouts.bank_return_body import BANK_RETURN_BODY, TEXT_TYPES, XLSX
from claims.payouts.ledger_client import LedgerClient
from claims.payouts.reconciliation import reconcile
from claims.payouts.rules import BatchStatus, Control, Origin, ReturnRow
from claims.payouts.schemas import (
    TEMPLATE_CODE,
    BankReturnIn,
    BankReturnOut,
    BatchDetail,
    BatchIn,
    BatchOut,
    BatchSummary,
    BookingRetryOut,
    DecisionIn,
    MendIn,
    MendOut,
    PolicyPoolIn,
    PolicyPoolOut,
    Reconciliation,
    RecoveryDecisionIn,
    RecoveryIn,
    RecoveryOut,
    ReissueIn,
    ReissueOut,
    WithdrawalIn,
)
from claims.problems import (
    ACCOUNT_CHANGED,
    BANK_ACCOUNT_MISSING,
    BANK_FILE_ISSUED,
    BANK_FILE_NOT_ISSUED,
    BANK_FILE_UNWRITABLE,
    BANK_RETURN_UNREADABLE,
    BATCH_NOT_APPROVED,
    BATCH_NOT_PREPARED,
    BATCH_OF_TWO_PAYERS,
    BATCH_PARTLY_RETURNED,
    BATCH_WOULD_BE_EMPTY,
    CLAIM_NOT_PAID,
    CLAIM_NOT_PAYABLE,
    CONTROL_MISMATCH,
    ITEM_ALREADY_RETURNED,
    ITEM_AMOUNT_MISMATCH,
    ITEM_NOT_IN_BATCH,
    ITEM_RECOVERED,
    ITEM_REPEATED,
    ITEM_WITHDRAWN,
    LEDGER_UNAVAILABLE,
    NOT_A_POOL,
    NOTHING_TO_BOOK,
    NOTHING_TO_MEND,
    NOTHING_TO_PAY,
    POOL_NAMED,
    POOL_NOT_NAMED,
    RECOVERY_EXCEEDS_PAID,
    RECOVERY_NOT_PROPOSED,
    RESERVATION_PENDING,
)
from common.auth import Principal, require
from common.database import snapshot, transaction
from common.errors import SAME_PERSON, UNSUPPORTED_MEDIA_TYPE, Problem
from common.idempotency import Answer, IdempotencyKey, fingerprint_bytes, run_once
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from common.settings import key_bytes
from common.text import BookCode
from common.validation import problem_from
from common.web import Router, answer, responses

router = Router(prefix="/v1/books/{book}", tags=["payouts"])

Preparer = Annotated[Principal, Depends(require("payouts:prepare"))]
Approver = Annotated[Principal, Depends(require("payouts:approve"))]
Payer = Annotated[Principal, Depends(require("payouts:prepare", "payouts:approve"))]
PolicyWriter = Annotated[Principal, Depends(require("claims:policies"))]
Reader = Annotated[Principal, Depends(require("payouts:read"))]
TemplateCode = Annotated[
    str,
    Query(
        pattern=TEMPLATE_CODE,
        description="The bank's format (docs/payout-files.md). 银行文件模板。",
        examples=["utf8"],
    ),
]
FILE_TYPES = (*TEXT_TYPES, XLSX)
RECONCILIATION_SECONDS = 30.0
"""Longest wait for one page of the ledger's encumbrances."""


@router.post(
    "/payout-batches",
    status_code=201,
    response_model=BatchOut,
    responses=responses(404, NOTHING_TO_PAY, CLAIM_NOT_PAYABLE, BANK_ACCOUNT_MISSING, BATCH_OF_TWO_PAYERS),
)
async def prepare_payout_batch(
    book: BookCode, body: BatchIn, key: IdempotencyKey, person: Preparer, request: Request, ctx: Ctx
) -> Response:
    """Put claims whose money is reserved, or came back from the bank, into a batch; all of them if none are named."""

    async def work(conn: AsyncConnection) -> BatchOut:
        return await service.prepare_batch(
            conn, ctx.personal(book), book, person.sub, body.claim_ids, body.note, body.unchanged_reason
        )

    return await once(ctx, request, book, key, work)


@router.get("/payout-batches", response_model=Page[BatchSummary])
async def list_payout_batches(
    book: BookCode,
    _person: Reader,
    ctx: Ctx,
    status: BatchStatus | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[BatchSummary]:
    """Batches without their items, oldest first."""
    place = decode_cursor(cursor, UUID)
    after = place[0] if place is not None and isinstance(place[0], UUID) else None
    async with snapshot(ctx.engine) as conn:
        rows = await service.list_batches(conn, book, status, after, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda batch: (batch.id,))
    return Page(items=shown, next_cursor=next_cursor)


@router.get("/payout-batches/{batch_id}", response_model=BatchDetail)
async def get_payout_batch(book: BookCode, batch_id: UUID, _person: Reader, ctx: Ctx) -> BatchDetail:
    """A batch with its items; accounts are masked."""
    async with snapshot(ctx.engine) as conn:
        return await service.show_batch(conn, ctx.personal(book), book, batch_id)


@router.post(
    "/payout-batches/{batch_id}/approval",
    response_model=BatchOut,
    responses=responses(404, SAME_PERSON, BATCH_NOT_PREPARED, RESERVATION_PENDING, ACCOUNT_CHANGED),
)
async def approve_payout_batch(
    book: BookCode,
    batch_id: UUID,
    key: IdempotencyKey,
    person: Approver,
    request: Request,
    ctx: Ctx,
    body: DecisionIn | None = None,
) -> Response:
    """Approve a batch as its second person, or refuse it, which gives its claims back."""
    decision = body or DecisionIn()

    async def work(conn: AsyncConnection) -> BatchOut:
        status = BatchStatus(decision.outcome)
        return await service.decide_batch(conn, ctx.personal(book), book, batch_id, person.sub, status, decision.note)

    return await once(ctx, request, book, key, work, status=200)


@router.get(
    "/payout-batches/{batch_id}/bank-file",
    response_class=Response,
    responses=responses(
        404,
        BATCH_NOT_APPROVED,
        BATCH_PARTLY_RETURNED,
        BANK_FILE_ISSUED,
        SAME_PERSON,
        ACCOUNT_CHANGED,
        BANK_FILE_UNWRITABLE,
    )
    | {200: {"description": "The file for the bank.", "content": {"text/csv": {"example": examples.PAYMENT_FILE}}}},
)
async def get_bank_file(
    book: BookCode, batch_id: UUID, person: Payer, ctx: Ctx, template: TemplateCode | None = None
) -> Response:
    """The file for the bank with clear account numbers, given once; again only after a re-issue another person allowed.

    Each issue is recorded. `template` left out: the format the re-issue names, that of the last issue, or `utf8`.
    """
    async with transaction(ctx.engine) as conn:
        file = await issuing.issue_file(conn, ctx.personal(book), book, batch_id, person.sub, template)
    layout = file.template.payment
    return StreamingResponse(
        _stream(file.lines),
        media_type=f"{layout.media_type}; charset={layout.charset}",
        headers={"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"},
    )


@router.post(
    "/payout-batches/{batch_id}/bank-file/reissues",
    status_code=201,
    response_model=ReissueOut,
    responses=responses(404, BATCH_NOT_APPROVED, BATCH_PARTLY_RETURNED, BANK_FILE_NOT_ISSUED),
)
async def allow_bank_file_reissue(
    book: BookCode, batch_id: UUID, body: ReissueIn, key: IdempotencyKey, person: Payer, request: Request, ctx: Ctx
) -> Response:
    """Allow the bank file to be given once more, for a reason; the next `GET …/bank-file` gives it, byte for byte the same."""

    async def work(conn: AsyncConnection) -> ReissueOut:
        return await issuing.allow_reissue(conn, book, batch_id, person.sub, body.reason, body.template)

    return await once(ctx, request, book, key, work)


@router.post(
    "/payout-batches/{batch_id}/withdrawals",
    status_code=201,
    response_model=BatchOut,
    responses=responses(
        404,
        BATCH_NOT_APPROVED,
        BATCH_PARTLY_RETURNED,
        ITEM_NOT_IN_BATCH,
        ITEM_WITHDRAWN,
        BANK_FILE_ISSUED,
        BATCH_WOULD_BE_EMPTY,
        RESERVATION_PENDING,
    ),
)
async def withdraw_payout_items(
    book: BookCode, batch_id: UUID, body: WithdrawalIn, key: IdempotencyKey, person: Payer, request: Request, ctx: Ctx
) -> Response:
    """Take items out of a batch before the bank pays them, for a reason; what remains is approved anew by another person."""

    async def work(conn: AsyncConnection) -> BatchOut:
        return await issuing.withdraw_items(
            conn,
            book,
            batch_id,
            person.sub,
            body.item_numbers,
            body.reason,
            bank_stopped=body.bank_stopped,
        )

    return await once(ctx, request, book, key, work)


async def _stream(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


@router.post(
    "/payout-batches/{batch_id}/bank-return",
    status_code=201,
    response_model=BankReturnOut,
    openapi_extra=BANK_RETURN_BODY,
    responses=responses(
        404,
        422,
        BATCH_NOT_APPROVED,
        CONTROL_MISMATCH,
        BANK_RETURN_UNREADABLE,
        ITEM_NOT_IN_BATCH,
        ITEM_REPEATED,
        ITEM_WITHDRAWN,
        ITEM_AMOUNT_MISMATCH,
        ITEM_ALREADY_RETURNED,
        ITEM_RECOVERED,
    ),
)
async def apply_bank_return(
    book: BookCode,
    batch_id: UUID,
    key: IdempotencyKey,
    person: Payer,
    request: Request,
    ctx: Ctx,
    template: TemplateCode = "utf8",
) -> Response:
    """Apply the bank's return, as JSON or as the bank's own text or XLSX file: all of it or nothing. Several may follow each other.

    `template` is the format of a file; JSON is always UTF-8.
    """
    media_type = request.headers["content-type"].partition(";")[0].strip().lower()
    read = await (_from_file(request, media_type, template) if media_type in FILE_TYPES else _from_json(request))

    async def work(conn: AsyncConnection) -> BankReturnOut:
        return await service.apply_bank_return(conn, ctx.personal(book), book, batch_id, person.sub, *read)

    if media_type not in FILE_TYPES:
        return await once(ctx, request, book, key, work)

    async def use_case(conn: AsyncConnection) -> Answer:
        return Answer(201, (await work(conn)).model_dump(mode="json"))

    return answer(await run_once(ctx.engine, book, key, await _print(request, ctx), use_case))


async def _from_json(request: Request) -> tuple[list[ReturnRow], Control, None]:
    try:
        body = BankReturnIn.model_validate(await request.json())
    except ValidationError as error:
        raise problem_from(error) from None
    rows = [ReturnRow(row.item_number, row.outcome, row.amount_fen, row.booked_on, row.reason) for row in body.rows]
    return rows, Control(body.control_count, body.control_total_fen), None


async def _from_file(request: Request, media_type: str, code: str) -> tuple[list[ReturnRow], Control, Origin]:
    file = issuing.template_of(code).returned
    if media_type == XLSX:
        read = read_return_sheet(file, await request.body())
    else:
        _, _, parameters = request.headers["content-type"].partition("charset=")
        said = parameters.split(";")[0].strip(' "').lower()
        if said and said != file.charset:
            raise UNSUPPORTED_MEDIA_TYPE.error(field="Content-Type", accepted=f"{media_type}; charset={file.charset}")
        read = read_return_file(file, await request.body())
    if isinstance(read, Problem):
        raise read
    return read.rows, read.control, read.origin


@router.post(
    "/payout-batches/{batch_id}/booking-retries",
    status_code=201,
    response_model=BookingRetryOut,
    responses=responses(404, NOTHING_TO_BOOK),
)
async def retry_bookings(
    book: BookCode,
    batch_id: UUID,
    key: IdempotencyKey,
    person: Preparer,
    request: Request,
    ctx: Ctx,
) -> Response:
    """Ask the ledger again, as new attempts, for every booking of the batch that it refused."""

    async def work(conn: AsyncConnection) -> BookingRetryOut:
        return await service.retry_bookings(conn, book, batch_id, person.sub)

    return await once(ctx, request, book, key, work)


@router.post(
    "/claims/{claim_id}/recoveries",
    status_code=201,
    response_model=RecoveryOut,
    responses=responses(404, CLAIM_NOT_PAID, RECOVERY_EXCEEDS_PAID, LEDGER_UNAVAILABLE),
)
async def propose_recovery(
    book: BookCode,
    claim_id: UUID,
    body: RecoveryIn,
    key: IdempotencyKey,
    person: Preparer,
    request: Request,
    ctx: Ctx,
) -> Response:
    """Propose that money of a wrong payment came back, whole or in part 错付追回; a second person approves it."""
    async with _ledger(ctx) as client:
        borne = await recoveries.who_bore(ctx.engine, client, book, claim_id)

    async def work(conn: AsyncConnection) -> RecoveryOut:
        return await recoveries.propose(
            conn,
            book,
            claim_id,
            person.sub,
            borne,
            amount_fen=body.amount_fen,
            received_on=body.received_on,
            reason=body.reason,
        )

    return await once(ctx, request, book, key, work)


@router.post(
    "/claims/{claim_id}/recoveries/{recovery_id}/decision",
    status_code=201,
    response_model=RecoveryOut,
    responses=responses(404, SAME_PERSON, RECOVERY_NOT_PROPOSED),
)
async def decide_recovery(
    book: BookCode,
    claim_id: UUID,
    recovery_id: UUID,
    key: IdempotencyKey,
    person: Approver,
    request: Request,
    ctx: Ctx,
    body: RecoveryDecisionIn | None = None,
) -> Response:
    """Approve a recovery as its second person, which asks the ledger to book it, or refuse it."""
    decision = body or RecoveryDecisionIn()

    async def work(conn: AsyncConnection) -> RecoveryOut:
        return await recoveries.decide(
            conn,
            book,
            claim_id,
            recovery_id,
            person.sub,
            approved=decision.outcome == "approved",
            note=decision.note,
        )

    return await once(ctx, request, book, key, work)


@router.post(
    "/policies/{policy_id}/pool",
    status_code=201,
    response_model=PolicyPoolOut,
    responses=responses(404, NOT_A_POOL, POOL_NAMED, LEDGER_UNAVAILABLE),
)
async def name_policy_pool(
    book: BookCode,
    policy_id: UUID,
    body: PolicyPoolIn,
    key: IdempotencyKey,
    person: PolicyWriter,
    request: Request,
    ctx: Ctx,
) -> Response:
    """Say which pool of the ledger pays a programme's claims: once, before the first of them is approved."""
    async with _ledger(ctx) as client:
        item = await pool_naming.ask_for_item(client, book, body.open_item_id)

    async def work(conn: AsyncConnection) -> PolicyPoolOut:
        return await pool_naming.name_pool(conn, book, policy_id, item, person.sub)

    return await once(ctx, request, book, key, work)


@router.get(
    "/policies/{policy_id}/pool",
    response_model=PolicyPoolOut,
    responses=responses(404, POOL_NOT_NAMED, NOT_A_POOL, LEDGER_UNAVAILABLE),
)
async def get_policy_pool(book: BookCode, policy_id: UUID, _person: Reader, ctx: Ctx) -> PolicyPoolOut:
    """A programme's pool as the ledger has it now, and what of it claims count on."""
    async with _ledger(ctx) as client:
        return await pool_naming.show_pool(ctx.engine, client, book, policy_id)


def _ledger(ctx: Context) -> LedgerClient:
    settings = ctx.settings
    return LedgerClient(settings.ledger_url, settings.ledger_token_file, timeout_seconds=RECONCILIATION_SECONDS)


@router.get("/reconciliation", response_model=Reconciliation, responses=responses(LEDGER_UNAVAILABLE))
async def get_reconciliation(book: BookCode, _person: Reader, ctx: Ctx) -> Reconciliation:
    """Compare what claims reserved, paid and got back with the ledger's encumbrances, to the fen, both ways."""
    async with _ledger(ctx) as client:
        return await reconcile(ctx.engine, client, book)


@router.post(
    "/reconciliation/mends",
    status_code=201,
    response_model=MendOut,
    responses=responses(404, NOTHING_TO_MEND, LEDGER_UNAVAILABLE),
)
async def mend_difference(
    book: BookCode, body: MendIn, key: IdempotencyKey, person: Approver, request: Request, ctx: Ctx
) -> Response:
    """Mend a difference of one claim: send again what is not confirmed, or reserve anew what the ledger has lost."""
    lost: UUID | None = None
    if body.act == "reserve_again":
        async with _ledger(ctx) as client:
            lost = await mending.lost_encumbrance(ctx.engine, client, book, body.claim_id)

    async def work(conn: AsyncConnection) -> MendOut:
        if body.act == "ask_again":
            return await mending.ask_again(conn, book, body.claim_id)
        return await mending.reserve_again(conn, book, body.claim_id, person.sub, body.reason, lost=lost)

    return await once(ctx, request, book, key, work)


async def _print(request: Request, ctx: Context) -> bytes:
    """The fingerprint of a file: byte for byte, with the query that says how to read it."""
    path = f"{request.url.path}?{request.url.query}"
    return fingerprint_bytes(key_bytes(ctx.settings.fingerprint_key), request.method, path, await request.body())
