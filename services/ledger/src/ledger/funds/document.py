"""Writes the voucher templates as a page for accountants: ``python -m ledger.funds.document``.

Owns the page's text only; the templates are ``templates.yaml``. A test keeps page and data in step.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ledger.accounts.chart import chart_account
from ledger.funds.templates import shipped

if TYPE_CHECKING:
    from ledger.funds.templates import Line, Template, TemplateBook

HEAD = """# Voucher templates 记账凭证模板

Written from `services/ledger/src/ledger/funds/templates.yaml` by `python -m ledger.funds.document`.
Edit the data, not this page.

Each typed operation books the lines below as one entry on up to three bases: financial 财务会计,
budgetary 预算会计, control 预算指标. A template that does not balance within each fund, basis and budget year,
under every combination of its conditions, does not load. A line whose amount is zero is left out.

What an operation refuses before anything is booked stands below its lines, in the order in which it is asked; the rules of
every entry come after that ([postings-refusals.md](postings-refusals.md)). `insufficient_funds` names the account that lacks
(`available` first, `1002` second), what it has and what was asked.

- **Per source**: one line for each source of money 资金来源 in the amount, carrying that source.
- **Budget year**: the line carries the year whose allotment the amount draws on.
- **Mark**: `published` follows the government accounting system 政府会计制度 or the rules on budget indicators
  预算指标核算管理办法; `assumed` is our own choice. Codes were taken from public descriptions and must be compared
  with the published chart before a county goes live.
"""


def _cell(line: Line) -> str:
    when = "; ".join(f"{name} is {' or '.join(values)}" for name, values in line.when.items())
    carries = [
        *(["per source"] if line.sourced else []),
        *([f"{line.year} year"] if line.year else []),
        *(["a new encumbrance" if line.encumbrance == "new" else "its encumbrance"] if line.encumbrance else []),
        *(["a new open item" if line.item == "new" else "its open item"] if line.item else []),
        *([f"fund: {line.fund}"] if line.fund != "fund" else []),
    ]
    side = "Dr 借" if line.side == "debit" else "Cr 贷"
    account = chart_account(line.account)
    name = "" if account is None else f"{account.name_zh} {account.name_en}"
    cells = (line.basis, side, line.account, name, line.amount, ", ".join(carries), when, line.mark)
    return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def section(template: Template) -> str:
    """Return one template's part of the page: its amounts, lines, refusals and notes."""
    amounts = "\n".join(f"- `{name}`: {meaning}" for name, meaning in template.amounts.items())
    sums = "".join(
        f"\n- `{total}` = {' + '.join(f'`{part}`' for part in parts)}" for total, parts in template.sums.items()
    )
    notes = "".join(f"\n- {line.side} {line.account}: {line.note}" for line in template.lines if line.note)
    codes = ", ".join(f"`{code}`" for code in template.refusals)
    refusals = f"\nRefused, in this order: {codes}; then by the rules of every entry.\n" if codes else ""
    lines = "\n".join(_cell(line) for line in template.lines)
    return (
        f"\n## `{template.operation}` {template.title_zh}: {template.title_en}\n\n{amounts}{sums}\n\n"
        "| basis | side | account | name | amount | carries | only when | mark |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"{lines}\n{refusals}" + (f"\nNotes:\n{notes}\n" if notes else "")
    )


def page(book: TemplateBook) -> str:
    """Return the whole page as Markdown, ending with a line feed."""
    groups: dict[str, list[str]] = {}
    for source, group in book.sources.items():
        groups.setdefault(group, []).append(source)
    sources = "\n## Sources and their groups\n\n" + "".join(
        f"- {group}: {', '.join(names)}\n" for group, names in groups.items()
    )
    return HEAD + sources + "".join(section(template) for template in book.templates)


if __name__ == "__main__":
    sys.stdout.write(page(shipped()))
