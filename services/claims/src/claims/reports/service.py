"""The reports: every figure counted from stored rows, all of one answer as of one instant."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from claims.access.rules import Action
from claims.access.service import record_access
from claims.claims.paths import refusal_reasons as refusal_reasons_in_force
from claims.claims.rules import Status, StepName, WaitingFor
from claims.claims.service import seal_of
from claims.divisions.table import table_of
from claims.eligibility.model import CheckCode, CheckOutcome
from claims.monitoring.store import count_leads, count_leads_by_channel, count_monitored
from claims.names import name_of
from claims.policies.rules import Cause, Funding, SurplusRule
from claims.reports import counts, store
from claims.reports.rules import AGE_CLASSES, By, ReasonKey, RefusedBy, fee_of
from claims.reports.schemas import (
    AgeingFigures,
    AgeingLine,
    AgeingOut,
    ClaimsFigures,
    ClaimsLine,
    ClaimsReportOut,
    ProgrammeResult,
    ProgrammeResultsOut,
    RefusalReason,
    RefusalReasonsOut,
    SummaryOut,
)
from common.database import snapshot, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncEngine

    from claims.claims.sealing import ClaimSeal
    from claims.context import Context
    from claims.places import Places
    from claims.reports.counts import Refused, Wanted


async def summarise(engine: AsyncEngine, book: str, places: Places) -> SummaryOut:
    """Leads, monitored households and people, claims, households paid and the amount paid, of these places of one book."""
    async with snapshot(engine) as conn:
        monitored = await count_monitored(conn, book, places)
        paid = await store.sum_paid(conn, book, places)
        return SummaryOut(
            leads=await count_leads(conn, book, places),
            monitored_households=monitored.households,
            monitored_people=monitored.people,
            leads_by_channel=await count_leads_by_channel(conn, book, places),
            claims_by_status=await store.count_claims(conn, book, "status", places),
            claims_by_cause=await store.count_claims(conn, book, "cause", places),
            households_paid=paid.households,
            amount_paid_fen=paid.amount_fen,
            as_of=await store.instant(conn),
        )


async def claims_report(engine: AsyncEngine, wanted: Wanted, by: Sequence[By]) -> ClaimsReportOut:
    """Claims and their money by status, cause, town and month of the report, each or crossed."""
    async with snapshot(engine) as conn:
        *groups, whole = await counts.claims_by(conn, wanted, by)
        as_of = await store.instant(conn)
    table = table_of(wanted.book)

    def line(row: sa.RowMapping) -> ClaimsLine:
        status, cause, town = row.get("status"), row.get("cause"), row.get("town")
        known = None if table is None or town is None else table.by_code.get(town)
        return ClaimsLine(
            status=None if status is None else Status(status),
            cause=None if cause is None else Cause(cause),
            town=town,
            town_name=None if known is None else known.name,
            month=row.get("month"),
            **figures_of(row),
        )

    return ClaimsReportOut(
        by=list(by),
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        as_of=as_of,
        items=[line(row) for row in groups],
        totals=ClaimsFigures(**figures_of(whole)),
    )


def figures_of(row: sa.RowMapping) -> dict[str, int]:
    """The figures of a group, by name."""
    return {name: int(row[name]) for name in ClaimsFigures.model_fields}


async def refusal_reasons(context: Context, wanted: Wanted) -> RefusalReasonsOut:
    """Why claims were refused: the failing checks of their latest decisions, and what their reviewers chose.

    Decisions are sealed, so they are opened to be counted: some at a time, in a thread, so that nobody waits for it.
    """
    seal = seal_of(context, wanted.book)
    tally, refused, by_rule, after = Counter[ReasonKey](), 0, 0, None
    async with snapshot(context.engine) as conn:
        while page := await counts.refused_after(conn, wanted, after):
            opened = await asyncio.to_thread(_opened, seal, page)
            tally.update(key for one in opened for key in one.reasons)
            refused += len(opened)
            by_rule += sum(bool(one.failing) for one in opened)
            after = page[-1].id
        as_of = await store.instant(conn)
    return RefusalReasonsOut(
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        as_of=as_of,
        refused_claims=refused,
        by_rule=by_rule,
        by_reviewer=refused - by_rule,
        items=_reasons(tally),
    )


def _opened(seal: ClaimSeal, page: Sequence[Refused]) -> list[RefusedBy]:
    """Why each was refused; claims whose people were erased are left out, for nothing tells it any more."""
    kept = [one for one in page if not seal.is_erased(one.content_cipher)]
    decisions = [seal.open_decision(one.id, one.decision_version, one.content_cipher) for one in kept]
    return [
        RefusedBy(
            tuple(check.code.value for check in made.checks if check.outcome is CheckOutcome.FAIL), refused.reason_code
        )
        for refused, made in zip(kept, decisions, strict=True)
    ]


def _reasons(tally: Counter[ReasonKey]) -> list[RefusalReason]:
    """Checks in the order of the decision, then what reviewers chose, in the order of the list."""
    codes = {code.value: (name_of("checks", code, "zh"), name_of("checks", code, "en")) for code in CheckCode}
    chosen = {code: (reason.zh, reason.en) for code, reason in refusal_reasons_in_force().items()}
    known: dict[ReasonKey, tuple[str, str]] = {("check", code): names for code, names in codes.items()}
    known |= {("reason", code): names for code, names in chosen.items()}
    # A code that is no longer in force was chosen all the same.
    known |= {key: (key[1], key[1]) for key in tally.keys() - known.keys()}
    return [
        RefusalReason(kind=kind, code=code, name_zh=zh, name_en=en, claims=tally[kind, code])
        for (kind, code), (zh, en) in known.items()
        if (kind, code) in tally
    ]


async def ageing(engine: AsyncEngine, wanted: Wanted, day: date) -> AgeingOut:
    """Which claims wait for whom and for what, how long on that day, and whose deadline is over by then."""
    async with snapshot(engine) as conn:
        *groups, whole = await counts.ageing(conn, wanted, day)
        as_of = await store.instant(conn)
    return AgeingOut(
        day=day, as_of=as_of, items=[_waiting(row) for row in groups], totals=AgeingFigures(**_waiting_figures(whole))
    )


def _waiting(row: sa.RowMapping) -> AgeingLine:
    waiting_for, step = row["waiting_for"], row["step"]
    return AgeingLine(
        waiting_for=None if waiting_for is None else WaitingFor(waiting_for),
        status=Status(row["status"]),
        step=None if step is None else StepName(step),
        **_waiting_figures(row),
    )


def _waiting_figures(row: sa.RowMapping) -> dict[str, Any]:
    figures = {name: row[name] for name in AgeingFigures.model_fields if name != "by_age"}
    return figures | {"by_age": {one.label: int(row[one.label]) for one in AGE_CLASSES}}


async def programme_results(engine: AsyncEngine, book: str, year: int | None) -> ProgrammeResultsOut:
    """What each programme was given, paid and keeps, of one year or of all."""
    async with snapshot(engine) as conn:
        rows = await counts.programmes(conn, book, year)
        as_of = await store.instant(conn)
    return ProgrammeResultsOut(as_of=as_of, items=[_result(row) for row in rows])


def _result(row: sa.RowMapping) -> ProgrammeResult:
    figures, pool_fen, fee_bp = figures_of(row), row["pool_fen"], row["fee_bp"]
    fee_fen = None if fee_bp is None else fee_of(figures["paid_fen"], fee_bp)
    return ProgrammeResult(
        policy_id=row["id"],
        year=row["year"],
        name=row["name"],
        insurer=row["insurer"],
        funding=Funding(row["funding"]),
        paid_households=row["paid_households"],
        pool_fen=pool_fen,
        fee_bp=fee_bp,
        fee_fen=fee_fen,
        surplus_fen=None if pool_fen is None else pool_fen - figures["paid_fen"] - (fee_fen or 0),
        surplus_rule=None if row["surplus_rule"] is None else SurplusRule(row["surplus_rule"]),
        **figures,
    )


async def record_export(context: Context, book: str, person: str, report: str, file_format: str) -> None:
    """Write down that a report leaves as a file, before it does."""
    async with transaction(context.engine) as conn:
        await record_access(
            conn,
            book=book,
            person=person,
            action=Action.EXPORT,
            subject="report",
            subject_id=None,
            detail={"report": report, "format": file_format},
        )
