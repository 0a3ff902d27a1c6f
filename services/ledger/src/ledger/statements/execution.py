"""Execution by source and by purpose, receipts and payments: what came, what went, what is left. Reads only."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import date
from functools import cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from common.validation import invalid_field
from ledger.funds.templates import shipped
from ledger.journal.drafts import AGENCY, CASH, GIFT, SOURCES
from ledger.operations.catalogue import catalogue
from ledger.reports.rules import ControlFigures, FundNode, execution_rate_basis_points, percent_text
from ledger.statements import rules, store
from ledger.statements.rules import Movement, RangeQuestion, Span
from ledger.statements.schemas import (
    CashFund,
    CashLine,
    CashTotal,
    ExecutionByPurposeOut,
    ExecutionBySourceOut,
    PurposeFigures,
    PurposeLine,
    ReceiptsAndPaymentsOut,
    SourceFigures,
    SourceLine,
)
from ledger.statements.service import Scene, moved_in, scene_of, span_of
from ledger.statements.store import CashMoved, Narrowing

_CONTROL = ("allotted", "encumbered", "expended", "available")
_SOURCE_ORDER = (*SOURCES, GIFT, AGENCY)
_OTHER_KINDS = {
    "journal": ("手工凭证", "Free journal entry"),
    "opening": ("期初余额", "Opening balance"),
    "reversal": ("红字冲销", "Reversal"),
    "budget_version": ("预算调整", "Version of the budget"),
    "year_end_closing": ("年末结转", "Year-end closing"),
    "encumbrance_lapse": ("冻结指标失效", "Encumbrances lapse"),
    "budget_lapse": ("指标失效", "Budget lapses"),
    "carry_forward": ("结转下年", "Carried into the next year"),
}


@cache
def kind_titles(extra: Path | None) -> Mapping[str, tuple[str, str]]:
    """Return the Chinese and English title of every kind of entry: templates, the catalogue, and a county's own operations."""
    templates = [*catalogue(extra).operations, *shipped().templates]
    return {one.kind: (one.title_zh, one.title_en) for one in templates} | _OTHER_KINDS


async def execution_by_source(
    engine: AsyncEngine, book: str, *, as_of: date | None, fiscal_year: int | None, fund: str | None
) -> ExecutionBySourceOut:
    """Return cash by fund and source from the year's beginning to a day, and what of the year's budget was spent.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a day after today or outside the fiscal year.
    """
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        span = _year_so_far(as_of, fiscal_year, scene.today)
        year = span.first.year
        cash = Narrowing(accounts=(CASH,))
        moved = await moved_in(connection, book, span, scene, ("fund", "source"), cash, seq=scene.head)
        spent = await store.turnover_at(
            connection, book, scene.cut(span.last), ("fund", "source"), Narrowing(None, ("expended",), year)
        )
    standing = {one.key: one for one in moved}
    expended = {one.key: -one.net_fen for one in spent}
    items = []
    for node in rules.subtree(scene.funds, fund):
        for source in sorted({key[1] for key in (*standing, *expended) if key[0] == node.code}, key=_source_place):
            key = (node.code, source)
            figures = _source_figures([standing.get(key, Movement(key, 0, 0, 0))], expended.get(key, 0))
            if any(figures.model_dump().values()):
                items.append(_source_line(node, source, figures))
    shown = {(line.fund, line.source) for line in items}
    total = _source_figures(
        [one for key, one in standing.items() if key in shown],
        sum(fen for key, fen in expended.items() if key in shown),
    )
    return ExecutionBySourceOut(as_of=span.last, fiscal_year=year, seq=scene.head, items=items, total=total)


def _year_so_far(as_of: date | None, fiscal_year: int | None, today: date) -> Span:
    if fiscal_year is None:
        day = rules.day_or_today("as_of", as_of, today)
        return Span(date(day.year, 1, 1), day)
    span = rules.span_of(RangeQuestion(fiscal_year=fiscal_year), today, today)
    if as_of is None:
        return span
    day = rules.day_or_today("as_of", as_of, today)
    if day.year != fiscal_year:
        raise invalid_field("as_of", "outside_the_year", "日期不在该会计年度之内。", "Lies outside the fiscal year.")
    return Span(span.first, day)


def _source_place(source: str) -> tuple[int, str]:
    return (_SOURCE_ORDER.index(source) if source in _SOURCE_ORDER else len(_SOURCE_ORDER), source)


def _source_figures(moved: Iterable[Movement], expended_fen: int) -> SourceFigures:
    listed = list(moved)
    return SourceFigures(
        opening_fen=sum(one.opening_fen for one in listed),
        received_fen=sum(one.debit_fen for one in listed),
        paid_fen=sum(one.credit_fen for one in listed),
        balance_fen=sum(one.closing_fen for one in listed),
        expended_fen=expended_fen,
    )


def _source_line(node: FundNode, source: str, figures: SourceFigures) -> SourceLine:
    return SourceLine(
        fund=node.code, fund_name_zh=node.name_zh, fund_name_en=node.name_en, source=source, **figures.model_dump()
    )


