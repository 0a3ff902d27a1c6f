"""HTTP of the reports room: each report as JSON, CSV and XLSX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from claims.context import Ctx
from claims.divisions.service import find_town
from claims.policies.rules import Cause
from claims.reports import service, sheets
from claims.reports.counts import Wanted
from claims.reports.rules import By, parsed_by
from claims.reports.schemas import AgeingOut, ClaimsReportOut, ProgrammeResultsOut, RefusalReasonsOut, SummaryOut
from common.auth import Principal, require
from common.dates import FIRST_YEAR, LAST_YEAR, BusinessDate, today_in_shanghai
from common.paging import QueryInteger
from common.text import BookCode
from common.validation import invalid_field
from common.web import Router
from common.web.files import FILES, Format, OfFormat, as_file, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims.context import Context
    from common.spreadsheets.writing import Line, Sheet

router = Router(prefix="/v1/books/{book}/reports", tags=["reports"])

Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
FirstDay = Annotated[BusinessDate | None, Query(alias="from", description="First day; open by default. 起始日期。")]
LastDay = Annotated[BusinessDate | None, Query(alias="to", description="Last day; open by default. 截止日期。")]
Town = Annotated[str | None, Query(max_length=200, description="Code or exact name. 乡镇。")]
OfCause = Annotated[Cause | None, Query(description="This cause alone. 理赔事由。")]


@router.get("/summary", response_model=SummaryOut)
async def get_summary(book: BookCode, principal: Reader, ctx: Ctx) -> SummaryOut:
    """Leads, monitored households and people, claims by status and cause, households paid, amount paid; of the token's places."""
    return await service.summarise(ctx.engine, book, principal.places)


@router.get(
    "/claims", response_model=ClaimsReportOut, responses=FILES, summary="Claims by status, cause, town and month"
)
async def get_claims_report(
    book: BookCode,
    principal: Reader,
    ctx: Ctx,
    by: Annotated[
        str,
        Query(
            max_length=60,
            description="`status`, `cause`, `town`, `month` (of the report), or several of them crossed, e.g. `cause,town`. 统计口径。",
            examples=["cause,town"],
        ),
    ] = "status",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    town: Town = None,
    cause: OfCause = None,
    wanted: OfFormat = "json",
) -> ClaimsReportOut | Response:
    """Count claims and their money 理赔统计表, of the days on which they were reported and of the token's places."""
    groups = parsed_by(by)
    if groups is None:
        known = ", ".join(one.value for one in By)
        raise invalid_field(
            "by", "unknown_group", f"只能是 {known}，各一次，以逗号分隔。", f"Takes {known}, each once, by commas."
        )
    report = await service.claims_report(ctx.engine, _wanted(book, principal, first_day, last_day, town, cause), groups)
    if wanted == "json":
        return report
    return await _taken(ctx, book, principal, wanted, "claims", sheets.claims_report(book, report))


@router.get(
    "/ageing", response_model=AgeingOut, responses=FILES, summary="What waits for whom, how long, what is overdue"
)
async def get_ageing(
    book: BookCode,
    principal: Reader,
    ctx: Ctx,
    day: Annotated[
        BusinessDate | None,
        Query(
            description="Measure ages and deadlines on this day; today by default. A later day shows what will be overdue. 计算日。"
        ),
    ] = None,
    town: Town = None,
    cause: OfCause = None,
    wanted: OfFormat = "json",
) -> AgeingOut | Response:
    """Count the claims that wait, by whom, status and step, by age and deadline 理赔办理时效表; of the token's places."""
    report = await service.ageing(
        ctx.engine, _wanted(book, principal, None, None, town, cause), day or today_in_shanghai()
    )
    if wanted == "json":
        return report
    return await _taken(ctx, book, principal, wanted, "ageing", sheets.ageing(book, report))


@router.get("/refusal-reasons", response_model=RefusalReasonsOut, responses=FILES, summary="Why claims were refused")
async def get_refusal_reasons(
    book: BookCode,
    principal: Reader,
    ctx: Ctx,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    town: Town = None,
    cause: OfCause = None,
    wanted: OfFormat = "json",
) -> RefusalReasonsOut | Response:
    """Count why claims were refused 不予理赔原因统计表: failing checks, and what reviewers chose; of the days of refusal."""
    report = await service.refusal_reasons(ctx, _wanted(book, principal, first_day, last_day, town, cause))
    if wanted == "json":
        return report
    return await _taken(ctx, book, principal, wanted, "refusal-reasons", sheets.refusal_reasons(book, report))


@router.get(
    "/programme-results", response_model=ProgrammeResultsOut, responses=FILES, summary="Result of each programme"
)
async def get_programme_results(
    book: BookCode,
    principal: Annotated[Principal, Depends(require("claims:read"))],
    ctx: Ctx,
    year: Annotated[
        QueryInteger | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="This year alone. 年度。")
    ] = None,
    wanted: OfFormat = "json",
) -> ProgrammeResultsOut | Response:
    """Read what each programme was given, paid, owes in fees and keeps 保险方案收支结余表; of the whole book."""
    report = await service.programme_results(ctx.engine, book, year)
    if wanted == "json":
        return report
    return await _taken(ctx, book, principal, wanted, "programme-results", sheets.programme_results(book, report))


def _wanted(
    book: str,
    principal: Principal,
    first_day: BusinessDate | None,
    last_day: BusinessDate | None,
    town: str | None,
    cause: Cause | None,
) -> Wanted:
    if first_day is not None and last_day is not None and last_day < first_day:
        raise invalid_field("to", "before_from", "截止日期不得早于起始日期。", "Must not be before `from`.")
    code = None if town is None else find_town(book, town)
    return Wanted(book, principal.places, first_day, last_day, code, cause)


async def _taken(
    ctx: Context, book: str, principal: Principal, wanted: Format, name: str, made: tuple[Sheet, Iterator[Line]]
) -> Response:
    """Answer with a report as a file, once the access log says who took it."""
    await service.record_export(ctx, book, principal.sub, name, wanted)
    sheet, lines = made
    return await as_file(wanted, name, sheet, pieces_of(lines), book)
