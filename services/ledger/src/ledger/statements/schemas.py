"""Wire types of the statements. Amounts are integers of fen; balances are debit minus credit unless a column says its side."""

from datetime import date
from typing import Literal
from uuid import UUID

from common.money import SignedFen
from common.web import Wire, example
from ledger.reports.schemas import BasisName

DirectionName = Literal["debit", "credit", "even"]

_SUMS = {
    "opening_debit_fen": 500_000_000,
    "opening_credit_fen": 0,
    "debit_fen": 300_000_000,
    "credit_fen": 80_000_000,
    "closing_debit_fen": 720_000_000,
    "closing_credit_fen": 0,
}
_NAMES = {
    "fund": "repair",
    "fund_name_zh": "设施维护防贫基金",
    "fund_name_en": "Upkeep of facilities",
    "account": "1002",
    "basis": "financial",
    "name_zh": "银行存款",
    "name_en": "Bank deposits",
}


class AccountBalanceLine(Wire):
    """One account of one fund: opening 期初余额, turnover 本期发生额, closing 期末余额; closing = opening + turnover."""

    fund: str
    fund_name_zh: str
    fund_name_en: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    opening_debit_fen: SignedFen
    opening_credit_fen: SignedFen
    debit_fen: SignedFen
    credit_fen: SignedFen
    closing_debit_fen: SignedFen
    closing_credit_fen: SignedFen


class AccountBalanceTotal(Wire):
    """The sums of one basis: each pair is equal, or the books are broken."""

    basis: BasisName
    opening_debit_fen: SignedFen
    opening_credit_fen: SignedFen
    debit_fen: SignedFen
    credit_fen: SignedFen
    closing_debit_fen: SignedFen
    closing_credit_fen: SignedFen
    balanced: bool
    """Whether debit equals credit in every pair 借贷平衡."""


class AccountBalancesOut(Wire):
    """Opening, turnover and closing of every account over a range of days 科目余额表, counting entries up to a ``seq``.

    Opening balances taken over in the range count as opening. Accounts on which nothing stands or moved are left out.
    """

    model_config = example(
        {
            "first_day": "2026-01-01",
            "last_day": "2026-03-31",
            "seq": 412,
            "include_descendants": False,
            "items": [{**_NAMES, **_SUMS}],
            "totals": [
                {
                    "basis": "financial",
                    "opening_debit_fen": 500_000_000,
                    "opening_credit_fen": 500_000_000,
                    "debit_fen": 380_000_000,
                    "credit_fen": 380_000_000,
                    "closing_debit_fen": 800_000_000,
                    "closing_credit_fen": 800_000_000,
                    "balanced": True,
                }
            ],
        }
    )

    first_day: date
    last_day: date
    seq: int
    include_descendants: bool
    """Whether every fund's figures contain those of the funds below it; the totals count each fund once all the same."""
    items: list[AccountBalanceLine]
    totals: list[AccountBalanceTotal]


class MonthLine(Wire):
    """A month of an account: turnover of the month 本月合计, of the year so far 本年累计, balance at its end."""

    month: str
    debit_fen: SignedFen
    credit_fen: SignedFen
    year_debit_fen: SignedFen
    year_credit_fen: SignedFen
    balance_fen: SignedFen
    direction: DirectionName
    """Side of the balance: `debit` 借, `credit` 贷, `even` 平."""


_MONTH = {
    "month": "2026-03",
    "debit_fen": 300_000_000,
    "credit_fen": 80_000_000,
    "year_debit_fen": 300_000_000,
    "year_credit_fen": 80_000_000,
    "balance_fen": 720_000_000,
    "direction": "debit",
}


class GeneralLedgerAccount(Wire):
    """One account of one fund over a fiscal year. Months in which nothing moved are left out."""

    fund: str
    fund_name_zh: str
    fund_name_en: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    opening_fen: SignedFen
    opening_direction: DirectionName
    months: list[MonthLine]
    closing_fen: SignedFen
    closing_direction: DirectionName


