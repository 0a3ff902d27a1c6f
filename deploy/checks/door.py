"""The single money door: only `ledger/journal/store.py` writes entries, postings and chain records.

import-linter sees who may know the tables; this reads the code for whoever writes them, through
SQLAlchemy (`insert(posting)`, `posting.insert()`, `update`, `delete`), COPY or SQL text.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.local.state import CHECKOUT

TABLES: Final = frozenset({"journal_entry", "posting", "chain_record"})
DOOR: Final = Path("services/ledger/src/ledger/journal/store.py")
SOURCES: Final = ("libs/common/src", "services/ledger/src", "services/claims/src", "deploy")
VERBS: Final = frozenset({"insert", "update", "delete"})
COPIES: Final = frozenset({"copy_records_to_table", "copy_to_table"})
SQL: Final = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|copy)\s+(?:public\.)?\"?(journal_entry|posting|chain_record)\b",
    re.IGNORECASE,
)


def faults() -> list[str]:
    """Answer each place outside the door that writes one of the three tables."""
    found: list[str] = []
    for source in SOURCES:
        for path in sorted((CHECKOUT / source).rglob("*.py")):
            relative = path.relative_to(CHECKOUT)
            if relative != DOOR:
                found += [
                    f"{relative}:{line}: {what}" for line, what in writes(ast.parse(path.read_text(encoding="utf-8")))
                ]
    return found


def writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and description of each write to one of the tables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            table = table_written(node)
            if table is not None:
                yield node.lineno, f"writes {table}; only {DOOR} may"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = SQL.search(node.value)
            if match is not None:
                yield node.lineno, f"SQL text that writes {match.group(1)}; only {DOOR} may"


def table_written(call: ast.Call) -> str | None:
    """The table a call writes, or None."""
    verb = name_of(call.func)
    if verb in VERBS:
        # Both spellings: the table as the first argument, and the table as the verb's owner.
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        candidates = [*call.args[:1], *([owner] if owner is not None else [])]
        return next((name for name in map(name_of, candidates) if name in TABLES), None)
    if verb in COPIES:
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        constants = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
        names = [*constants, *map(name_of, arguments)]
        return next((str(name) for name in names if name in TABLES), None)
    return None


def name_of(node: ast.AST) -> str | None:
    """The last name of `a.b.c`, or of a plain name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
