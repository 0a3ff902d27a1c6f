"""Reports of a year's end: what became of its budget, and that the next year begins where it ended. One snapshot each; reads only."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from common.paging import decode_cursor, page_of
from ledger.journal.drafts import Json
from ledger.journal.reading import require_book
from ledger.year_end import store
from ledger.year_end.rules import CARRY_FORWARD

_ACCOUNTS = {"available": "available", "encumbered": "encumbered"}


async def carry_forward_report(
    engine: AsyncEngine, book: str, year: int, *, limit: int, cursor: str | None
) -> dict[str, Json]:
    """Return one page of the encumbrances that lapsed or were carried, with every fund's sums.

    Raises ``not_found``, ``invalid_request`` (cursor).
    """
    match decode_cursor(cursor, int, int):
        case (int() as seq, int() as line):
            place = (seq, line)
        case _:
            place = (0, 0)
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        seq = await store.head_seq(connection, book)
        rows = await store.carried_encumbrances(connection, book, year, after=place, limit=limit + 1)
        sums = await store.carried_sums(connection, book, year)
        number, fen = await store.still_standing(connection, book, year)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.seq, row.line))
    funds: dict[tuple[str, str], dict[str, int]] = {}
    for row in sums:
        figures = funds.setdefault((row.fund, row.purpose_code), {})
        outcome = "carried" if row.kind == CARRY_FORWARD else "lapsed"
        name = f"{_ACCOUNTS[row.account]}_{outcome}_fen"
        figures[name] = figures.get(name, 0) + int(row.fen)
    return {
        "fiscal_year": year,
        "seq": seq,
        "still_standing": number,
        "still_standing_fen": fen,
        "funds": [
            {
                "fund": fund,
                "purpose_code": purpose_code or None,
                "available_lapsed_fen": figures.get("available_lapsed_fen", 0),
                "available_carried_fen": figures.get("available_carried_fen", 0),
                "encumbered_lapsed_fen": figures.get("encumbered_lapsed_fen", 0),
                "encumbered_carried_fen": figures.get("encumbered_carried_fen", 0),
            }
            for (fund, purpose_code), figures in funds.items()
        ],
        "items": [
            {
                "encumbrance": str(row.encumbrance),
                "fund": row.fund,
                "purpose_code": row.purpose_code or None,
                "purpose": row.purpose,
                "reference": row.reference,
                "outcome": "carried" if row.kind == CARRY_FORWARD else "lapsed",
                "amount_fen": row.amount_fen,
                "entry": str(row.entry),
                "seq": row.seq,
            }
            for row in shown
        ],
        "next_cursor": next_cursor,
    }


async def year_end_report(engine: AsyncEngine, book: str, year: int) -> dict[str, Json]:
    """Return every balance as the year left it beside what the next year finds. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        seq = await store.head_seq(connection, book)
        lines = await store.year_end_lines(connection, book, year)
    return {
        "fiscal_year": year,
        "closing_on": f"{year}-12-31",
        "opening_on": f"{year + 1}-01-01",
        "seq": seq,
        "equal": all(line.closing_fen == line.opening_fen for line in lines),
        "items": [
            {
                "fund": line.fund,
                "account": line.account,
                "basis": line.basis,
                "name_zh": line.name_zh,
                "name_en": line.name_en,
                "budget_year": line.budget_year or None,
                "source": line.source or None,
                "purpose_code": line.purpose_code or None,
                "closing_fen": line.closing_fen,
                "opening_fen": line.opening_fen,
                "equal": line.closing_fen == line.opening_fen,
            }
            for line in lines
        ],
    }