class GeneralLedgerOut(Wire):
    """The general ledger 总账 of a fiscal year, a page of accounts. The adjusting period 13 counts into December."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "seq": 412,
            "items": [
                {
                    **_NAMES,
                    "opening_fen": 500_000_000,
                    "opening_direction": "debit",
                    "months": [_MONTH],
                    "closing_fen": 720_000_000,
                    "closing_direction": "debit",
                }
            ],
            "next_cursor": None,
        }
    )

    fiscal_year: int
    seq: int
    """The last entry there was. The totals of a year change with every entry: pages of one ``seq`` belong together."""
    items: list[GeneralLedgerAccount]
    next_cursor: str | None


class SubsidiaryLine(Wire):
    """One posting on the account, with the balance after it. Turnover of a red entry 红字 is negative."""

    entry_id: UUID
    seq: int
    line: int
    effective_on: date
    period: str
    voucher_type: str
    voucher_number: int
    description: str
    reference: str | None
    memo: str | None
    red: bool
    opposite_accounts: list[str]
    """The accounts on the other side of the entry, in the same fund and basis 对方科目."""
    budget_year: int | None
    source: str | None
    purpose_code: str | None
    debit_fen: SignedFen
    credit_fen: SignedFen
    balance_fen: SignedFen
    direction: DirectionName


class SubsidiaryLedgerOut(Wire):
    """One account's subsidiary ledger 明细账 over a range of days: a page of lines; everything else is of the whole range."""

    model_config = example(
        {
            **_NAMES,
            "first_day": "2026-01-01",
            "last_day": "2026-03-31",
            "seq": 412,
            "opening_fen": 500_000_000,
            "opening_direction": "debit",
            "debit_fen": 300_000_000,
            "credit_fen": 80_000_000,
            "closing_fen": 720_000_000,
            "closing_direction": "debit",
            "months": [_MONTH],
            "items": [
                {
                    "entry_id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
                    "seq": 88,
                    "line": 1,
                    "effective_on": "2026-03-12",
                    "period": "2026-03",
                    "voucher_type": "记",
                    "voucher_number": 12,
                    "description": "到账：省级财政资金",
                    "reference": "陕财农〔2026〕3号",
                    "memo": None,
                    "red": False,
                    "opposite_accounts": ["4001"],
                    "budget_year": None,
                    "source": "province",
                    "purpose_code": None,
                    "debit_fen": 300_000_000,
                    "credit_fen": 0,
                    "balance_fen": 800_000_000,
                    "direction": "debit",
                }
            ],
            "next_cursor": None,
        }
    )

    fund: str
    fund_name_zh: str
    fund_name_en: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    first_day: date
    last_day: date
    seq: int
    """The last entry counted, the same on every page."""
    opening_fen: SignedFen
    opening_direction: DirectionName
    debit_fen: SignedFen
    credit_fen: SignedFen
    closing_fen: SignedFen
    closing_direction: DirectionName
    months: list[MonthLine]
    items: list[SubsidiaryLine]
    next_cursor: str | None


class SourceFigures(Wire):
    """Cash of a year up to a day, and what of the year's budget was spent."""

    opening_fen: SignedFen
    """Cash at the beginning of the year; an opening balance taken over in the year counts here 年初结存."""
    received_fen: SignedFen
    """Debited to the bank account since 收入; money the bank gave back is in it."""
    paid_fen: SignedFen
    """Credited to the bank account since 支出."""
    balance_fen: SignedFen
    """Cash at hand 结存: opening + received - paid."""
    expended_fen: SignedFen
    """Spent of the year's budget, net of what came back 预算支出."""


class SourceLine(SourceFigures):
    """One fund's money of one source 资金来源."""

    fund: str
    fund_name_zh: str
    fund_name_en: str
    source: str
    """`central`, `province`, `city`, `county`, `donation`, `interest`, `gift` (restricted gifts), `agency` (held for others)."""


class ExecutionBySourceOut(Wire):
    """How the money of every source came and went 按资金来源的资金执行情况, at the end of a day."""

    model_config = example(
        {
            "as_of": "2026-03-31",
            "fiscal_year": 2026,
            "seq": 412,
            "items": [
                {
                    "fund": "repair",
                    "fund_name_zh": "设施维护防贫基金",
                    "fund_name_en": "Upkeep of facilities",
                    "source": "province",
                    "opening_fen": 500_000_000,
                    "received_fen": 300_000_000,
                    "paid_fen": 80_000_000,
                    "balance_fen": 720_000_000,
                    "expended_fen": 80_000_000,
                }
            ],
            "total": {
                "opening_fen": 500_000_000,
                "received_fen": 300_000_000,
                "paid_fen": 80_000_000,
                "balance_fen": 720_000_000,
                "expended_fen": 80_000_000,
            },
        }
    )

    as_of: date
    fiscal_year: int
    seq: int
    items: list[SourceLine]
    total: SourceFigures


