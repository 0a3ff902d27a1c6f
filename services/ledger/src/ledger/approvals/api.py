"""HTTP of maker and checker."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND, SAME_PERSON, Language, Problem, preferred_language
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code, Line
from common.web import JsonResponse, Router, responses
from ledger.approvals import service
from ledger.approvals.rules import Decision
from ledger.approvals.schemas import (
    ApprovalIn,
    ApprovalRulesHistory,
    ApprovalRulesIn,
    ApprovalRulesOut,
    Approved,
    BulkApprovalIn,
    BulkApproved,
    Decided,
    ProposalDetail,
    ProposalFull,
    ProposalStatus,
    RefusalIn,
    WithdrawalIn,
)
from ledger.approvals.service import Approving
from ledger.approvals.store import ProposalFilter
from ledger.context import DRY_RUN_HEADER, Context, Ctx, Idempotent, send
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Answer
from ledger.journal.state import ApprovalRule
from ledger.problems import (
    NOT_THE_PROPOSER,
    NOTHING_LEFT,
    PROPOSAL_NOT_WAITING,
    PROPOSAL_OUTDATED,
    UNKNOWN_FUND_IN_RULE,
)

router = Router(prefix="/v1/books/{book}", tags=["approvals"])

Reader = Annotated[Principal, Depends(require("ledger:read", "books:admin"))]
Checker = Annotated[Principal, Depends(require("ledger:approve"))]
Proposer = Annotated[Principal, Depends(require("ledger:post"))]
Admin = Annotated[Principal, Depends(require("books:admin"))]
ProposalPath = Annotated[UUID, Path(alias="id", description="The proposal's id. 提交编号。")]
# An approval may refuse whatever its operation may.
_APPROVING = (404, 409, 422, SAME_PERSON, PROPOSAL_NOT_WAITING, NOTHING_LEFT, PROPOSAL_OUTDATED)


@router.post(
    "/approval-rules",
    status_code=201,
    response_model=ApprovalRulesOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, UNKNOWN_FUND_IN_RULE),
)
async def set_approval_rules(context: Ctx, once: Idempotent, principal: Admin, body: ApprovalRulesIn) -> Response:
    """Say which entries need a second person 复核规则. The rules replace the ones before; the chain records them."""
    wanted = [ApprovalRule(rule.kind, rule.fund, rule.from_fen) for rule in body.rules]
    return send(await service.set_rules(context.engine, once, principal.sub, wanted))


@router.get("/approval-rules", response_model=ApprovalRulesHistory, responses=responses(404))
async def get_approval_rules(context: Ctx, book: BookCode, _reader: Reader) -> Response:
    """Show the rules in force and every version there was. A new book has none."""
    return JsonResponse(await service.read_rules(context.database, book))


@router.get("/proposals", response_model=Page[ProposalFull], responses=responses(404))
async def list_proposals(
    context: Ctx,
    book: BookCode,
    reader: Reader,
    status: Annotated[ProposalStatus | None, Query(description="Where it stands. 状态。")] = None,
    kind: Annotated[Code | None, Query(description="The kind of entry it asks for. 业务种类。")] = None,
    fund: Annotated[Code | None, Query(description="A fund its entry touches. 基金。")] = None,
    prepared_by: Annotated[Line | None, Query(description="Who prepared it. 制单人。")] = None,
    *,
    waiting_for_me: Annotated[
        bool, Query(description="Only what waits and the caller may decide: a checker's list. 待我复核。")
    ] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List proposals in the order they were made 待复核清单."""
    not_by = reader.sub if waiting_for_me else None
    wanted = ProposalFilter("waiting" if waiting_for_me else status, kind, fund, prepared_by, not_by)
    items, next_cursor = await service.list_proposals(context.database, book, wanted, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/proposals/{id}", response_model=ProposalDetail, responses=responses(404))
async def get_proposal(context: Ctx, book: BookCode, _reader: Reader, proposal: ProposalPath) -> Response:
    """Show one proposal with what it was asked with, and its decision."""
    return JsonResponse(await service.read_proposal(context.database, book, proposal))


@router.post("/proposals/approvals", response_model=BulkApproved, responses=responses(*_APPROVING))
async def approve_proposals(
    request: Request, context: Ctx, once: Idempotent, principal: Checker, body: BulkApprovalIn
) -> Response:
    """Approve up to 1,000 proposals 批量复核; each result says what became of one. With ``atomic`` all of them or none."""
    outcomes = await service.approve_many(_desk(context), once, principal.sub, body.ids, atomic=body.atomic)
    language = preferred_language(request.headers.get("accept-language"))
    headers = {DRY_RUN_HEADER: "true"} if once.dry_run else None
    return JsonResponse({"results": [_result(one, language) for one in outcomes]}, headers=headers)


@router.post("/proposals/{id}/approval", status_code=201, response_model=Approved, responses=responses(*_APPROVING))
async def approve_proposal(
    context: Ctx, once: Idempotent, principal: Checker, proposal: ProposalPath, body: ApprovalIn
) -> Response:
    """Approve a proposal 复核通过: what it asks for is done now, in the same transaction.

    Never by who prepared or sent it. Whatever the operation refuses by then refuses the approval, and the proposal goes on waiting.
    """
    del body
    return send(await service.approve(_desk(context), once, principal.sub, proposal))


@router.post(
    "/proposals/{id}/refusal",
    response_model=Decided,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, SAME_PERSON, PROPOSAL_NOT_WAITING),
)
async def refuse_proposal(
    context: Ctx, once: Idempotent, principal: Checker, proposal: ProposalPath, body: RefusalIn
) -> Response:
    """Refuse a proposal with a reason 退回."""
    wish = Decision(proposal, "refused", principal.sub, body.reason)
    return send(await service.decide_no(context.engine, once, wish))


@router.post(
    "/proposals/{id}/withdrawal",
    response_model=Decided,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, PROPOSAL_NOT_WAITING, NOT_THE_PROPOSER),
)
async def withdraw_proposal(
    context: Ctx, once: Idempotent, principal: Proposer, proposal: ProposalPath, body: WithdrawalIn
) -> Response:
    """Withdraw a proposal 撤回: only who prepared or sent it may."""
    wish = Decision(proposal, "withdrawn", principal.sub, body.reason)
    return send(await service.decide_no(context.engine, once, wish))


def _desk(context: Context) -> Approving:
    return Approving(context.database, context.engine, context.again)


def _result(outcome: Outcome, language: Language) -> dict[str, object]:
    if isinstance(outcome, Answer):
        status = "replayed" if outcome.replayed else "approved"
        return {"status": status, "approval": orjson.Fragment(outcome.body)}
    if isinstance(outcome, Problem):
        return {"status": "refused", "problem": outcome.render(language)}
    return {"status": "not_attempted"}
