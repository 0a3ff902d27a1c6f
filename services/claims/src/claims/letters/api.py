"""HTTP of the letters."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response

from claims.claims.api import Version
from claims.context import Ctx
from claims.letters import service
from claims.letters.page import page, policy
from claims.places import placed
from claims.problems import PERSONAL_DATA_ERASED
from common.auth import Principal
from common.errors import preferred_language
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}/claims", tags=["letters"])

Sender = Annotated[Principal, Depends(placed("claims:intake", "claims:county"))]

_EXAMPLE = '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<title>理赔核定通知书 610923-2021-000001</title>'


@router.get(
    "/{claim_id}/decision/letter",
    response_class=Response,
    responses={
        **responses(404, PERSONAL_DATA_ERASED),
        200: {
            "description": "The page, in the language of Accept-Language.",
            "content": {"text/html": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
    },
    summary="Print a decision as a letter",
)
async def get_letter(
    request: Request, context: Ctx, book: BookCode, claim_id: UUID, person: Sender, version: Version = None
) -> Response:
    """Show a decision as the letter to the claimant 理赔核定通知书: what was asked, found and computed, and how to appeal.

    Needs `claims:intake` or `claims:county`. The letter names the claimant and shows no ID number, phone or account; every letter made
    is recorded in the access log. While a claim is open, and for an earlier version of its decision, the page is marked as a draft.
    It is whole in itself: it loads nothing and runs nothing.
    """
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    letter = await service.read_letter(context, book, claim_id, version, person=person.sub)
    return HTMLResponse(page(letter, language), headers={"Content-Security-Policy": policy()})
