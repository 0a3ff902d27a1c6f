"""The periods room's one question to the bank room: is a month's statement reconciled with the book?"""

from ledger.bank.service import reconciliation_status

__all__ = ["reconciliation_status"]
