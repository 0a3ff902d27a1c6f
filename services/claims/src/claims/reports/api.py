"""HTTP of the reports room."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from claims.context import Ctx
from claims.reports.schemas import SummaryOut
from claims.reports.service import summarise
from common.auth import Principal, require
from common.text import BookCode
from common.web import Router

router = Router(prefix="/v1/books/{book}", tags=["reports"])


@router.get("/reports/summary", response_model=SummaryOut)
async def get_summary(
    book: BookCode, principal: Annotated[Principal, Depends(require("claims:read", heeds_places=True))], ctx: Ctx
) -> SummaryOut:
    """Leads, monitored households and people, claims by status and cause, households paid, amount paid; of the token's places."""
    return await summarise(ctx.engine, book, principal.places)
