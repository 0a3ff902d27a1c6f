"""How each report looks as a table for a spreadsheet: Chinese headings, amounts in yuan, sums at the end.

Made from the very answer that is sent as JSON, so that a file cannot say anything else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from common.spreadsheets.writing import Column, Line, Sheet
from ledger.funds.templates import shipped
from ledger.journal.drafts import AGENCY, GIFT
from ledger.reports.schemas import (
    AccountLedgerOut,
    FundExecutionLine,
    FundExecutionOut,
    FundExecutionTotal,
    LedgerLineOut,
    TrialBalanceOut,
)
from ledger.statements.schemas import (
    AccountBalanceLine,
    AccountBalancesOut,
    AccountBalanceTotal,
    ExecutionByPurposeOut,
    ExecutionBySourceOut,
    GeneralLedgerOut,
    MonthLine,
    PurposeFigures,
    ReceiptsAndPaymentsOut,
    SourceFigures,
    SubsidiaryLedgerOut,
    SubsidiaryLine,
)

BASIS_ZH: Final = {"financial": "财务会计", "budgetary": "预算会计", "control": "预算指标"}
DIRECTION_ZH: Final = {"debit": "借", "credit": "贷", "even": "平"}
SOURCE_ZH: Final = {**shipped().source_names_zh, GIFT: "限定用途捐赠", AGENCY: "受托代理资金"}

_FUND = (Column("基金代码", width=24), Column("基金名称", width=40))
_ACCOUNT = (Column("科目编码", width=12), Column("科目名称", width=26))


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every table: whose book it is."""

    book: str
    name: str

    def notes(self, *said: str) -> tuple[str, ...]:
        """Return the lines below the title."""
        return (f"账套：{self.book} {self.name}", "　".join((*said, "单位：元")))


def _amounts(*headings: str) -> tuple[Column, ...]:
    return tuple(Column(f"{heading}（元）", "amount", 18) for heading in headings)


def source_zh(source: str | None) -> str:
    """Return a source's Chinese name."""
    return SOURCE_ZH.get(source, source) if source else ""


def account_balances(head: Head, report: AccountBalancesOut) -> tuple[Sheet, Iterator[Line]]:
    """科目余额表."""
    columns = (
        *_FUND, *_ACCOUNT, Column("核算基础", width=12),
        *_amounts("期初借方余额", "期初贷方余额", "本期借方发生额", "本期贷方发生额", "期末借方余额", "期末贷方余额"),
    )  # fmt: skip
    notes = head.notes(_days(report.first_day, report.last_day), f"截至凭证序号：{report.seq}")

    def lines() -> Iterator[Line]:
        for line in report.items:
            names = (line.fund, line.fund_name_zh, line.account, line.name_zh, BASIS_ZH[line.basis])
            yield Line((*names, *_six(line)))
        for total in report.totals:
            yield Line(("合计", None, None, None, BASIS_ZH[total.basis], *_six(total)), strong=True)

    return Sheet("科目余额表", notes, columns), lines()


def _six(line: AccountBalanceLine | AccountBalanceTotal) -> tuple[int, ...]:
    opening = (line.opening_debit_fen, line.opening_credit_fen)
    return (*opening, line.debit_fen, line.credit_fen, line.closing_debit_fen, line.closing_credit_fen)


def general_ledger(head: Head, report: GeneralLedgerOut) -> tuple[Sheet, Iterator[Line]]:
    """总账."""
    columns = (
        *_FUND, *_ACCOUNT, Column("月份", width=10), Column("摘要", width=14),
        *_amounts("借方", "贷方"), Column("方向", width=6), *_amounts("余额"),
    )  # fmt: skip
    notes = head.notes(f"会计年度：{report.fiscal_year}", f"截至凭证序号：{report.seq}")

    def lines() -> Iterator[Line]:
        for one in report.items:
            names = (one.fund, one.fund_name_zh, one.account, one.name_zh)
            opening = (DIRECTION_ZH[one.opening_direction], abs(one.opening_fen))
            yield Line((*names, None, "年初余额", None, None, *opening))
            for month in one.months:
                for line in _month(month):
                    yield Line((*names, *line.values), strong=True)

    return Sheet("总账", notes, columns), lines()


def _month(month: MonthLine) -> tuple[Line, Line]:
    standing = (DIRECTION_ZH[month.direction], abs(month.balance_fen))
    return (
        Line((month.month, "本月合计", month.debit_fen, month.credit_fen, *standing), strong=True),
        Line((month.month, "本年累计", month.year_debit_fen, month.year_credit_fen, *standing), strong=True),
    )


