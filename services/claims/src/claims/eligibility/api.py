"""HTTP of what-if questions: what a claim would get, and what terms would pay."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from claims.claims.schemas import ClaimIn
from claims.context import Ctx
from claims.eligibility import preview, service
from claims.eligibility.preview_schemas import PreviewIn, PreviewOut
from claims.eligibility.schemas import DecisionContent
from claims.places import check_household
from common.auth import Principal, require
from common.dates import today_in_shanghai
from common.errors import preferred_language
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["eligibility"])

Asker = Annotated[Principal, Depends(require("claims:read", "claims:intake", heeds_places=True))]


@router.post(
    "/eligibility-checks",
    response_model=DecisionContent,
    responses=responses(404),
    summary="Ask what a claim would get",
)
async def check_eligibility(
    request: Request, context: Ctx, book: BookCode, body: ClaimIn, principal: Asker
) -> DecisionContent:
    """Decide a hypothetical claim of a registered household 资格试算. Stores nothing, so it needs no Idempotency-Key."""
    await check_household(context, principal, book, body.household_id)
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    return await service.check_eligibility(context, book, body, today=today_in_shanghai(), language=language)


@router.post(
    "/policies/{policy_id}/terms/{terms_id}/preview",
    response_model=PreviewOut,
    responses=responses(404),
    summary="Try terms on sample losses",
)
async def preview_terms(
    request: Request,
    context: Ctx,
    book: BookCode,
    policy_id: UUID,
    terms_id: UUID,
    body: PreviewIn,
    _: Annotated[Principal, Depends(require("claims:read", heeds_places=True))],
) -> PreviewOut:
    """Show what a version of terms pays for sample losses beside the version in force 条款对比试算. Stores nothing."""
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    return await preview.preview(context, book, policy_id, terms_id, body, language)
