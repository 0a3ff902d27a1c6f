"""SQL of encumbrances as they stood at a cut: amounts and year from their postings up to it, expiry from the extensions recorded by then.

What they were opened for does not change. Only those are looked at that are open now or moved after the cut, so that the cost
depends on how far back the cut lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, SmallInteger, Text, Uuid, bindparam, column, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TextualSelect

from common.dates import midnight_after
from ledger.budgets.store import FundSum, in_subtree
from ledger.funds.tables import fund as fund_table
from ledger.journal.standing import Cut
from ledger.journal.state import EncumbranceState

_EVERY_POSITION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Past:
    """A cut as encumbrances see it: it lasts until the entry after its ``seq`` is posted, and to the end of its day."""

    cut: Cut
    until: datetime
    """The instant by which an expiry has passed or has not."""
    before_position: int
    """The chain's records from this position on came later."""


_NEXT = text("""
    SELECT c.position, e.posted_at FROM journal_entry e JOIN chain_record c ON c.book = e.book AND c.seq = e.seq
    WHERE e.book = :book AND e.seq = :seq
""")

# How a line counts is what the trigger posting_proved says: of an entry that also credits available, a debit gives back.
_STOOD = text("""
    WITH later AS (
        SELECT p.encumbrance AS id FROM journal_entry e JOIN posting p ON p.book = e.book AND p.seq = e.seq
        WHERE e.book = :book AND p.book = :book AND e.effective_on > :day AND p.account = 'encumbered'
        UNION
        SELECT p.encumbrance FROM fund f
        JOIN posting p ON p.book = :book AND p.fund = f.code AND p.account = 'encumbered' AND p.seq > :seq
        WHERE f.book = :book
    ), candidate AS (
        SELECT b.id FROM encumbrance_balance b WHERE b.book = :book AND b.remaining_fen > 0 UNION SELECT l.id FROM later l
    ), line AS (
        SELECT n.id, p.seq = n.opened_seq AS opens, p.side, p.account, p.budget_year, e.kind = 'carry_forward' AS carries,
               CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END AS fen,
               EXISTS (SELECT FROM posting g WHERE g.book = p.book AND g.seq = p.seq AND g.account = 'available' AND g.side = 'credit')
                   AS gives_back
        FROM candidate c
        JOIN encumbrance n ON n.book = :book AND n.id = c.id
        JOIN posting p ON p.book = :book AND p.encumbrance = n.id AND p.seq <= :seq AND p.account IN ('encumbered', '2303')
        JOIN journal_entry e ON e.book = p.book AND e.seq = p.seq AND e.effective_on <= :day
        WHERE cast(:fund AS text) IS NULL OR n.fund = :fund OR starts_with(n.fund, :fund || '.')
    ), stood AS (
        SELECT id, max(budget_year) FILTER (WHERE carries AND side = 'credit') AS carried_to,
               coalesce(sum(fen) FILTER (WHERE reserves AND side = 'credit' AND opens), 0)::bigint AS encumbered,
               coalesce(sum(fen) FILTER (WHERE reserves AND side = 'debit' AND NOT gives_back), 0)::bigint AS liquidated,
               coalesce(sum(fen) FILTER (WHERE reserves AND side = 'credit' AND NOT opens), 0)::bigint AS returned,
               coalesce(sum(fen) FILTER (WHERE reserves AND side = 'debit' AND gives_back), 0)::bigint AS released,
               coalesce(sum(CASE WHEN side = 'credit' THEN fen ELSE -fen END) FILTER (WHERE account = '2303'), 0)::bigint AS payable
        FROM (SELECT l.*, account = 'encumbered' AND NOT carries AS reserves FROM line l) m GROUP BY id
    )
    SELECT n.id, n.fund, coalesce(s.carried_to, n.fiscal_year) AS budget_year, n.amount_fen, n.purpose, n.reference,
           CASE WHEN x.position IS NULL THEN n.expires_at ELSE x.expires_at END AS expires_at, n.opened_on, n.opened_seq,
           s.encumbered, s.liquidated, s.returned, s.released, s.payable, n.purpose_code, i.id AS held_by
    FROM stood s
    JOIN encumbrance n ON n.book = :book AND n.id = s.id
    LEFT JOIN open_item i ON i.book = :book AND i.encumbrance = n.id AND i.opened_seq <= :seq
    LEFT JOIN LATERAL (
        SELECT y.position, y.expires_at FROM encumbrance_extension y
        WHERE y.book = :book AND y.encumbrance = n.id AND y.at < :until AND y.position < :before_position
        ORDER BY y.position DESC LIMIT 1) x ON true
    WHERE s.encumbered - s.liquidated + s.returned - s.released <> 0
""").bindparams(bindparam("until", type_=DateTime(timezone=True)), bindparam("fund", type_=Text))


def _stood(book: str, fund: str | None, past: Past) -> TextualSelect:
    return _STOOD.bindparams(
        book=book, fund=fund, day=past.cut.as_of, seq=past.cut.seq, until=past.until, before_position=past.before_position
    ).columns(
        column("id", Uuid), column("fund", Text), column("budget_year", SmallInteger), column("amount_fen", BigInteger),
        column("purpose", Text), column("reference", Text), column("expires_at", DateTime(timezone=True)),
        column("opened_on"), column("opened_seq", BigInteger), column("encumbered", BigInteger),
        column("liquidated", BigInteger), column("returned", BigInteger), column("released", BigInteger),
        column("payable", BigInteger), column("purpose_code", Text), column("held_by", Uuid),
    )  # fmt: skip


async def past_at(connection: AsyncConnection, book: str, cut: Cut, now: datetime) -> Past:
    """Return a cut as encumbrances see it. ``now`` is the present instant by the database's clock."""
    until = min(now, midnight_after(cut.as_of))
    following = (await connection.execute(_NEXT, {"book": book, "seq": cut.seq + 1})).one_or_none()
    if following is None:
        return Past(cut, until, _EVERY_POSITION)
    return Past(cut, min(until, following.posted_at), following.position)


async def fund_sums(connection: AsyncConnection, book: str, fund: str | None, past: Past) -> list[FundSum]:
    """Return a fund and those below it, or all, each with what its own encumbrances had left; back-dating can make that negative."""
    stood = _stood(book, fund, past).cte("stood")
    left = stood.c.encumbered - stood.c.liquidated + stood.c.returned - stood.c.released
    rows = await connection.execute(
        select(fund_table.c.code, fund_table.c.name_zh, func.count(stood.c.id), func.coalesce(func.sum(left), 0))
        .outerjoin(stood, stood.c.fund == fund_table.c.code)
        .where(fund_table.c.book == book, *([] if fund is None else [in_subtree(fund_table.c.code, fund)]))
        .group_by(fund_table.c.code, fund_table.c.name_zh, fund_table.c.position)
        .order_by(fund_table.c.position, fund_table.c.code)
    )
    return [FundSum(code, name_zh, int(number), int(fen)) for code, name_zh, number, fen in rows]


async def with_a_remainder(
    connection: AsyncConnection, book: str, fund: str | None, past: Past, *, opened_after_seq: int, limit: int
) -> Sequence[EncumbranceState]:
    """Return the next encumbrances of a fund and those below it that had something left, expired or not, as they stood."""
    stood = _stood(book, fund, past).cte("stood")
    rows = await connection.execute(
        select(stood).where(stood.c.opened_seq > opened_after_seq).order_by(stood.c.opened_seq).limit(limit)
    )
    return [EncumbranceState(*row) for row in rows]
