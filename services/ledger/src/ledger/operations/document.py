"""Writes the operations of each fund as a page for clients and accountants: ``python -m ledger.operations.document``.

Owns the page's text only; the operations are the files in ``data``. A test keeps page and data in step.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import orjson

from ledger.funds.document import section
from ledger.operations.catalogue import catalogue

if TYPE_CHECKING:
    from ledger.operations.catalogue import Catalogue, Operation

HEAD = """# Operations of the funds 基金业务

Written from `services/ledger/src/ledger/operations/data/*.yaml` by `python -m ledger.operations.document`.
Edit the data, not this page.

Each operation is one endpoint, `POST /v1/books/{book}/funds/{fund}/<place>`, and one voucher template: its lines on up to three bases,
proved to balance under all its conditions when the service starts. `POST /v1/books/{book}/operations/batch` takes up to 10,000 of them
in one call; every item says its `operation`, `fund` and `idempotency_key` besides what stands below. Besides its own fields every
request has `effective_on`, and may have `reference`, `period` (`YYYY-13`), `if_seq`, `if_available_at_least_fen`; `?dry_run=true` tries it.

A county adds an operation of its own as a file of the same form in the folder `LEDGER_EXTRA_OPERATIONS` names: no code. What each
column and mark means stands in [voucher-templates.md](voucher-templates.md).
"""


def _operation(operation: Operation) -> str:
    fields = "\n".join(
        f"| `{name}` | {spec.type} | {'yes' if spec.required else ''} | {spec.en} | {spec.zh} |"
        for name, spec in operation.fields.items()
    )
    categories = "any fund" if "any" in operation.funds else ", ".join(f"`{one}`" for one in operation.funds)
    opens = f"Opens an item `{operation.opens.kind}` on {operation.opens.account}" if operation.opens else ""
    opens += " that holds its budget. " if operation.opens and operation.opens.holds else ". " if opens else ""
    second = "Always needs a second person. " if operation.approval == "always" else ""
    example = orjson.dumps(operation.example, option=orjson.OPT_INDENT_2).decode()
    return (
        f"{section(operation)}\nFunds: {categories}. {opens}{second}\n\n"
        f"| field | type | required | meaning | 含义 |\n| --- | --- | --- | --- | --- |\n{fields}\n\n"
        f"`POST …/funds/{{fund}}/{operation.path}`\n\n```json\n{example}\n```\n"
    )


def page(shown: Catalogue) -> str:
    """Return the whole page as Markdown, ending with a line feed."""
    return HEAD + "".join(_operation(one) for one in shown.operations)


if __name__ == "__main__":
    sys.stdout.write(page(catalogue()))
