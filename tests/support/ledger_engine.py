"""A small book for tests of the posting engine and of the database's own proofs, made as the service role.

`seed_book` opens the book; `Requests` makes what the engine is asked to post; `Forger` writes rows past the engine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg

from common.errors import Problem
from ledger.accounts.chart import chart_of_accounts
from ledger.journal.drafts import EntryDraft, LineDraft, Needs, PostedEntry, PostingRequest
from ledger.journal.entries import entry_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.journal.drafts import Json
    from ledger.journal.state import BookState

BOOK = "610923"
DAY = date(2026, 1, 5)
ORDER = ["central", "province", "city", "county", "donation", "interest"]


async def connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A plain connection to a database address."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1))


async def seed_book(
    url: str,
    *,
    book: str = BOOK,
    funds: Sequence[str] = ("repair", "health"),
    first_period: str = "2026-01",
    without: Sequence[str] = (),
) -> None:
    """Open a book with some funds and the whole chart of accounts, ``without`` some, as the service role."""
    connection = await connect(url)
    try:
        await connection.execute("INSERT INTO book (code, name, first_period) VALUES ($1, $1, $2)", book, first_period)
        await connection.executemany(
            "INSERT INTO fund (book, code, category, name_zh, name_en, source_order, position)"
            " VALUES ($1, $2, $2, $2, $2, $3, $4)",
            [(book, fund, ORDER, place) for place, fund in enumerate(funds)],
        )
        await connection.executemany(
            "INSERT INTO account VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                (book, fund, one.code, one.name_zh, one.name_en, one.basis, one.normal_side, one.guarded)
                for fund in funds
                for one in chart_of_accounts()
                if one.code not in without
            ],
        )
    finally:
        await connection.close()


def line(account: str, side: str, amount_fen: int, fund: str = "repair", **more: object) -> LineDraft:
    """One line of a draft."""
    return LineDraft(fund, account, side, amount_fen, **more)  # type: ignore[arg-type] # tests pass what they mean to


def receipt(amount_fen: int, fund: str = "repair", source: str = "county", on: date = DAY) -> EntryDraft:
    """Money arriving."""
    return draft(
        "receipt",
        line("1002", "debit", amount_fen, fund, source=source),
        line("4001", "credit", amount_fen, fund),
        line("8001", "debit", amount_fen, fund),
        line("6001", "credit", amount_fen, fund),
        on=on,
    )


def spending(amount_fen: int, fund: str = "repair", on: date = DAY, description: str = "付款") -> EntryDraft:
    """A free entry that pays with its budgetary lines."""
    return draft(
        "journal",
        line("5001", "debit", amount_fen, fund),
        line("1002", "credit", amount_fen, fund),
        line("7101", "debit", amount_fen, fund),
        line("8001", "credit", amount_fen, fund),
        on=on,
        description=description,
    )


def accrual(amount_fen: int, fund: str = "repair", on: date = DAY, description: str = "计提") -> EntryDraft:
    """A free entry of two lines that moves no cash."""
    return draft(
        "journal",
        line("5001", "debit", amount_fen, fund),
        line("2303", "credit", amount_fen, fund),
        on=on,
        description=description,
    )


def draft(kind: str, *lines: LineDraft, on: date = DAY, description: str = "测试", **more: object) -> EntryDraft:
    """An entry draft by one officer."""
    return EntryDraft(kind, on, description, lines, "officer-1", "officer-1", **more)  # type: ignore[arg-type]


def request(entry: EntryDraft | Problem, key: str, *, book: str = BOOK, mark: bytes | None = None) -> PostingRequest:
    """What the engine is asked; the fingerprint is of the draft unless given."""
    lines = entry.lines if isinstance(entry, EntryDraft) else ()
    needs = Needs(
        funds=frozenset(one.fund for one in lines),
        entries=frozenset({entry.undoes} if isinstance(entry, EntryDraft) and entry.undoes else ()),
        encumbrances=frozenset(one.encumbrance for one in lines if one.encumbrance),
    )
    print_ = hashlib.sha256(repr(entry).encode(errors="surrogatepass")).digest() if mark is None else mark
    return PostingRequest(book, key, print_, needs, partial(_plan, entry), _render)


def _plan(entry: EntryDraft | Problem, _state: BookState) -> EntryDraft | Problem:
    return entry


def _render(entry: PostedEntry, _state: BookState) -> dict[str, Json]:
    return entry_json(entry)


_POSTING_COLUMNS = (
    "book", "seq", "line", "account", "side", "amount_fen", "fund", "budget_year", "source", "encumbrance", "red", "purpose_code", "item",
)  # fmt: skip


@dataclass
class Forger:
    """Writes the rows of an entry one table at a time, as the service role, past the engine: honestly unless told otherwise."""

    connection: asyncpg.Connection[asyncpg.Record]
    book: str = BOOK
    first_shape: bool = False
    """The database is at its first migration: postings have no purpose and no item."""
    _ids: count[int] = field(default_factory=count)

    async def head(self) -> asyncpg.Record:
        """Where the chain stands."""
        row = await self.connection.fetchrow("SELECT * FROM chain_head WHERE book = $1", self.book)
        assert row is not None
        return row

    async def month(self, code: str = "2026-01") -> None:
        """Open a month."""
        await self.connection.execute(
            "INSERT INTO period (book, code, fiscal_year, number) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            self.book,
            code,
            int(code[:4]),
            int(code[5:]),
        )

    async def entry(self, **changes: object) -> int:
        """Insert the next entry's row; ``changes`` replace columns. Returns its seq."""
        last = (await self.head())["entry_seq"]
        columns: dict[str, object] = {
            "book": self.book,
            "seq": last + 1,
            "id": uuid4(),
            "kind": "journal",
            "fiscal_year": 2026,
            "period": "2026-01",
            "voucher_type": "记",
            "voucher_number": last + 1,
            "effective_on": DAY,
            "posted_at": datetime.now(UTC),
            "description": "测试",
            "metadata": "{}",
            "non_budget": False,
            "red": False,
            "lines": 2,
            "prepared_by": "officer-1",
            "posted_by": "officer-1",
            "attachment_count": 0,
            "attachment_hashes": [],
        } | changes
        await self._insert("journal_entry", columns)
        seq = columns["seq"]
        assert isinstance(seq, int)
        return seq

    async def postings(self, *lines: tuple[object, ...]) -> None:
        """COPY lines in one statement, in the order of ``_POSTING_COLUMNS``; from the fund on, what is left out is plain."""
        rows = []
        for seq, number, account, side, amount, *more in lines:
            rest = (*more, *("repair", 0, "", None, False, "", None)[len(more) :])
            rows.append((self.book, seq, number, account, side, amount, *rest))
        columns = _POSTING_COLUMNS[:-2] if self.first_shape else _POSTING_COLUMNS
        await self.connection.copy_records_to_table(
            "posting", records=[row[: len(columns)] for row in rows], columns=columns
        )

    async def record(self, seq: int | None, **changes: object) -> int:
        """Insert the next chain record. Returns its position."""
        head = await self.head()
        columns: dict[str, object] = {
            "book": self.book,
            "position": head["position"] + 1,
            "kind": "period" if seq is None else "entry",
            "seq": seq,
            "format": 1,
            "content": "{}" if seq is None else None,
            "prev_hash": head["hash"],
            "hash": hashlib.sha256(str(next(self._ids)).encode()).digest(),
        } | changes
        await self._insert("chain_record", columns)
        position = columns["position"]
        assert isinstance(position, int)
        return position

    async def honest(self, *lines: tuple[object, ...], **changes: object) -> int:
        """Insert a whole entry: its row, its lines (without seq and number) and its chain record."""
        seq = await self.entry(lines=len(lines), **changes)
        await self.postings(*((seq, number, *one) for number, one in enumerate(lines, 1)))
        await self.record(seq)
        return seq

    async def encumbrance(self, seq: int, amount_fen: int, **changes: object) -> UUID:
        """Insert an encumbrance opened by an entry."""
        columns: dict[str, object] = {
            "book": self.book,
            "id": uuid4(),
            "fund": "repair",
            "fiscal_year": 2026,
            "amount_fen": amount_fen,
            "purpose": "测试",
            "opened_seq": seq,
            "opened_on": DAY,
        } | changes
        await self._insert("encumbrance", columns)
        made = columns["id"]
        assert isinstance(made, UUID)
        return made

    async def item(self, seq: int, **changes: object) -> UUID:
        """Insert an open item opened by an entry: an advance of `repair`."""
        columns: dict[str, object] = {
            "book": self.book,
            "id": uuid4(),
            "kind": "advance",
            "fund": "repair",
            "account": "1218",
            "side": "debit",
            "purpose_code": "",
            "details": "{}",
            "opened_seq": seq,
            "opened_on": DAY,
        } | changes
        await self._insert("open_item", columns)
        made = columns["id"]
        assert isinstance(made, UUID)
        return made

    async def _insert(self, table: str, columns: dict[str, object]) -> None:
        names = ", ".join(columns)
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        statement = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - names from this file
        await self.connection.execute(statement, *columns.values())


