"""Writes the closing table as a page for accountants: ``python -m ledger.year_end.document``.

Owns the page's text only; the table is ``closing.yaml``. A test keeps page and data in step.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ledger.accounts.chart import chart_account
from ledger.year_end.closing_table import closing_table

if TYPE_CHECKING:
    from ledger.year_end.closing_table import Closing, ClosingTable

HEAD = """# Year-end 年末结转

Written from `services/ledger/src/ledger/year_end/closing.yaml` by `python -m ledger.year_end.document`.
Edit the data, not this page.

Once the twelve months of a year are closed, its end is booked in the adjusting period 13, dated December 31, as vouchers 转:

1. Late adjustments 调整分录: free entries and typed operations that name `period: "YYYY-13"`.
2. `POST /v1/books/{book}/fiscal-years/{year}/closing`: the table below, one entry a fund, all funds in one transaction. After another
   adjustment the same call closes what has come since; with nothing left it answers so.
3. `POST …/fiscal-years/{year}/carry-forward`: what is available and what is encumbered lapses or enters the next year, by the rules of
   `POST …/carry-forward-rules`. Where a book says nothing, available lapses and encumbered is carried (assumed).
4. `GET …/periods/{year}-13/checklist`, `POST …/periods/{year}-13/close`: nothing posts into the year any more, and January can close.

`GET …/reports/year-end` shows every balance as the year left it beside what the next year finds; `GET …/reports/carry-forward` what
became of every encumbrance and of each fund's budget.

Balances are those of December 31, whatever has been posted into the next year by then. Every account on the left ends at zero; the first
account on the way takes expense on its debit and revenue on its credit side. 8001 stays.
"""


def page(table: ClosingTable) -> str:
    """Return the whole page."""
    groups = "\n".join(
        f"- {name}: {', '.join(source or 'no stated source' for source in sources)}"
        for name, sources in table.groups.items()
    )
    rows = "\n".join(_rows(closing) for closing in table.closings)
    notes = "\n".join(f"- to {closing.to}: {closing.note}" for closing in table.closings if closing.note)
    head = "| basis | emptied | money | by way of | stays on | mark |\n| --- | --- | --- | --- | --- | --- |"
    return f"{HEAD}\n## Sources and their groups\n\n{groups}\n\n## What is closed\n\n{head}\n{rows}\n\n{notes}\n"


def _rows(closing: Closing) -> str:
    through = ", ".join(_named(code) for code in closing.through) or "–"
    return "\n".join(
        "| "
        + " | ".join(
            (
                closing.basis,
                ", ".join(_named(code) for code in part.accounts),
                ", ".join(part.groups),
                through,
                _named(closing.to),
                part.mark,
            )
        )
        + " |"
        for part in closing.emptied
    )


def _named(code: str) -> str:
    account = chart_account(code)
    return code if account is None else f"{code} {account.name_zh}"


if __name__ == "__main__":
    sys.stdout.write(page(closing_table()))
