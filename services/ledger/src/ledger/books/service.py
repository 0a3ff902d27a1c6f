"""Use cases of books: opening one, and reading it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot, transaction
from common.dates import SHANGHAI, month_code
from common.errors import NOT_FOUND
from ledger.accounts.chart import chart_of_accounts
from ledger.accounts.service import create_accounts
from ledger.books import rules, store
from ledger.books.starting_funds import starting_funds
from ledger.journal.chain import instant
from ledger.journal.drafts import Answer, Json
from ledger.journal.once import Once, TakenBackError, run_once_locked, take_back
from ledger.journal.service import append_record, lock_book
from ledger.problems import BOOK_EXISTS

_CREATED = 201


@dataclass(frozen=True, slots=True)
class NewBook:
    """The wish for a new book: the county's division code, a name, the first month ``YYYY-MM``, and who asks."""

    code: str
    name: str
    first_period: str
    created_by: str


async def open_book(engine: AsyncEngine, wish: NewBook, once: Once) -> Answer:
    """Open a book with the seven funds and their accounts; the first record of its chain tells of it.

    Answers 201 with the book, or ``book_exists`` (409). Raises ``invalid_request`` for a first month that lies in the
    future or absurdly early, ``idempotency_key_reused``. Two at once: the second waits for the first.
    """
    try:
        async with transaction(engine) as connection:
            answer = await _opened(connection, wish, once)
            if once.dry_run:
                await take_back(connection, answer)
            return answer
    except TakenBackError as tried:
        return tried.answer


async def _opened(connection: AsyncConnection, wish: NewBook, once: Once) -> Answer:
    now = await store.clock(connection)
    problem = rules.first_period_problem(wish.first_period, month_code(now.astimezone(SHANGHAI).date()))
    if problem is not None:
        raise problem
    is_new = await store.insert_book(connection, wish.code, wish.name, wish.first_period)
    await lock_book(connection, wish.code)

    async def fill(locked: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        if not is_new:
            raise BOOK_EXISTS.error("code")
        await _fill(locked, wish)
        return _CREATED, await _book_json(locked, wish.code)

    return await run_once_locked(connection, once, fill)


async def read_book(engine: AsyncEngine, code: str) -> dict[str, Json]:
    """Return the book with its top funds and its chart. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        return await _book_json(connection, code)


async def _fill(connection: AsyncConnection, wish: NewBook) -> None:
    funds, chart = starting_funds(), chart_of_accounts()
    content = rules.book_content(wish.code, wish.name, wish.first_period, wish.created_by, funds, chart)
    await append_record(connection, wish.code, "book", content)
    contents = [rules.fund_content(position, funds) for position in range(1, len(funds.funds) + 1)]
    await store.insert_funds(connection, wish.code, contents)
    for fund in funds.funds:
        await create_accounts(connection, wish.code, fund.code)


async def _book_json(connection: AsyncConnection, code: str) -> dict[str, Json]:
    book = await store.book_by_code(connection, code)
    if book is None:
        raise NOT_FOUND.error()
    funds = await store.top_funds(connection, code)
    chart = await store.chart(connection, code)
    return {
        "code": book.code,
        "name": book.name,
        "first_period": book.first_period,
        "hash_suite": book.hash_suite,
        "created_at": instant(book.created_at),
        "funds": [
            {
                "code": fund.code,
                "category": fund.category,
                "name_zh": fund.name_zh,
                "name_en": fund.name_en,
                "source_order": list(fund.source_order),
            }
            for fund in funds
        ],
        "accounts": [
            {
                "code": account.code,
                "name_zh": account.name_zh,
                "name_en": account.name_en,
                "basis": account.basis,
                "normal_side": account.normal_side,
            }
            for account in chart
        ],
    }
