"""HTTP of households: routes, scopes, ETags. Personal data never stands in an address: searches are POSTs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Header, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Ctx
from claims.erased import erased_named
from claims.households import history, reference, service
from claims.households.edit import edit_household
from claims.households.examples import SEARCHES
from claims.households.schemas import (
    CategoryOut,
    HouseholdChanged,
    HouseholdIn,
    HouseholdOut,
    HouseholdPatch,
    HouseholdSearch,
    Place,
    RelationOut,
)
from claims.idempotency import once
from claims.places import check_place, placed
from claims.problems import MONITORED_CATEGORY, PERSONAL_DATA_ERASED
from common.auth import Principal, require
from common.dates import BusinessDate, now_utc, today_in_shanghai
from common.errors import PRECONDITION_FAILED, PRECONDITION_REQUIRED
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["households"])

WRITERS = ("claims:intake", "claims:village", "claims:town", "claims:county")
Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
ReaderOfOne = Annotated[Principal, Depends(placed("claims:read"))]
Writer = Annotated[Principal, Depends(require(*WRITERS, heeds_places=True))]
WriterOfOne = Annotated[Principal, Depends(placed(*WRITERS))]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=100, description="The ETag that was read.", examples=['"1"'])
]
_ETAG = re.compile(r'"([1-9][0-9]{0,8})"')


def etag(version: int) -> dict[str, str]:
    """The ETag of a household's version."""
    return {"ETag": f'"{version}"'}


def version_read(if_match: str | None) -> int:
    """The version an editor read. Raises `precondition_required` without the header, `precondition_failed` for no version of ours."""
    if if_match is None:
        raise PRECONDITION_REQUIRED.error(field="If-Match")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise PRECONDITION_FAILED.error(field="If-Match")
    return int(match.group(1))


@router.post(
    "/households",
    status_code=201,
    response_model=HouseholdChanged,
    responses=responses(409),
    summary="Register 登记农户",
)
async def register_household(
    book: BookCode, body: HouseholdIn, request: Request, context: Ctx, principal: Writer, key: IdempotencyKey
) -> Response:
    """Register a household with its members. Names in the answer are masked, because it is kept for replay; GET shows them."""
    check_place(principal, book, body.town, body.village)

    async def work(conn: AsyncConnection) -> HouseholdChanged:
        return await service.register_household(
            conn,
            context.personal(book),
            book=book,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work, etag=True)


@router.get("/households", summary="List 农户列表")
async def list_households(
    book: BookCode,
    context: Ctx,
    principal: Reader,
    town: Annotated[Place | None, Query()] = None,
    village: Annotated[Place | None, Query()] = None,
    category: Annotated[Code | None, Query(examples=["sudden_hardship"])] = None,
    monitored: Annotated[bool | None, Query(strict=False)] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HouseholdOut]:
    """List households in order of entry, by place, category, and whether they are monitored now."""
    wanted = replace(service.filter_of(book, town, village, category, monitored=monitored), places=principal.places)
    items, next_cursor = await service.list_households(context, book, wanted, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.post("/households/search", summary="Search by personal data 按个人信息查找")
async def search_households(
    book: BookCode,
    body: Annotated[HouseholdSearch, Body(openapi_examples=SEARCHES)],
    context: Ctx,
    principal: Reader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HouseholdOut]:
    """Find households by exact ID number, exact phone, or exact name within a town. Creates nothing; takes no key."""
    items, next_cursor = await service.search_households(context, book, body, principal.places, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/households/{household_id}", responses=responses(404), summary="One household 农户详情")
async def get_household(
    book: BookCode,
    household_id: UUID,
    context: Ctx,
    _principal: ReaderOfOne,
    response: Response,
    as_of: Annotated[
        BusinessDate | None,
        Query(description="What the register said at the end of this day. 截至某日。", examples=["2021-03-31"]),
    ] = None,
) -> HouseholdOut:
    """Show a household as it is, with the ETag that PATCH asks for; or as the register had it on a day, with who belonged to it then."""
    if as_of is not None:
        return await history.household_as_of(context, book, household_id, as_of)
    found = await service.get_household(context, book, household_id)
    response.headers.update(etag(found.version))
    return found


@router.patch(
    "/households/{household_id}",
    responses=responses(404, 412, 428, MONITORED_CATEGORY, PERSONAL_DATA_ERASED),
    summary="Edit 修改农户",
)
async def patch_household(
    book: BookCode,
    household_id: UUID,
    body: HouseholdPatch,
    context: Ctx,
    principal: WriterOfOne,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdChanged:
    """Change place, category, income, account, cadre or members of the version that was read; what is left out stays."""
    with erased_named():
        changed = await edit_household(
            context,
            book=book,
            household_id=household_id,
            version=version_read(if_match),
            body=body,
            by_person=principal.sub,
            places=principal.places,
            today=today_in_shanghai(),
            now=now_utc(),
        )
    response.headers.update(etag(changed.version))
    return changed


@router.get("/household-categories", summary="Categories of households 农户类别")
async def list_categories(book: BookCode, _principal: Reader) -> Page[CategoryOut]:
    """List the categories with the days they are in force."""
    del book  # the categories are the same in every county
    items = [
        CategoryOut(
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            monitored=row.monitored,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            source=row.source,
        )
        for row in reference.categories()
    ]
    return Page(items=items, next_cursor=None)


@router.get("/member-relations", summary="Relations to the head 与户主关系")
async def list_relations(book: BookCode, _principal: Reader) -> Page[RelationOut]:
    """List the relations with the Chinese words that mean them."""
    del book  # the relations are the same in every county
    items = [
        RelationOut(code=row.code, name_zh=row.name_zh, name_en=row.name_en, words=row.words)
        for row in reference.relations()
    ]
    return Page(items=items, next_cursor=None)
