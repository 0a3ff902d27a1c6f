"""The subsidiary ledger 明细账 of one account: lines by page, month sums of the whole range. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.errors import NOT_FOUND
from common.validation import invalid_field
from ledger.journal.account_lines import (
    AccountLine,
    AccountSeen,
    Place,
    cursor_after,
    lines_between,
    moved_on_day_up_to,
    read_cursor,
)
from ledger.reports.rules import running_balances
from ledger.statements import rules, store
from ledger.statements.rules import Account, RangeQuestion, Span, TakenOver
from ledger.statements.schemas import SubsidiaryLedgerOut, SubsidiaryLine
from ledger.statements.service import Scene, month_line, moved_in, scene_of, span_of
from ledger.statements.store import Narrowing

_COLUMNS = ("fund", "account")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one account of a book from one snapshot, counting entries up to a ``seq``."""

    connection: AsyncConnection
    book: str
    account: Account
    scene: Scene
    span: Span
    seq: int
    taken: list[TakenOver]

    @property
    def wanted(self) -> Narrowing:
        return Narrowing(self.account.fund, (self.account.code,))

    @property
    def seen(self) -> AccountSeen:
        return AccountSeen(self.book, self.account.fund, self.account.code, self.seq, openings=False)

    async def balance_after(self, place: Place) -> int:
        """Return the balance right after a line; opening entries of the range stand from its first day on."""
        before = await store.turnover_at(
            self.connection,
            self.book,
            self.scene.cut(place.effective_on - timedelta(days=1), self.seq),
            _COLUMNS,
            self.wanted,
        )
        ahead = sum(one.moved.net_fen for one in self.taken if place.effective_on <= one.effective_on <= self.span.last)
        moved = await moved_on_day_up_to(self.connection, self.seen, place)
        return sum(one.net_fen for one in before) + ahead + moved

    async def months(self, span: Span) -> list[tuple[str, int, int]]:
        """Return the turnover of a range of days by month, without what opening entries took over."""
        found = await store.months_of_days(
            self.connection,
            self.book,
            self.account.fund,
            self.account.code,
            (span.first, span.last),
            self.scene.cut(span.last, self.seq),
        )
        over: dict[str, tuple[int, int]] = {}
        for one in self.taken:
            if span.first <= one.effective_on <= span.last:
                month = f"{one.effective_on:%Y-%m}"
                debit, credit = over.get(month, (0, 0))
                over[month] = (debit + one.moved.debit_fen, credit + one.moved.credit_fen)
        left = [
            (month, debit - over.get(month, (0, 0))[0], credit - over.get(month, (0, 0))[1])
            for month, debit, credit in found
        ]
        return [one for one in left if one[0] not in over or one[1:] != (0, 0)]

    async def year_before(self) -> dict[str, tuple[int, int]]:
        """Return the turnover of the range's first year ahead of the range."""
        first = date(self.span.first.year, 1, 1)
        if first == self.span.first:
            return {}
        months = await self.months(Span(first, self.span.first - timedelta(days=1)))
        return {str(first.year): (sum(one[1] for one in months), sum(one[2] for one in months))}


async def subsidiary_ledger(
    engine: AsyncEngine, book: str, fund: str, account: str, question: RangeQuestion, *, limit: int, cursor: str | None
) -> SubsidiaryLedgerOut:
    """Return one page of an account's lines with running balances, by effective date, then ``seq``, then line.

    All pages together are one picture: the cursor holds the ``seq`` of the first page, and later entries are left out.
    Raises ``not_found`` for an unknown book, fund or account, ``invalid_request`` for a range that cannot be and a foreign cursor.
    """
    after, seen_seq = read_cursor(cursor)
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        accounts = await store.accounts(connection, book, fund)
        found = accounts.get((fund, account))
        if found is None:
            raise NOT_FOUND.error("account")
        span = await span_of(connection, book, question, scene.today)
        if after is not None and not span.first <= after.effective_on <= span.last:
            raise invalid_field(
                "cursor", "outside_the_range", "游标不在所查日期之内。", "Lies outside the days asked for."
            )
        seq = scene.head if seen_seq is None else min(seen_seq, scene.head)
        wanted = Narrowing(fund, (account,))
        taken = await store.taken_over(connection, book, seq, _COLUMNS, wanted)
        reader = _Reader(connection, book, found, scene, span, seq, taken)
        moved = await moved_in(connection, book, span, scene, _COLUMNS, wanted, seq=seq)
        movement = moved[0] if moved else rules.Movement((fund, account), 0, 0, 0)
        months = rules.month_sums(movement.opening_fen, await reader.months(span), await reader.year_before())
        lines = await lines_between(connection, reader.seen, (span.first, span.last), after=after, limit=limit + 1)
        shown = lines[:limit]
        before_fen = movement.opening_fen if after is None else await reader.balance_after(after)
        seqs = sorted({line.place.seq for line in shown})
        same_basis = {one.code for one in accounts.values() if one.basis == found.basis}
        against = await store.opposite_accounts(connection, book, fund, same_basis, seqs) if seqs else {}
    last = shown[-1].place if len(lines) > limit else None
    return SubsidiaryLedgerOut(
        fund=fund,
        fund_name_zh=found.fund_name_zh,
        fund_name_en=found.fund_name_en,
        account=account,
        basis=found.basis,
        name_zh=found.name_zh,
        name_en=found.name_en,
        first_day=span.first,
        last_day=span.last,
        seq=seq,
        opening_fen=movement.opening_fen,
        opening_direction=rules.direction(movement.opening_fen),
        debit_fen=movement.debit_fen,
        credit_fen=movement.credit_fen,
        closing_fen=movement.closing_fen,
        closing_direction=rules.direction(movement.closing_fen),
        months=[month_line(one) for one in months],
        items=list(_with_balances(before_fen, shown, against)),
        next_cursor=None if last is None else cursor_after(last, seq),
    )


def _with_balances(
    before_fen: int, lines: list[AccountLine], against: dict[tuple[int, str], list[str]]
) -> Iterable[SubsidiaryLine]:
    balances = running_balances(before_fen, (line.debit_fen - line.credit_fen for line in lines))
    for line, balance_fen in zip(lines, balances, strict=True):
        side = "debit" if line.debit_fen else "credit"
        yield SubsidiaryLine(
            entry_id=line.entry_id,
            seq=line.place.seq,
            line=line.place.line,
            effective_on=line.place.effective_on,
            period=line.period,
            voucher_type=line.voucher_type,
            voucher_number=line.voucher_number,
            description=line.description,
            reference=line.reference,
            memo=line.memo,
            red=line.red,
            opposite_accounts=against.get((line.place.seq, side), []),
            budget_year=line.budget_year or None,
            source=line.source or None,
            purpose_code=line.purpose_code or None,
            debit_fen=line.debit_fen,
            credit_fen=line.credit_fen,
            balance_fen=balance_fen,
            direction=rules.direction(balance_fen),
        )
