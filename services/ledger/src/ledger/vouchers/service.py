"""Use case of the vouchers: one entry as its printable page."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from ledger.journal.reading import entry_by_id, require_book
from ledger.statements.sheets import SOURCE_ZH
from ledger.vouchers import rules, store
from ledger.vouchers.rules import Names, Voucher


async def read_voucher(engine: AsyncEngine, book: str, entry: UUID) -> Voucher:
    """Return what the voucher of an entry says, from one snapshot. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        found = await entry_by_id(connection, book, entry)
        accounts = await store.account_names(connection, book, {line.fund for line in found.postings})
        names = Names(await store.book_name(connection, book), accounts, SOURCE_ZH)
        takes_back = None if found.undoes is None else await store.taken_back(connection, book, found.undoes)
        taken_back_by = await store.taking_back(connection, book, found.id)
    return rules.voucher_of(found, names, takes_back=takes_back, taken_back_by=taken_back_by)
