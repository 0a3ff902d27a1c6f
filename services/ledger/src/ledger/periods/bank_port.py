"""The one question of the periods room to the bank room: whether the statement of a month is reconciled with the book."""

from ledger.bank.service import reconciliation_status

__all__ = ["reconciliation_status"]
