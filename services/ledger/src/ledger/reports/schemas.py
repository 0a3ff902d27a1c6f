"""Wire types of the reports. Amounts are integers of fen; balances are debit minus credit."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from common.money import SignedFen
from common.web import Wire, example

BasisName = Literal["financial", "budgetary", "control"]

_TRIAL_EXAMPLE = {
    "as_of": "2026-03-31",
    "seq": 412,
    "items": [
        {
            "fund": "repair",
            "account": "1002",
            "basis": "financial",
            "name_zh": "银行存款",
            "name_en": "Bank deposits",
            "debit_fen": 800_000_000,
            "credit_fen": 80_000_000,
            "balance_fen": 720_000_000,
        }
    ],
    "totals": [{"fund": "repair", "basis": "financial", "debit_fen": 880_000_000, "credit_fen": 880_000_000}],
}


class TrialLineOut(Wire):
    """One account of one fund: cumulative turnover 累计发生额 and balance."""

    fund: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    debit_fen: SignedFen
    credit_fen: SignedFen
    balance_fen: SignedFen


class TrialTotalOut(Wire):
    """Debit and credit of one basis of one fund: equal."""

    fund: str
    basis: BasisName
    debit_fen: SignedFen
    credit_fen: SignedFen


class TrialBalanceOut(Wire):
    """The trial balance 科目余额表 at the end of a day, counting entries up to a ``seq``.

    Accounts on which nothing has moved are left out.
    """

    model_config = example(_TRIAL_EXAMPLE)

    as_of: date
    seq: int
    items: list[TrialLineOut]
    totals: list[TrialTotalOut]


class FundExecutionLine(Wire):
    """A fund's budget indicators of one year, those of every fund below it included."""

    code: str
    parent: str | None
    name_zh: str
    name_en: str
    allotted_fen: SignedFen
    encumbered_fen: SignedFen
    expended_fen: SignedFen
    available_fen: SignedFen
    execution_rate_basis_points: int | None
    """Expended of allotted in hundredths of a percent, rounded half up; null where nothing was allotted 执行率."""
    execution_rate: str | None
    """The same as a text: `44.68%`."""


class FundExecutionTotal(Wire):
    """The sum over the funds without a parent."""

    allotted_fen: SignedFen
    encumbered_fen: SignedFen
    expended_fen: SignedFen
    available_fen: SignedFen
    execution_rate_basis_points: int | None
    execution_rate: str | None