def subsidiary_ledger(head: Head, report: SubsidiaryLedgerOut) -> Sheet:
    """明细账. Its lines come by page: see `SubsidiaryLines`."""
    columns = (
        Column("日期", "day", 12), Column("凭证字号", width=14), Column("摘要", width=44), Column("对方科目", width=16),
        Column("资金来源", width=14), Column("外部单据号", width=20), *_amounts("借方", "贷方"), Column("方向", width=6), *_amounts("余额"),
    )  # fmt: skip
    account = f"科目：{report.account} {report.name_zh}"
    fund = f"基金：{report.fund} {report.fund_name_zh}"
    notes = head.notes(fund, account, _days(report.first_day, report.last_day), f"截至凭证序号：{report.seq}")
    return Sheet("明细账", notes, columns)


class SubsidiaryLines:
    """Puts the sums of each month behind its last line, whatever pages the lines come in."""

    def __init__(self, first: SubsidiaryLedgerOut) -> None:
        self._report = first
        self._months = list(reversed(first.months))

    def opening(self) -> Line:
        """Return the line the ledger begins with."""
        one = self._report
        standing = (DIRECTION_ZH[one.opening_direction], abs(one.opening_fen))
        return Line((one.first_day, None, "期初余额", None, None, None, None, None, *standing))

    def page(self, items: Iterable[SubsidiaryLine]) -> Iterator[Line]:
        """Return a page's lines."""
        for one in items:
            yield from self._sums(before=f"{one.effective_on:%Y-%m}")
            voucher = f"{one.voucher_type}-{one.voucher_number}"
            texts = (one.description, " ".join(one.opposite_accounts), source_zh(one.source), one.reference)
            standing = (DIRECTION_ZH[one.direction], abs(one.balance_fen))
            yield Line((one.effective_on, voucher, *texts, one.debit_fen, one.credit_fen, *standing))

    def closing(self) -> Iterator[Line]:
        """Return what stands behind the last line."""
        yield from self._sums(before=None)
        one = self._report
        standing = (DIRECTION_ZH[one.closing_direction], abs(one.closing_fen))
        yield Line(
            (one.last_day, None, "合计", None, None, None, one.debit_fen, one.credit_fen, *standing), strong=True
        )

    def _sums(self, *, before: str | None) -> Iterator[Line]:
        while self._months and (before is None or self._months[-1].month < before):
            for line in _month(self._months.pop()):
                month, said, *figures = line.values
                yield Line((None, None, f"{month} {said}", None, None, None, *figures), strong=True)


def execution_by_source(head: Head, report: ExecutionBySourceOut) -> tuple[Sheet, Iterator[Line]]:
    """按资金来源的资金执行情况."""
    columns = (
        *_FUND,
        Column("资金来源", width=16),
        *_amounts("年初结存", "本年收入", "本年支出", "期末结存", "预算支出"),
    )
    notes = head.notes(f"会计年度：{report.fiscal_year}", f"截止日期：{report.as_of}")

    def figures(one: SourceFigures) -> tuple[int, ...]:
        return (one.opening_fen, one.received_fen, one.paid_fen, one.balance_fen, one.expended_fen)

    def lines() -> Iterator[Line]:
        for one in report.items:
            yield Line((one.fund, one.fund_name_zh, source_zh(one.source), *figures(one)))
        yield Line(("合计", None, None, *figures(report.total)), strong=True)

    return Sheet("资金执行情况表（按来源）", notes, columns), lines()


def execution_by_purpose(head: Head, report: ExecutionByPurposeOut) -> tuple[Sheet, Iterator[Line]]:
    """按用途的资金执行情况."""
    columns = (
        *_FUND, Column("用途编码", width=16), Column("用途", width=22),
        *_amounts("下达指标", "冻结指标", "已用指标", "可用指标"), Column("执行率", width=10),
    )  # fmt: skip
    notes = head.notes(f"预算年度：{report.fiscal_year}", f"截止日期：{report.as_of}")

    def figures(one: PurposeFigures) -> tuple[int | str | None, ...]:
        return (one.allotted_fen, one.encumbered_fen, one.expended_fen, one.available_fen, one.execution_rate)

    def lines() -> Iterator[Line]:
        for one in report.items:
            yield Line((one.fund, one.fund_name_zh, one.purpose_code, one.purpose_name_zh, *figures(one)))
        yield Line(("合计", None, None, None, *figures(report.total)), strong=True)

    return Sheet("资金执行情况表（按用途）", notes, columns), lines()


