"""HTTP of what-if questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from claims.claims.schemas import ClaimIn
from claims.context import Ctx
from claims.eligibility import service
from claims.eligibility.schemas import DecisionContent
from claims.places import check_household
from common.auth import Principal, require
from common.dates import today_in_shanghai
from common.errors import preferred_language
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}/eligibility-checks", tags=["eligibility"])

Asker = Annotated[Principal, Depends(require("claims:read", "claims:intake", heeds_places=True))]


@router.post("", response_model=DecisionContent, responses=responses(404), summary="Ask what a claim would get")
async def check_eligibility(
    request: Request, context: Ctx, book: BookCode, body: ClaimIn, principal: Asker
) -> DecisionContent:
    """Decide a hypothetical claim of a registered household 资格试算. Stores nothing, so it needs no Idempotency-Key."""
    await check_household(context, principal, book, body.household_id)
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    return await service.check_eligibility(context, book, body, today=today_in_shanghai(), language=language)
