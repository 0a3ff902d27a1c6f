"""The checklist a period is closed against 结账检查. Pure.

Every item is asked, also when an earlier one failed, so that one answer names all that is still to be done. Only the bank's item can be
excused, with a reason that goes into the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from common.errors import Problem
from ledger.journal.drafts import Json
from ledger.periods.rules import decide_close
from ledger.problems import CHECKLIST_FAILED

Status = Literal["passed", "failed", "not_applicable", "excused"]
BankStatus = Literal["reconciled", "unreconciled", "not_applicable"]
BANK = "bank_reconciled"

_TITLES: Mapping[str, tuple[str, str]] = {
    "earlier_periods_closed": ("以前期间均已结账", "Earlier periods are closed"),
    "period_ended": ("本期间已结束", "The period has ended"),
    "proposals_decided": ("本期间无待复核事项", "No proposal dated in the period waits"),
    "balances_proved": ("余额与发生额核对相符", "Balances and totals are proved against the postings"),
    BANK: ("银行存款已对账", "The bank is reconciled"),
    "year_closed": ("年度收支已结转", "The year's revenue and expense are closed"),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What proving one period found: its entries, and how many figures of each kind differ from the postings."""

    entries: int
    months: int
    days: int
    balances: int
    unchained: int

    @property
    def differences(self) -> int:
        """Everything that is not as the postings say."""
        return self.months + self.days + self.balances + self.unchained


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checklist of one period is decided on, read under the book's lock or in one snapshot.

    ``unclosed`` counts the revenue and expense balances left in the year that must be closed; nothing where no year must be.
    """

    code: str
    months: Mapping[str, str]
    current_month: str
    waiting: int
    proof: Proof
    bank: BankStatus
    unclosed: int | None


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One item of the checklist and how it stands."""

    code: str
    status: Status
    detail: Mapping[str, str | int | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return the item as answers show it."""
        title_zh, title_en = _TITLES[self.code]
        detail: dict[str, Json] = dict(self.detail)
        return {
            "code": self.code,
            "title_zh": title_zh,
            "title_en": title_en,
            "status": self.status,
            "detail": detail,
        }


def checklist(facts: Facts, excuses: Mapping[str, str]) -> tuple[CheckItem, ...]:
    """Return every item with its status; ``excuses`` gives the reason of each excused item."""
    earlier = sorted(month for month, status in facts.months.items() if month < facts.code and status == "open")
    return (
        _item("earlier_periods_closed", passed=not earlier, next_period=earlier[0] if earlier else None),
        _item("period_ended", passed=facts.code < facts.current_month, current_month=facts.current_month),
        _item("proposals_decided", passed=facts.waiting == 0, waiting=facts.waiting),
        _item(
            "balances_proved",
            passed=facts.proof.differences == 0,
            entries=facts.proof.entries,
            differences=facts.proof.differences,
        ),
        _bank_item(facts.bank, excuses.get(BANK)),
        CheckItem("year_closed", "not_applicable")
        if facts.unclosed is None
        else _item("year_closed", passed=facts.unclosed == 0, unclosed_balances=facts.unclosed),
    )


def _item(code: str, *, passed: bool, **detail: str | int | None) -> CheckItem:
    return CheckItem(code, "passed" if passed else "failed", detail)


def _bank_item(bank: BankStatus, excuse: str | None) -> CheckItem:
    if bank == "unreconciled" and excuse is not None:
        return CheckItem(BANK, "excused", {"reason": excuse})
    statuses: Mapping[BankStatus, Status] = {"reconciled": "passed", "unreconciled": "failed"}
    return CheckItem(BANK, statuses.get(bank, "not_applicable"))


def refusal(facts: Facts, items: Sequence[CheckItem]) -> Problem | None:
    """Return why the period does not close, or nothing; ``failed`` names every item that stands in the way.

    Order and time keep the codes they always had: not_found, period_closed, out_of_order, period_not_ended; else checklist_failed.
    """
    failed = [item.code for item in items if item.status == "failed"]
    problem = decide_close(facts.months, facts.code, facts.current_month)
    if problem is not None:
        problem.params = {**problem.params, "failed": failed}
        return problem
    return CHECKLIST_FAILED.error("period", period=facts.code, failed=failed) if failed else None