def receipts_and_payments(head: Head, report: ReceiptsAndPaymentsOut) -> tuple[Sheet, Iterator[Line]]:
    """收支表."""
    columns = (
        *_FUND,
        Column("类别", width=12),
        Column("项目", width=28),
        Column("笔数", "whole", 8),
        *_amounts("金额"),
    )
    notes = head.notes(_days(report.first_day, report.last_day), f"截至凭证序号：{report.seq}")

    def lines() -> Iterator[Line]:
        for one in report.items:
            names = (one.fund, one.fund_name_zh)
            yield Line((*names, "期初结存", None, None, one.opening_fen))
            for said, listed, fen in (
                ("收入", one.receipts, one.receipts_fen),
                ("支出", one.payments, one.payments_fen),
            ):
                for line in listed:
                    yield Line((*names, said, line.title_zh, line.postings, line.amount_fen))
                yield Line((*names, f"{said}合计", None, None, fen), strong=True)
            yield Line((*names, "期末结存", None, None, one.closing_fen), strong=True)
        total = report.total
        said_of = (("期初结存", total.opening_fen), ("收入合计", total.receipts_fen), ("支出合计", total.payments_fen))
        for said, fen in (*said_of, ("期末结存", total.closing_fen)):
            yield Line(("合计", None, said, None, None, fen), strong=True)

    return Sheet("收支表", notes, columns), lines()


def trial_balance(head: Head, report: TrialBalanceOut) -> tuple[Sheet, Iterator[Line]]:
    """试算平衡表."""
    columns = (
        _FUND[0],
        *_ACCOUNT,
        Column("核算基础", width=12),
        *_amounts("累计借方", "累计贷方", "余额（借方减贷方）"),
    )
    notes = head.notes(f"截止日期：{report.as_of}", f"截至凭证序号：{report.seq}")

    def lines() -> Iterator[Line]:
        for one in report.items:
            names = (one.fund, one.account, one.name_zh, BASIS_ZH[one.basis])
            yield Line((*names, one.debit_fen, one.credit_fen, one.balance_fen))
        for total in report.totals:
            said = (total.fund, None, "合计", BASIS_ZH[total.basis])
            yield Line((*said, total.debit_fen, total.credit_fen, total.debit_fen - total.credit_fen), strong=True)

    return Sheet("试算平衡表", notes, columns), lines()


def fund_execution(head: Head, report: FundExecutionOut) -> tuple[Sheet, Iterator[Line]]:
    """资金执行情况表."""
    columns = (
        _FUND[0], Column("上级基金", width=20), _FUND[1],
        *_amounts("下达指标", "冻结指标", "已用指标", "可用指标"), Column("执行率", width=10),
    )  # fmt: skip
    notes = head.notes(f"预算年度：{report.fiscal_year}", f"截止日期：{report.as_of}", f"截至凭证序号：{report.seq}")

    def figures(one: FundExecutionLine | FundExecutionTotal) -> tuple[int | str | None, ...]:
        return (one.allotted_fen, one.encumbered_fen, one.expended_fen, one.available_fen, one.execution_rate)

    def lines() -> Iterator[Line]:
        for one in report.items:
            yield Line((one.code, one.parent, one.name_zh, *figures(one)))
        yield Line(("合计", None, None, *figures(report.total)), strong=True)

    return Sheet("资金执行情况表", notes, columns), lines()


def account_ledger(head: Head, report: AccountLedgerOut) -> Sheet:
    """科目明细（分录账）; its lines come by page."""
    columns = (
        Column("日期", "day", 12), Column("凭证字号", width=14), Column("摘要", width=44), Column("外部单据号", width=20),
        Column("备注", width=20), Column("预算年度", "whole", 10), Column("资金来源", width=14),
        *_amounts("借方", "贷方", "余额（借方减贷方）"),
    )  # fmt: skip
    account = f"科目：{report.account} {report.name_zh}"
    days = _days(report.effective_from, report.effective_to)
    notes = head.notes(f"基金：{report.fund}", account, days, f"截至凭证序号：{report.seq}")
    return Sheet("科目账", notes, columns)


def account_ledger_opening(report: AccountLedgerOut) -> Line:
    """Return the line an account's ledger begins with."""
    blank = (None, None, None, None, None, None)
    return Line((report.effective_from, None, "期初余额", *blank, report.opening_balance_fen))


def account_ledger_lines(items: Iterable[LedgerLineOut]) -> Iterator[Line]:
    """Return a page's lines."""
    for one in items:
        texts = (f"{one.voucher_type}-{one.voucher_number}", one.description, one.reference, one.memo)
        figures = (one.debit_fen, one.credit_fen, one.balance_fen)
        yield Line((one.effective_on, *texts, one.budget_year, source_zh(one.source), *figures))


def account_ledger_closing(report: AccountLedgerOut) -> Line:
    """Return the line an account's ledger ends with."""
    figures = (report.debit_fen, report.credit_fen, report.closing_balance_fen)
    return Line((report.effective_to, None, "合计", None, None, None, None, *figures), strong=True)


def _days(first: object, last: object) -> str:
    return f"期间：{first} 至 {last}"