async def broken_totals(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Name every maintained figure that is not the sum of the postings, every gap, and every broken link."""
    return [str(dict(row)) for query in _FAULTS for row in await connection.fetch(query)]


_MOVED = """
    SELECT p.book, p.fund, p.account, p.budget_year, p.source, p.purpose_code, e.effective_on AS day, e.period AS month,
           sum(CASE WHEN p.side <> 'debit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS debit,
           sum(CASE WHEN p.side <> 'credit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS credit
    FROM posting p JOIN journal_entry e USING (book, seq) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""


def _difference(table: str, extra: str) -> str:
    keys = "book, fund, account, budget_year, source, purpose_code" + extra
    return f"""
        SELECT '{table}' AS what, * FROM (SELECT {keys}, sum(debit) AS debit, sum(credit) AS credit FROM ({_MOVED}) m GROUP BY {keys}) s
        FULL JOIN {table} t USING ({keys})
        WHERE s.debit IS DISTINCT FROM t.debit_fen OR s.credit IS DISTINCT FROM t.credit_fen"""  # noqa: S608


_FAULTS = (
    _difference("balance", ""),
    _difference("daily_total", ", day"),
    _difference("monthly_total", ", month"),
    """SELECT 'gap in seq' AS what, book, count(*) FROM journal_entry GROUP BY book
       HAVING count(*) <> max(seq) OR min(seq) <> 1""",
    """SELECT 'gap in vouchers' AS what, book, period, voucher_type, count(*) FROM journal_entry GROUP BY 2, 3, 4
       HAVING count(*) <> max(voucher_number) OR min(voucher_number) <> 1""",
    """SELECT 'lines' AS what, e.book, e.seq FROM journal_entry e LEFT JOIN posting p USING (book, seq)
       GROUP BY e.book, e.seq, e.lines HAVING count(p.line) <> e.lines""",
    """SELECT 'chain' AS what, c.book, c.position FROM chain_record c LEFT JOIN chain_record b
       ON b.book = c.book AND b.position = c.position - 1
       WHERE c.prev_hash <> coalesce(b.hash, decode(repeat('00', 32), 'hex')) OR (c.position > 1 AND b.book IS NULL)""",
    """SELECT 'unchained' AS what, e.book, e.seq FROM journal_entry e LEFT JOIN chain_record c USING (book, seq)
       WHERE c.position IS NULL""",
    """SELECT 'encumbered' AS what, fund, budget_year, rest, held FROM
       (SELECT e.book, e.fund, b.budget_year, sum(b.remaining_fen) AS rest
        FROM encumbrance e JOIN encumbrance_balance b USING (book, id) GROUP BY 1, 2, 3) r
       FULL JOIN (SELECT book, fund, budget_year, -sum(balance_fen) AS held FROM balance WHERE account = 'encumbered'
                  GROUP BY 1, 2, 3) h USING (book, fund, budget_year)
       WHERE coalesce(rest, 0) <> coalesce(held, 0)""",
    """SELECT 'open item' AS what, id, source, s.opened, s.settled, t.opened_fen, t.settled_fen FROM
       (SELECT p.book, p.item AS id, p.source,
               sum(CASE WHEN p.side <> i.side THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS opened,
               sum(CASE WHEN p.side = i.side THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS settled
        FROM posting p JOIN open_item i ON i.book = p.book AND i.id = p.item GROUP BY 1, 2, 3) s
       FULL JOIN open_item_balance t USING (book, id, source)
       WHERE s.opened IS DISTINCT FROM t.opened_fen OR s.settled IS DISTINCT FROM t.settled_fen""",
    """SELECT 'gifts' AS what, * FROM
       (SELECT b.book, i.fund, sum(b.remaining_fen) AS unspent FROM open_item_balance b JOIN open_item i USING (book, id)
        WHERE b.source = 'gift' AND i.account = '1002' GROUP BY 1, 2) g
       FULL JOIN (SELECT book, fund, sum(balance_fen) AS cash FROM balance WHERE account = '1002' AND source = 'gift' GROUP BY 1, 2) c
       USING (book, fund) WHERE coalesce(unspent, 0) <> coalesce(cash, 0)""",
    """SELECT 'transfers' AS what, book, sum(balance_fen) FROM balance WHERE account = '300101' GROUP BY book
       HAVING sum(balance_fen) <> 0""",
    """SELECT 'negative' AS what, b.* FROM balance b JOIN account a ON (a.book, a.fund, a.code) = (b.book, b.fund, b.account)
       WHERE a.guarded AND CASE WHEN a.normal_side = 'debit' THEN b.balance_fen < 0 ELSE b.balance_fen > 0 END""",
)
