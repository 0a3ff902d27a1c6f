"""How each report looks as a table for a spreadsheet: Chinese headings, amounts in yuan, sums at the end.

Made from the very answer that is sent as JSON, so that a file cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from claims.claims.paths import STEPS
from claims.divisions.table import table_of
from claims.names import name_of
from claims.reports.rules import AGE_CLASSES, By
from claims.reports.schemas import (
    AgeingFigures,
    AgeingOut,
    ClaimsFigures,
    ClaimsLine,
    ClaimsReportOut,
    ProgrammeResultsOut,
    RefusalReasonsOut,
)
from common.spreadsheets.writing import Column, Line, Sheet, Value

_KEYS: Final = {
    By.STATUS: (Column("状态", width=12),),
    By.CAUSE: (Column("理赔事由", width=12),),
    By.TOWN: (Column("乡镇代码", width=12), Column("乡镇", width=14)),
    By.MONTH: (Column("报案月份", width=10),),
}
_COUNTS: Final = ("件数", "办理中", "已批准", "不予理赔", "已撤回", "已支付")
_AMOUNTS: Final = ("办理中测算金额", "批准金额", "已支付金额")
_KIND: Final = {"check": "核查项", "reason": "审核人员选定"}


def claims_report(book: str, report: ClaimsReportOut) -> tuple[Sheet, Iterator[Line]]:
    """理赔统计表."""
    keys = [column for by in report.by for column in _KEYS[by]]
    columns = (
        *keys,
        *(Column(heading, "whole", 10) for heading in _COUNTS),
        *(Column(f"{heading}（元）", "amount", 18) for heading in _AMOUNTS),
    )

    def lines() -> Iterator[Line]:
        for one in report.items:
            yield Line((*(value for by in report.by for value in _key(by, one)), *_figures(one)))
        yield Line(("合计", *[None] * (len(keys) - 1), *_figures(report.totals)), strong=True)

    return Sheet("理赔统计表", _notes(book, _days("报案日期", report.first_day, report.last_day)), columns), lines()


def _key(by: By, one: ClaimsLine) -> tuple[Value, ...]:
    match by:
        case By.STATUS:
            return (one.status and name_of("statuses", one.status, "zh"),)
        case By.CAUSE:
            return (one.cause and name_of("causes", one.cause, "zh"),)
        case By.TOWN:
            return one.town, one.town_name
        case By.MONTH:
            return (one.month,)


def _figures(one: ClaimsFigures) -> tuple[Value, ...]:
    numbers = (one.claims, one.open_claims, one.approved_claims, one.refused_claims, one.withdrawn_claims)
    return (*numbers, one.paid_claims, one.open_fen, one.approved_fen, one.paid_fen)


def refusal_reasons(book: str, report: RefusalReasonsOut) -> tuple[Sheet, Iterator[Line]]:
    """不予理赔原因统计表."""
    columns = (
        Column("类别", width=16),
        Column("代码", width=24),
        Column("原因", width=30),
        Column("件数", "whole", 10),
    )
    notes = _notes(
        book,
        _days("不予理赔日期", report.first_day, report.last_day),
        f"规则核定不符合：{report.by_rule} 件　审核人员不予通过：{report.by_reviewer} 件",
        "一件理赔有几项原因的，每项各计一次，合计为件数，不是各项之和。",
    )

    def lines() -> Iterator[Line]:
        for one in report.items:
            yield Line((_KIND[one.kind], one.code, one.name_zh, one.claims))
        yield Line(("合计", None, None, report.refused_claims), strong=True)

    return Sheet("不予理赔原因统计表", notes, columns), lines()


def ageing(book: str, report: AgeingOut) -> tuple[Sheet, Iterator[Line]]:
    """理赔办理时效表."""
    columns = (
        Column("待办", width=10), Column("状态", width=12), Column("待办步骤", width=14), Column("件数", "whole", 10),
        Column("测算或批准金额（元）", "amount", 20), *(Column(f"{one.label}天", "whole", 9) for one in AGE_CLASSES),
        Column("已逾期", "whole", 9), Column("三日内到期", "whole", 11), Column("无时限", "whole", 9),
        Column("最早停留日期", "day", 14), Column("最早到期日", "day", 14),
    )  # fmt: skip

    def lines() -> Iterator[Line]:
        for one in report.items:
            waiting = "" if one.waiting_for is None else name_of("waiting_for", one.waiting_for, "zh")
            step = "" if one.step is None else STEPS[one.step].name_zh
            yield Line((waiting, name_of("statuses", one.status, "zh"), step, *_ages(one)))
        yield Line(("合计", None, None, *_ages(report.totals)), strong=True)

    return Sheet("理赔办理时效表", _notes(book, f"计算日：{report.day}"), columns), lines()


def _ages(one: AgeingFigures) -> tuple[Value, ...]:
    ages = (one.by_age[age.label] for age in AGE_CLASSES)
    deadlines = (one.overdue, one.due_soon, one.without_deadline, one.oldest_since, one.earliest_due_on)
    return (one.claims, one.benefit_fen, *ages, *deadlines)


def programme_results(book: str, report: ProgrammeResultsOut) -> tuple[Sheet, Iterator[Line]]:
    """保险方案收支结余表."""
    columns = (
        Column("年度", "whole", 8), Column("保险方案", width=30), Column("承保机构", width=26), Column("资金方式", width=14),
        *(Column(heading, "whole", 10) for heading in ("件数", "已批准", "已支付", "获赔户数")),
        *(Column(f"{heading}（元）", "amount", 18) for heading in ("资金池或保费", "批准金额", "已支付金额", "经办费", "结余")),
        Column("结余处理", width=14),
    )  # fmt: skip
    notes = _notes(book, "经办费按已支付金额合计乘以费率计算，分以下舍去；结余＝资金池或保费－已支付金额－经办费。")

    def lines() -> Iterator[Line]:
        for one in report.items:
            head = (one.year, one.name, one.insurer, name_of("fundings", one.funding, "zh"))
            numbers = (one.claims, one.approved_claims, one.paid_claims, one.paid_households)
            amounts = (one.pool_fen, one.approved_fen, one.paid_fen, one.fee_fen, one.surplus_fen)
            yield Line(
                (*head, *numbers, *amounts, one.surplus_rule and name_of("surplus_rules", one.surplus_rule, "zh"))
            )

    return Sheet("保险方案收支结余表", notes, columns), lines()


def _notes(book: str, *said: str) -> tuple[str, ...]:
    table = table_of(book)
    name = "" if table is None else f" {table.by_code[book].name}"
    return (f"账套：{book}{name}", *said)


def _days(what: str, first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return f"{what}：不限"
    return f"{what}：{first or '不限'} 至 {last or '不限'}"
