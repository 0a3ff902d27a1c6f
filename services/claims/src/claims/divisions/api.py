"""HTTP of divisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from claims.divisions import service
from claims.divisions.schemas import DivisionOut, DivisionsOut
from common.auth import Principal, require
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["divisions"])

Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
Parent = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{6}([0-9]{3})?$", description="A county or town. 上级区划代码。", examples=["610923"]),
]


@router.get("/divisions", responses=responses(404), summary="Towns of the county, or villages of a town 区划")
async def list_divisions(book: BookCode, _principal: Reader, parent: Parent = None) -> DivisionsOut:
    """List what lies directly below the county, or below `parent`. 404 if there is no table here for the county."""
    table, rows = service.divisions_of(book, parent)
    items = [DivisionOut(code=row.code, level=row.level, name=row.name, parent_code=row.parent_code) for row in rows]
    return DivisionsOut(code_system=table.code_system, as_of=table.as_of, items=items)
