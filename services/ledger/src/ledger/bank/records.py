"""SQL of bank accounts, their column mappings and their statements' heads. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.bank.store import Of
from ledger.bank.tables import bank_account, bank_account_fund, bank_column_mapping, bank_statement

_Rows = Sequence[Row[Any]]


def _accounts(book: str) -> Select[Any]:
    covered = (
        select(func.max(bank_statement.c.covers_to))
        .where(bank_statement.c.book == bank_account.c.book, bank_statement.c.account == bank_account.c.code)
        .scalar_subquery()
    )
    return select(bank_account, covered.label("covered_to")).where(bank_account.c.book == book)


async def insert_account(connection: AsyncConnection, values: Mapping[str, object]) -> None:
    """Open an account; a trigger gives each of its funds a row and proves that none lies on another account."""
    await connection.execute(insert(bank_account).values(values))


async def account(connection: AsyncConnection, of: Of) -> Row[Any] | None:
    """Return an account with the day its statements reach to, or nothing."""
    query = _accounts(of.book).where(bank_account.c.code == of.account)
    found: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return found


async def accounts(connection: AsyncConnection, book: str, *, after: str = "", limit: int | None = None) -> _Rows:
    """Return the book's accounts by code."""
    query = _accounts(book).where(bank_account.c.code > after).order_by(bank_account.c.code).limit(limit)
    found: _Rows = (await connection.execute(query)).all()
    return found


async def number_is_known(connection: AsyncConnection, book: str, number_index: bytes) -> bool:
    """Tell whether an account of the book has this number."""
    query = select(bank_account.c.code).where(
        bank_account.c.book == book, bank_account.c.number_index == number_index
    )  # fmt: skip
    return await connection.scalar(query) is not None


async def funds_taken(connection: AsyncConnection, book: str) -> set[str]:
    """Return the funds that name a bank account themselves."""
    query = select(bank_account_fund.c.fund).where(bank_account_fund.c.book == book)
    return set(await connection.scalars(query))


async def mapping_of(connection: AsyncConnection, of: Of, version: int | None = None) -> Row[Any] | None:
    """Return the account's column mapping: the version named, or the latest."""
    table = bank_column_mapping.c
    query = select(bank_column_mapping).where(table.book == of.book, table.account == of.account)
    if version is not None:
        query = query.where(table.version == version)
    return (await connection.execute(query.order_by(table.version.desc()).limit(1))).one_or_none()


async def mapping_of_bank(connection: AsyncConnection, book: str, bank_name: str) -> Row[Any] | None:
    """Return the mapping set last for any account of a bank."""
    table = bank_column_mapping.c
    query = (
        select(bank_column_mapping)
        .join(bank_account, (bank_account.c.book == table.book) & (bank_account.c.code == table.account))
        .where(table.book == book, bank_account.c.bank_name == bank_name)
        .order_by(table.set_at.desc(), table.account, table.version.desc())
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()


async def insert_mapping(connection: AsyncConnection, of: Of, *, version: int, mapping: object, by: str) -> None:
    """Add a version of the account's column mapping."""
    await connection.execute(
        insert(bank_column_mapping).values(**of.key, version=version, mapping=mapping, set_by=by)
    )  # fmt: skip


async def insert_statement(connection: AsyncConnection, values: Mapping[str, object]) -> None:
    """Add the head of an imported statement."""
    await connection.execute(insert(bank_statement).values(values))


async def covered_to(connection: AsyncConnection, of: Of) -> date | None:
    """Return the last day the account's statements reach to."""
    table = bank_statement.c
    query = select(func.max(table.covers_to)).where(table.book == of.book, table.account == of.account)
    found: date | None = await connection.scalar(query)
    return found
