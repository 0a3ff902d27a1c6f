"""A book of random entries, back-dated at random into open months, and its raw postings summed up by hand.

Nothing here shares a line with what the ledger computes its answers with: the sums are over rows read by plain SQL.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.databases import Database
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

FUNDS = (
    "health",
    "repair",
    "repair.water",
    "repair.water.c01",
    "repair.water.c02",
    "insurance",
    "education",
    "industry",
)
SOURCES = ("central", "county", "donation", "interest")
PURPOSE = "drugs"
"""A purpose of the fund ``health``."""

_RAW = """
SELECT p.seq, e.effective_on, p.fund, p.account, p.budget_year, p.source, p.purpose_code, p.side, p.amount_fen, p.red,
       coalesce(p.encumbrance::text, '')
FROM posting p JOIN journal_entry e ON e.book = p.book AND e.seq = p.seq ORDER BY p.seq, p.line
"""


@dataclass(frozen=True, slots=True)
class Raw:
    """One posting as it stands in the table; turnover of a red one counts negative."""

    seq: int
    day: date
    fund: str
    account: str
    budget_year: int
    source: str
    purpose: str
    side: str
    fen: int
    encumbrance: str


def raw_postings(postgres: Server, database: Database) -> list[Raw]:
    """Read every posting with plain SQL."""
    rows = [line.split("|") for line in postgres.sql(database, _RAW).strip().splitlines()]
    return [
        Raw(
            int(seq), date.fromisoformat(day), fund, account, int(year), source, purpose, side,
            -int(fen) if red == "t" else int(fen), encumbrance,
        )
        for seq, day, fund, account, year, source, purpose, side, fen, red, encumbrance in rows
    ]  # fmt: skip


def turnover(rows: Iterable[Raw], counts: Callable[[Raw], bool]) -> tuple[int, int]:
    """Sum up debit and credit of the postings that count."""
    debit = credit = 0
    for row in rows:
        if counts(row):
            if row.side == "debit":
                debit += row.fen
            else:
                credit += row.fen
    return debit, credit


class RandomBook:
    """Acts on a book at random: receipts, allotments, payments, encumbrances and what follows, free entries, reversals."""

    def __init__(self, ledger: LedgerCalls, chance: random.Random) -> None:
        self.ledger = ledger
        self.chance = chance
        self.days = (date(2021, 1, 1), date(2022, 2, 28))
        self.posted: list[int] = []
        self.refused = 0
        self._encumbrances: list[tuple[str, date]] = []
        self._liquidations: list[tuple[str, str, date]] = []
        self._free: list[tuple[str, date]] = []

    async def found(self) -> None:
        """Open the book with its sub-funds and a purpose."""
        assert (await self.ledger.open_book("2021-01")).status_code == 201
        for code in FUNDS:
            if "." in code:
                await self.ledger.made("/funds", code=code, parent=code.rpartition(".")[0], name_zh="子基金")
        await self.ledger.made("/purposes", fund="health", code=PURPOSE, name_zh="药品", kinds=[], sources=[])
        for fund in FUNDS:
            for source in SOURCES:
                await self.receive(fund, source, date(2021, 1, 5))
            await self.allot(fund, 2021, date(2021, 1, 6))

    async def act(self, times: int) -> None:
        """Do so many random things; what the book refuses changes nothing and is counted."""
        deeds = (
            self._receive, self._receive, self._allot, self._pay, self._pay, self._encumber, self._encumber, self._encumber,
            self._liquidate, self._liquidate, self._give_back, self._release, self._free_entry, self._free_entry, self._reverse,
        )  # fmt: skip
        for _ in range(times):
            await self.chance.choice(deeds)()

    def day(self, not_before: date | None = None) -> date:
        """Return a random open day: every third a month's first or last, where cuts are."""
        first = max(self.days[0], not_before or self.days[0])
        if first > self.days[1]:
            return first
        found = first + timedelta(days=self.chance.randint(0, (self.days[1] - first).days))
        if self.chance.random() < 0.35:
            found = found.replace(day=1) if self.chance.random() < 0.5 else found.replace(day=1) - timedelta(days=1)
        return min(max(found, first), self.days[1])

    async def receive(self, fund: str, source: str, day: date) -> None:
        """Book a receipt."""
        fen = self.chance.randint(1, 10**7)
        await self._post(f"/funds/{fund}/receipts", day, amount_fen=fen, source=source)

    async def allot(self, fund: str, year: int, day: date, purpose: str | None = None) -> None:
        """Make budget available."""
        fen = self.chance.randint(1, 10**7)
        more = {} if purpose is None else {"purpose_code": purpose}
        await self._post(f"/funds/{fund}/allotments", day, amount_fen=fen, fiscal_year=year, authority="文号", **more)

    async def _post(self, path: str, day: date, **body: object) -> Json | None:
        answer = await self.ledger.post(path, {"effective_on": day.isoformat(), **body})
        assert answer.status_code in {201, 404, 409}, answer.text
        told: Json = answer.json()
        if answer.status_code != 201:
            self.refused += 1
            return None
        self.posted.append(int((told.get("entry") or told)["seq"]))
        return told

    def _fund(self) -> str:
        return self.chance.choice(FUNDS)

    def _year(self, day: date) -> int:
        return self.chance.choice((2021, day.year, day.year))

    def _purpose(self, fund: str) -> str | None:
        return PURPOSE if fund == "health" and self.chance.random() < 0.5 else None

    async def _receive(self) -> None:
        await self.receive(self._fund(), self.chance.choice(SOURCES), self.day())

    async def _allot(self) -> None:
        fund, day = self._fund(), self.day()
        await self.allot(fund, self._year(day), day, self._purpose(fund))

    async def _pay(self) -> None:
        fund, day = self._fund(), self.day()
        source = self.chance.choice((None, *SOURCES))
        more: Json = {"source": source, "purpose_code": self._purpose(fund), "fiscal_year": self._year(day)}
        fen = self.chance.randint(1, 5 * 10**6)
        await self._post(f"/funds/{fund}/payments", day, amount_fen=fen, payee_ref="p-1", purpose="维修", **more)

    async def _encumber(self) -> None:
        fund, day = self._fund(), self.day()
        more: Json = {"purpose_code": self._purpose(fund), "fiscal_year": self._year(day)}
        fen = self.chance.randint(1, 2 * 10**6)
        told = await self._post("/encumbrances", day, fund=fund, amount_fen=fen, purpose="合同", **more)
        if told is not None:
            self._encumbrances.append((str(told["id"]), day))

    async def _liquidate(self) -> None:
        if self._encumbrances:
            held, opened = self.chance.choice(self._encumbrances)
            day, fen = self.day(opened), self.chance.randint(1, 10**6)
            told = await self._post(f"/encumbrances/{held}/liquidations", day, amount_fen=fen, payee_ref="p-2")
            if told is not None:
                self._liquidations.append((held, str(told["id"]), day))

    async def _give_back(self) -> None:
        if self._liquidations:
            held, paid, day = self.chance.choice(self._liquidations)
            await self._post(f"/encumbrances/{held}/liquidations/{paid}/return", self.day(day), reason="账号有误")

    async def _release(self) -> None:
        if self._encumbrances and self.chance.random() < 0.5:
            held, opened = self.chance.choice(self._encumbrances)
            await self._post(f"/encumbrances/{held}/release", self.day(opened))

    async def _free_entry(self) -> None:
        fund, day = self._fund(), self.day()
        pairs = self.chance.choice((("1218", "2307"), ("5001", "2303"), ("8501", "8202"), ("1214", "2307")))
        told = await self.free_entry(fund, day, *pairs)
        if told is not None:
            self._free.append((str(told["id"]), day))

    async def free_entry(self, fund: str, day: date, debit: str, credit: str, **more: object) -> Json | None:
        """Book a free entry of two lines."""
        fen = self.chance.randint(1, 10**9)
        postings = [
            {"fund": fund, "account": account, "side": side, "amount_fen": fen}
            for account, side in ((debit, "debit"), (credit, "credit"))
        ]
        return await self._post("/journal-entries", day, description="手工凭证", postings=postings, **more)

    async def _reverse(self) -> None:
        if self._free:
            wrong, day = self._free.pop(self.chance.randrange(len(self._free)))
            await self._post(f"/journal-entries/{wrong}/reversal", self.day(day), reason="冲销误记")
