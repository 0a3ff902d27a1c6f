"""Use cases of bank accounts and column mappings, and the answer month closing asks for: whether the bank is reconciled."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.crypto import FieldCipher, mask_account
from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.validation import invalid_field
from ledger.bank import records, rules, store
from ledger.bank.answers import account_json, mapping_json
from ledger.bank.reconciling import reconciled_at
from ledger.bank.rules import Status
from ledger.bank.schemas import ColumnMappingIn
from ledger.bank.statement_rows import ColumnMapping
from ledger.bank.store import Of
from ledger.journal.drafts import Answer, Json
from ledger.journal.once import Once, run_once
from ledger.journal.reading import require_book
from ledger.problems import BANK_ACCOUNT_EXISTS, FUND_HAS_BANK_ACCOUNT

_CREATED: Final = 201
_OPENING_TEXT: Final = "期初余额"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The wish for a bank account; ``number`` is its digits, never logged and never stored in the clear."""

    code: str
    bank_name: str
    name_zh: str
    number: str
    funds: Sequence[str]
    opening_fen: int
    opening_on: date | None
    by: str

    def __repr__(self) -> str:
        return f"NewAccount({self.code!r})"


async def open_account(engine: AsyncEngine, cipher: FieldCipher, once: Once, wish: NewAccount) -> Answer:
    """Open a bank account for funds of the book.

    Answers 201, or a 409: ``bank_account_exists``, ``fund_has_bank_account``. Raises ``invalid_request`` for a fund the book does not
    have, a fund named beside one above it, or an opening day after today; ``not_found`` for an unknown book.
    """
    if wish.opening_on is not None and wish.opening_on > today_in_shanghai():
        raise invalid_field("opening_on", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        of = Of(once.book, wish.code)
        await _check_funds(connection, once.book, wish.funds)
        number_index = cipher.blind_index(wish.number, f"bank_account.number:{once.book}")
        if await records.account(connection, of) is not None:
            raise BANK_ACCOUNT_EXISTS.error("code")
        if await records.number_is_known(connection, once.book, number_index):
            raise BANK_ACCOUNT_EXISTS.error("number")
        await records.insert_account(
            connection,
            {
                "book": once.book,
                "code": wish.code,
                "bank_name": wish.bank_name,
                "name_zh": wish.name_zh,
                "number_mask": mask_account(wish.number),
                "number_sealed": cipher.encrypt(wish.number, f"bank_account.number:{once.book}/{wish.code}"),
                "number_index": number_index,
                "funds": list(wish.funds),
                "opened_by": wish.by,
            },
        )
        if wish.opening_on is not None:
            await store.insert_lines(connection, [_opening_line(cipher, of, wish.opening_on, wish.opening_fen)])
        return _CREATED, await _account(connection, of)

    return await run_once(engine, once, use_case)


async def list_accounts(
    engine: AsyncEngine, book: str, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return one page of the book's bank accounts by code. Raises ``not_found``, ``invalid_request`` (cursor)."""
    after = decode_cursor(cursor, str)
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        rows = await records.accounts(connection, book, after=str(after[0]) if after else "", limit=limit + 1)
        shown, next_cursor = page_of(rows, limit, lambda row: (row.code,))
        return [await _account(connection, Of(book, row.code)) for row in shown], next_cursor


async def set_mapping(engine: AsyncEngine, once: Once, account: str, body: ColumnMappingIn, by: str) -> Answer:
    """Add a version of an account's column mapping. Answers 201. Raises ``not_found``."""

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        of = Of(once.book, account)
        await require_account(connection, of)
        before = await records.mapping_of(connection, of)
        version = 1 if before is None else before.version + 1
        await records.insert_mapping(connection, of, version=version, mapping=body.model_dump(), by=by)
        made = await records.mapping_of(connection, of, version)
        if made is None:
            raise AssertionError("the mapping was just added")
        return _CREATED, mapping_json(made)

    return await run_once(engine, once, use_case)


async def reconciliation_status(connection: AsyncConnection, book: str, month: str) -> Status:
    """Say whether every bank account of the book is reconciled at the end of a month ``YYYY-MM``.

    ``not_applicable`` if the book has no bank account. For an adjusting period ask for December.
    """
    year, number = int(month[:4]), int(month[5:7])
    day = date(year, number, calendar.monthrange(year, number)[1])
    accounts = await records.accounts(connection, book)
    if not accounts:
        return "not_applicable"
    for account in accounts:
        of = Of(book, account.code)
        picture = await reconciled_at(connection, of, day)
        if rules.account_status(picture.reconciliation, account.covered_to, day) != "reconciled":
            return "unreconciled"
    return "reconciled"


async def require_account(connection: AsyncConnection, of: Of) -> None:
    """Raise ``not_found`` unless the book has the account."""
    if await records.account(connection, of) is None:
        raise NOT_FOUND.error()


async def effective_mapping(
    connection: AsyncConnection, of: Of, version: int | None = None
) -> tuple[str, int, ColumnMapping] | None:
    """Return the mapping an import goes by, with the account it was set for and its version.

    The version named, else the account's latest, else the one set last for another account of the same bank.
    """
    row = await records.mapping_of(connection, of, version)
    if row is None and version is None:
        account = await records.account(connection, of)
        row = None if account is None else await records.mapping_of_bank(connection, of.book, account.bank_name)
    return None if row is None else (row.account, row.version, ColumnMapping(**row.mapping))


async def _account(connection: AsyncConnection, of: Of) -> dict[str, Json]:
    account = await records.account(connection, of)
    if account is None:
        raise NOT_FOUND.error()
    mapping = await records.mapping_of(connection, of)
    if mapping is None:
        mapping = await records.mapping_of_bank(connection, of.book, account.bank_name)
    return account_json(account, mapping)


async def _check_funds(connection: AsyncConnection, book: str, wanted: Sequence[str]) -> None:
    parents = await store.fund_parents(connection, book)
    for index, fund in enumerate(wanted):
        if fund not in parents:
            raise invalid_field(f"funds[{index}]", "unknown_fund", "账套没有此基金。", "The book has no such fund.")
        if fund in wanted[:index] or any(above in wanted for above in rules.above(fund, parents)):
            raise invalid_field(
                f"funds[{index}]", "named_twice", "该基金或其上级基金已在列。", "The fund, or one above it, is listed."
            )
    taken = await records.funds_taken(connection, book)
    clash = rules.first_clash(wanted, taken, parents)
    if clash is not None:
        raise FUND_HAS_BANK_ACCOUNT.error(f"funds[{list(wanted).index(clash)}]", fund=clash)


def _opening_line(cipher: FieldCipher, of: Of, day: date, fen: int) -> dict[str, object]:
    return {
        **of.key,
        "number": 1,
        "id": uuid7(),
        "booked_on": day,
        "amount_fen": fen,
        "balance_fen": fen,
        "text": _OPENING_TEXT,
        "mark": cipher.blind_index(f"opening/{day.isoformat()}/{fen}", f"bank_line:{of.book}/{of.account}"),
        "occurrence": 1,
    }
