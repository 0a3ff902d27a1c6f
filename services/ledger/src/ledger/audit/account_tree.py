"""Where a fund's account stands in the account trees of plain-text accounting programs. Pure.

Financial accounts stand below the root their first digit means. Budgetary and control accounts are second records of the
same acts: below ``Equity`` each basis sums to zero, and neither doubles assets, income or expenses. The account comes
before the fund, so that a program's tree sums a parent fund with its sub-funds, as the reports here do.
"""

from ledger.journal.drafts import Basis

_FINANCIAL_ROOTS = {"1": "Assets", "2": "Liabilities", "3": "Equity", "4": "Income", "5": "Expenses"}
_TYPES = {"Assets": "A", "Liabilities": "L", "Equity": "E", "Income": "R", "Expenses": "X"}


def tree_path(basis: Basis, account: str, fund: str) -> tuple[str, ...]:
    """Return an account's path: ``("Assets", "1002", "repair", "overhaul")``, ``("Equity", "Budgetary", "8001", "repair")``."""
    segments = fund.split(".")
    if basis == "financial":
        return (_FINANCIAL_ROOTS.get(account[0], "Equity"), account, *segments)
    return ("Equity", basis.capitalize(), account, *segments)


def account_type(path: tuple[str, ...]) -> str:
    """Return the one-letter type hledger uses for the path's root."""
    return _TYPES[path[0]]
