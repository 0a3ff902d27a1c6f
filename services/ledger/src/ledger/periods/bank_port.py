"""The periods room's one question to the bank room. Until that room is there, no month has a statement to be reconciled with."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.periods.checklist import BankStatus


async def reconciliation_status(connection: AsyncConnection, book: str, month: str) -> BankStatus:
    """Tell whether the bank statement of a month is reconciled with the book; not applicable where the book has none."""
    del connection, book, month
    return "not_applicable"