class PurposeFigures(Wire):
    """Budget of a year and what came of it."""

    allotted_fen: SignedFen
    encumbered_fen: SignedFen
    expended_fen: SignedFen
    available_fen: SignedFen
    execution_rate_basis_points: int | None
    """Expended of allotted in hundredths of a percent, rounded half up; null where nothing was allotted 执行率."""
    execution_rate: str | None
    """The same as a text: `44.68%`."""


class PurposeLine(PurposeFigures):
    """One purpose 用途 of one fund; without a purpose it is the fund's general budget."""

    fund: str
    fund_name_zh: str
    fund_name_en: str
    purpose_code: str | None
    purpose_name_zh: str
    purpose_name_en: str


class ExecutionByPurposeOut(Wire):
    """How far the budget of every purpose is used 按用途的资金执行情况, at the end of a day."""

    model_config = example(
        {
            "as_of": "2026-03-31",
            "fiscal_year": 2026,
            "seq": 412,
            "items": [
                {
                    "fund": "repair",
                    "fund_name_zh": "设施维护防贫基金",
                    "fund_name_en": "Upkeep of facilities",
                    "purpose_code": None,
                    "purpose_name_zh": "未分用途",
                    "purpose_name_en": "General budget",
                    "allotted_fen": 800_000_000,
                    "encumbered_fen": 20_000_000,
                    "expended_fen": 80_000_000,
                    "available_fen": 700_000_000,
                    "execution_rate_basis_points": 1000,
                    "execution_rate": "10.00%",
                }
            ],
            "total": {
                "allotted_fen": 800_000_000,
                "encumbered_fen": 20_000_000,
                "expended_fen": 80_000_000,
                "available_fen": 700_000_000,
                "execution_rate_basis_points": 1000,
                "execution_rate": "10.00%",
            },
        }
    )

    as_of: date
    fiscal_year: int
    seq: int
    items: list[PurposeLine]
    total: PurposeFigures


class CashLine(Wire):
    """What one kind of operation received or paid. What a red entry takes back lowers the kind it takes back."""

    kind: str
    title_zh: str
    title_en: str
    postings: int
    """Cash postings that are not red 笔数."""
    amount_fen: SignedFen


class CashFund(Wire):
    """One fund's cash over the range: opening + receipts - payments = closing."""

    fund: str
    fund_name_zh: str
    fund_name_en: str
    opening_fen: SignedFen
    receipts: list[CashLine]
    receipts_fen: SignedFen
    payments: list[CashLine]
    payments_fen: SignedFen
    closing_fen: SignedFen


class CashTotal(Wire):
    """The sum over all funds shown."""

    opening_fen: SignedFen
    receipts_fen: SignedFen
    payments_fen: SignedFen
    closing_fen: SignedFen


class ReceiptsAndPaymentsOut(Wire):
    """Receipts and payments of bank account 1002 by fund and kind 收支表, over a range of days.

    Opening balances taken over in the range count as opening. Funds without cash or movement are left out.
    """

    model_config = example(
        {
            "first_day": "2026-01-01",
            "last_day": "2026-03-31",
            "seq": 412,
            "items": [
                {
                    "fund": "repair",
                    "fund_name_zh": "设施维护防贫基金",
                    "fund_name_en": "Upkeep of facilities",
                    "opening_fen": 500_000_000,
                    "receipts": [
                        {
                            "kind": "receipt",
                            "title_zh": "到账",
                            "title_en": "Money arrives in the fund",
                            "postings": 1,
                            "amount_fen": 300_000_000,
                        }
                    ],
                    "receipts_fen": 300_000_000,
                    "payments": [
                        {
                            "kind": "liquidation",
                            "title_zh": "核销支付",
                            "title_en": "Payment of an encumbrance",
                            "postings": 4,
                            "amount_fen": 80_000_000,
                        }
                    ],
                    "payments_fen": 80_000_000,
                    "closing_fen": 720_000_000,
                }
            ],
            "total": {
                "opening_fen": 500_000_000,
                "receipts_fen": 300_000_000,
                "payments_fen": 80_000_000,
                "closing_fen": 720_000_000,
            },
        }
    )

    first_day: date
    last_day: date
    seq: int
    items: list[CashFund]
    total: CashTotal