async def execution_by_purpose(
    engine: AsyncEngine, book: str, *, as_of: date | None, fiscal_year: int | None, fund: str | None
) -> ExecutionByPurposeOut:
    """Return what every purpose of every fund was allotted, has reserved, has spent and may still use, at the end of a day.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a day after today.
    """
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        day = rules.day_or_today("as_of", as_of, scene.today)
        year = day.year if fiscal_year is None else fiscal_year
        wanted = Narrowing(None, _CONTROL, year)
        columns = ("fund", "purpose_code", "account")
        moved = await store.turnover_at(connection, book, scene.cut(day), columns, wanted)
        names = await store.purpose_names(connection, book)
    net = {one.key: one.net_fen for one in moved}
    items, total = [], ControlFigures()
    for node in rules.subtree(scene.funds, fund):
        for purpose in sorted({key[1] for key in net if key[0] == node.code}):
            fen = {code: net.get((node.code, purpose, code), 0) for code in _CONTROL}
            figures = ControlFigures(fen["allotted"], -fen["encumbered"], -fen["expended"], -fen["available"])
            if any(astuple(figures)):
                items.append(_purpose_line(node, purpose, _purpose_name(names, node.code, purpose), figures))
                total += figures
    shown = PurposeFigures(**_purpose_figures(total).model_dump())
    return ExecutionByPurposeOut(as_of=day, fiscal_year=year, seq=scene.head, items=items, total=shown)


def _purpose_name(names: Mapping[tuple[str, str], tuple[str, str]], fund: str, purpose: str) -> tuple[str, str]:
    """Return a purpose's names; a purpose of a fund is one of the funds below it too."""
    if not purpose:
        return ("未分用途", "General budget")
    above = fund
    while above:
        if (fund_name := names.get((above, purpose))) is not None:
            return fund_name
        above = above.rpartition(".")[0]
    return (purpose, purpose)


def _purpose_figures(figures: ControlFigures) -> PurposeFigures:
    rate = execution_rate_basis_points(figures.expended_fen, figures.allotted_fen)
    return PurposeFigures(
        allotted_fen=figures.allotted_fen,
        encumbered_fen=figures.encumbered_fen,
        expended_fen=figures.expended_fen,
        available_fen=figures.available_fen,
        execution_rate_basis_points=rate,
        execution_rate=percent_text(rate),
    )


def _purpose_line(node: FundNode, purpose: str, names: tuple[str, str], figures: ControlFigures) -> PurposeLine:
    return PurposeLine(
        fund=node.code,
        fund_name_zh=node.name_zh,
        fund_name_en=node.name_en,
        purpose_code=purpose or None,
        purpose_name_zh=names[0],
        purpose_name_en=names[1],
        **_purpose_figures(figures).model_dump(),
    )


async def receipts_and_payments(
    engine: AsyncEngine, book: str, question: RangeQuestion, *, fund: str | None, extra_operations: Path | None
) -> ReceiptsAndPaymentsOut:
    """Return the 收支表: opening cash, receipts and payments by kind, closing cash, of each fund and those below it.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a range that cannot be.
    """
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        span = await span_of(connection, book, question, scene.today)
        cash = Narrowing(accounts=(CASH,))
        moved = await moved_in(connection, book, span, scene, ("fund",), cash, seq=scene.head)
        kinds = await store.cash_by_kind(connection, book, (span.first, span.last), scene.head)
    items = _cash_funds(scene, fund, {one.key[0]: one for one in moved}, kinds, kind_titles(extra_operations))
    total = CashTotal(
        opening_fen=sum(one.opening_fen for one in items),
        receipts_fen=sum(one.receipts_fen for one in items),
        payments_fen=sum(one.payments_fen for one in items),
        closing_fen=sum(one.closing_fen for one in items),
    )
    return ReceiptsAndPaymentsOut(first_day=span.first, last_day=span.last, seq=scene.head, items=items, total=total)


def _cash_funds(
    scene: Scene,
    fund: str | None,
    moved: Mapping[str, Movement],
    kinds: Iterable[CashMoved],
    titles: Mapping[str, tuple[str, str]],
) -> list[CashFund]:
    receipts: dict[str, list[CashLine]] = {}
    payments: dict[str, list[CashLine]] = {}
    for one in kinds:
        for listed, postings, fen in ((receipts, one.received, one.received_fen), (payments, one.paid, one.paid_fen)):
            if postings or fen:
                zh, en = titles.get(one.kind, (one.kind, one.kind))
                line = CashLine(kind=one.kind, title_zh=zh, title_en=en, postings=postings, amount_fen=fen)
                listed.setdefault(one.fund, []).append(line)
    items = []
    for node in rules.subtree(scene.funds, fund):
        stood = moved.get(node.code, Movement((node.code,), 0, 0, 0))
        took, gave = receipts.get(node.code, []), payments.get(node.code, [])
        if not (took or gave or stood.opening_fen or stood.closing_fen):
            continue
        items.append(
            CashFund(
                fund=node.code,
                fund_name_zh=node.name_zh,
                fund_name_en=node.name_en,
                opening_fen=stood.opening_fen,
                receipts=took,
                receipts_fen=stood.debit_fen,
                payments=gave,
                payments_fen=stood.credit_fen,
                closing_fen=stood.closing_fen,
            )
        )
    return items