class FundExecutionOut(Wire):
    """How far each fund's budget of one year is used 资金执行情况, at the end of a day, counting entries up to a ``seq``."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "as_of": "2026-03-31",
            "seq": 412,
            "items": [
                {
                    "code": "repair",
                    "parent": None,
                    "name_zh": "设施维护防贫基金",
                    "name_en": "Upkeep of facilities",
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

    fiscal_year: int
    as_of: date
    seq: int
    items: list[FundExecutionLine]
    total: FundExecutionTotal


class LedgerLineOut(Wire):
    """One posting on the account, with the balance after it. Turnover of a red entry 红字 is negative."""

    entry_id: UUID
    seq: int
    line: int
    effective_on: date
    voucher_type: str
    voucher_number: int
    description: str
    reference: str | None
    memo: str | None
    red: bool
    budget_year: int | None
    source: str | None
    debit_fen: SignedFen
    credit_fen: SignedFen
    balance_fen: SignedFen


class AccountLedgerOut(Wire):
    """An account's ledger 明细账 over a range of days: opening balance, lines, closing balance.

    Opening, closing and turnover are those of the whole range on every page; ``seq`` is the last entry counted.
    """

    model_config = example(
        {
            "fund": "repair",
            "account": "1002",
            "basis": "financial",
            "name_zh": "银行存款",
            "name_en": "Bank deposits",
            "effective_from": "2026-03-01",
            "effective_to": "2026-03-31",
            "seq": 412,
            "opening_balance_fen": 720_300_000,
            "debit_fen": 0,
            "credit_fen": 300_000,
            "closing_balance_fen": 720_000_000,
            "items": [
                {
                    "entry_id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
                    "seq": 398,
                    "line": 2,
                    "effective_on": "2026-03-05",
                    "voucher_type": "记",
                    "voucher_number": 3,
                    "description": "村级水管维修",
                    "reference": "ZF-2026-0031",
                    "memo": None,
                    "red": False,
                    "budget_year": None,
                    "source": "county",
                    "debit_fen": 0,
                    "credit_fen": 300_000,
                    "balance_fen": 720_000_000,
                }
            ],
            "next_cursor": None,
        }
    )

    fund: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    effective_from: date
    effective_to: date
    seq: int
    opening_balance_fen: SignedFen
    debit_fen: SignedFen
    credit_fen: SignedFen
    closing_balance_fen: SignedFen
    items: list[LedgerLineOut]
    next_cursor: str | None


class BalanceOut(Wire):
    """Turnover and balance of one account 科目余额 at the end of a day, counting entries up to a ``seq``.

    The fund, source, purpose and budget year are those asked for; null means all of them together.
    """

    model_config = example(
        {
            "fund": "repair",
            "account": "1002",
            "basis": "financial",
            "name_zh": "银行存款",
            "name_en": "Bank deposits",
            "subtree": True,
            "source": "county",
            "purpose": None,
            "budget_year": None,
            "as_of": "2026-03-31",
            "seq": 412,
            "debit_fen": 800_000_000,
            "credit_fen": 80_000_000,
            "balance_fen": 720_000_000,
        }
    )

    fund: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    subtree: bool
    """Whether the funds below it are contained. 是否含下级基金。"""
    source: str | None
    purpose: str | None
    budget_year: int | None
    as_of: date
    seq: int
    debit_fen: SignedFen
    credit_fen: SignedFen
    balance_fen: SignedFen
    """Debit minus credit. 借方减贷方。"""


class MadeByOut(Wire):
    """An entry that took past days below zero: dated before money it drew on."""

    id: UUID
    seq: int
    kind: str
    voucher_type: str
    voucher_number: int
    description: str
    effective_on: date
    posted_at: AwareDatetime


class NegativeDaysLine(Wire):
    """Days in a row, first and last included, at whose end one balance stands below zero 负余额日."""

    fund: str
    account: str
    name_zh: str
    name_en: str
    budget_year: int | None
    """Of control accounts. 预算年度。"""
    source: str | None
    purpose: str | None
    first_day: date
    last_day: date
    lowest_balance_fen: SignedFen
    """Below zero: against the account's normal side. 最低余额（分）。"""
    lowest_on: date
    """The first day on which it stands so low. 最低余额日。"""
    made_by: list[MadeByOut]
    """In the order of posting: for each of the days, the entry that took it below zero for good. 造成负余额的凭证。"""


class NegativeDaysOut(Wire):
    """Past days that back-dated entries show below zero, counting entries up to ``seq``; each was fine in the order of posting."""

    model_config = example(
        {
            "seq": 412,
            "items": [
                {
                    "fund": "repair",
                    "account": "1002",
                    "name_zh": "银行存款",
                    "name_en": "Bank deposits",
                    "budget_year": None,
                    "source": "county",
                    "purpose": None,
                    "first_day": "2026-03-02",
                    "last_day": "2026-03-04",
                    "lowest_balance_fen": -300_000,
                    "lowest_on": "2026-03-02",
                    "made_by": [
                        {
                            "id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
                            "seq": 398,
                            "kind": "payment",
                            "voucher_type": "记",
                            "voucher_number": 3,
                            "description": "村级水管维修",
                            "effective_on": "2026-03-02",
                            "posted_at": "2026-03-09T02:11:05.123456Z",
                        }
                    ],
                }
            ],
            "next_cursor": None,
        }
    )

    seq: int
    items: list[NegativeDaysLine]
    next_cursor: str | None
