"""The figures of a book and the entries they come from. Amounts are fen; a balance is debit minus credit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.whole_model.operation import Posting

OK = "ok"
PROPOSED = "proposed"
NOTHING = "nothing_left"
"""A year's end that has nothing left to book."""
REPLAYED = "replayed"
NOT_ATTEMPTED = "not_attempted"
FIRST_MONTH = "2021-11"
LAST_MONTH = "2025-12"
"""The last December the sequences may speak of as over."""
LAST_DAY = "2150-12-31"
"""No run of the tests is later than this; a date after it is in the future."""
SOURCES = ("central", "province", "city", "county", "donation", "interest")
"""The order in which a payment that names no source draws on money."""
TIED = ("gift", "agency")
TOP_FUNDS = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")
FINANCIAL = (
    "1002 1201 1214 1218 121801 2303 2307 230701 2901 3001 300101 3301 3302 4001 4603 4604 5001".split()  # noqa: SIM905
)
BUDGETARY = "6001 6609 7101 8001 8101 8102 8201 8202 8501".split()  # noqa: SIM905 - reads better than nine quoted texts
CONTROL = ("allotted", "available", "encumbered", "expended")
BASIS = (
    dict.fromkeys(FINANCIAL, "financial") | dict.fromkeys(BUDGETARY, "budgetary") | dict.fromkeys(CONTROL, "control")
)
GUARDED = {"1002": 1, "available": -1, "encumbered": -1}
"""Accounts that never stand below zero, and the sign of a good balance."""

Key = tuple[str, str, int, str, str]
"""(fund, account, budget year, source, purpose)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry. ``encumbrance`` and ``item`` are numbers in the order they were opened."""

    fund: str
    account: str
    side: str
    fen: int
    source: str = ""
    year: int = 0
    purpose: str = ""
    encumbrance: int | None = None
    item: int | None = None

    @property
    def key(self) -> Key:
        """Which balance it moves."""
        return (self.fund, self.account, self.year, self.source, self.purpose)

    def moved(self, *, red: bool) -> int:
        """What it adds to the balance; red lines take away what their side would add."""
        return self.fen if (self.side == "debit") != red else -self.fen


@dataclass(frozen=True, slots=True)
class When:
    """The business date, and the adjusting period if it was named."""

    on: str
    named: str | None = None

    @property
    def year(self) -> int:
        """The calendar year of the date."""
        return int(self.on[:4])

    @property
    def period(self) -> str:
        """The period the entry belongs to."""
        return self.named or self.on[:7]


@dataclass(frozen=True, slots=True)
class People:
    """Who prepared, posted and, if anybody did, reviewed."""

    prepared: str
    posted: str
    reviewed: str | None = None

    @property
    def same(self) -> bool:
        """Whether one person prepared and reviewed."""
        return self.prepared == self.reviewed

    @property
    def vouched_by_the_sender(self) -> bool:
        """Whether who sends the entry is the one who is said to have looked at it."""
        return self.reviewed in {self.prepared, self.posted}


@dataclass(slots=True)
class Draft:
    """An entry somebody wants posted, and what else changes when it is: ``after`` is given the entry's number."""

    kind: str
    when: When
    lines: list[Line]
    people: People
    red: bool = False
    undoes: int | None = None
    opening: tuple[str, ...] = ()
    non_budget: bool = False
    voucher_type: str = "记"
    wants_second: bool = False
    opens_item: bool = False
    carries: bool = False
    after: Callable[[Book, int], None] | None = None


@dataclass(slots=True)
class Entry:
    """A posted entry; its number is its place, counted from nought."""

    draft: Draft
    voucher: int
    undone_by: int | None = None


@dataclass(slots=True)
class Encumbrance:
    """What one purpose has reserved. ``payments`` are the numbers of its liquidations' entries."""

    fund: str
    year: int
    purpose: str
    on: str
    amount: int
    liquidated: int = 0
    returned: int = 0
    released: int = 0
    payable: int = 0
    expires_at: str | None = None
    expired: bool = False
    held_by: int | None = None
    payments: list[int] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        """What is still encumbered."""
        return self.amount - self.liquidated + self.returned - self.released

    @property
    def status(self) -> str:
        """Where it stands; expired or not was settled when it was opened or extended."""
        if self.remaining:
            return "expired" if self.expired else "open"
        return "released" if self.released else "liquidated"


@dataclass(slots=True)
class Item:
    """An open item: what stands open of it, by source."""

    kind: str
    fund: str
    account: str
    side: str
    on: str
    opened: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    encumbrance: int | None = None
    purpose: str = ""
    party: str = "p"
    """Whom it is about; of what funds owe each other, the fund that owes."""
    paid_in: int = 0
    """The year its money was paid in, for an item that was made of an earlier one; else that of its day."""

    @property
    def of_year(self) -> int:
        """The year its money was paid in."""
        return self.paid_in or int(self.on[:4])

    def remaining(self, source: str) -> int:
        """What stands open of one source."""
        return self.opened[source] - self.settled[source]

    @property
    def remaining_total(self) -> int:
        """What stands open of all sources."""
        return self.opened.total() - self.settled.total()


@dataclass(slots=True)
class Proposal:
    """A wish that waits, or waited, for a second person."""

    wish: Posting
    people: People
    kind: str
    period: str
    fen: int
    status: str = "waiting"
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Entries of a kind on a fund or below it, from an amount on, need a second person; ``*`` means any."""

    kind: str
    fund: str
    from_fen: int


@dataclass(slots=True)
class Book:
    """Everything a book says about itself."""

    funds: list[str] = field(default_factory=lambda: list(TOP_FUNDS))
    opened: set[str] = field(default_factory=set)
    balances: Counter[Key] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)
    vouchers: Counter[tuple[str, str]] = field(default_factory=Counter)
    periods: dict[str, str] = field(default_factory=dict)
    encumbrances: list[Encumbrance] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    rules: tuple[Rule, ...] = ()
    carry_rules: tuple[tuple[str, str, str], ...] = ()
    purposes: dict[tuple[str, str], tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    versions: Counter[int] = field(default_factory=Counter)
    """How many versions a year's budget has."""
    decided: list[tuple[int, int, str, tuple[tuple[str, str, int], ...], str]] = field(default_factory=list)
    """Every version: its year, number, kind, changes and date."""
    swept: set[tuple[int, str, int]] = field(default_factory=set)
    """Ends of time that were acted upon: an encumbrance, its expiry, what the bank had given back by then."""
    records: int = 1
    """Records of the chain: the book itself is the first."""

    @property
    def seq(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def balance(self, fund: str, account: str, year: int = 0, source: str = "", purpose: str = "") -> int:
        """Exactly one balance."""
        return self.balances[fund, account, year, source, purpose]

    def total(self, fund: str, account: str, year: int | None = None) -> int:
        """A fund's own balance over all sources and purposes, of one year or of all."""
        return sum(
            fen for (f, a, y, _, _), fen in self.balances.items() if (f, a) == (fund, account) and year in {None, y}
        )

    def below(self, fund: str) -> list[str]:
        """The fund and every fund below it."""
        return [code for code in self.funds if code == fund or code.startswith(f"{fund}.")]

    def figures(self, fund: str, year: int | None) -> dict[str, int]:
        """What a fund and everything below it shows for a year, or for all of them."""
        codes = self.below(fund)
        control = {name: sum(self.total(code, name, year) for code in codes) for name in CONTROL}
        return {
            "allotted_fen": control["allotted"],
            "encumbered_fen": -control["encumbered"],
            "expended_fen": -control["expended"],
            "available_fen": -control["available"],
            "cash_fen": sum(self.total(code, "1002") for code in codes),
        }

    def at_the_end_of(self, year: int) -> Counter[tuple[str, str, str]]:
        """Debit minus credit of accounts without a budget year on December 31, by fund, account and source."""
        stood: Counter[tuple[str, str, str]] = Counter()
        for entry in self.entries:
            if entry.draft.when.year <= year:
                for line in entry.draft.lines:
                    if not line.year:
                        stood[line.fund, line.account, line.source] += line.moved(red=entry.draft.red)
        return stood

    def results_left(self, year: int) -> bool:
        """Whether a revenue or expense account, or one its result only passes, still has a balance of the year."""
        passed = {"3301", "3302", "8501"}
        return any(
            fen and (account[0] in "4567" or account in passed)
            for (_, account, _), fen in self.at_the_end_of(year).items()
        )

    def status_of(self, period: str) -> str:
        """Whether a period is open. The adjusting period is, from December's closing until a later month is closed."""
        if period in self.periods or not period.endswith("-13"):
            return self.periods.get(period, "open")
        if self.periods.get(f"{period[:4]}-12") != "closed":
            return "none"
        return "closed" if any(s == "closed" for month, s in self.periods.items() if month > period) else "open"

    def carry_rule(self, fund: str) -> tuple[str, str]:
        """What becomes of a fund's available and encumbered budget: its own rule, the nearest above, every fund's, the default."""
        said = {code: (one, other) for code, one, other in self.carry_rules}
        owner = fund
        while owner and owner not in said:
            owner = owner.rpartition(".")[0]
        return said.get(owner or "*", ("lapse", "carry"))

    def purpose_for(self, fund: str, code: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """Which kinds and sources may draw on a purpose, as the fund or the nearest above it says."""
        owner = fund
        while owner:
            if (owner, code) in self.purposes:
                return self.purposes[owner, code]
            owner = owner.rpartition(".")[0]
        return None

    def split(self, fund: str, fen: int, taken: Counter[str] | None = None) -> list[tuple[str, int]]:
        """Which sources bear a payment that names none; what is missing stays on the last one that has anything."""
        gone = taken if taken is not None else Counter()
        parts: list[tuple[str, int]] = []
        left = fen
        for source in (*SOURCES, ""):
            part = min(left, self.balance(fund, "1002", 0, source) - gone[source])
            if part > 0:
                parts.append((source, part))
                left -= part
        if left:
            source, part = parts.pop() if parts else ("", 0)
            parts.append((source, part + left))
        for source, part in parts:
            gone[source] += part
        return parts

    def post(self, draft: Draft) -> int:
        """Book an entry that passed every rule; say its number."""
        slot = (draft.when.period, draft.voucher_type)
        self.vouchers[slot] += 1
        self.entries.append(Entry(draft, self.vouchers[slot]))
        self.records += 1
        number = len(self.entries) - 1
        if draft.when.period.endswith("-13"):
            self.periods.setdefault(draft.when.period, "open")
        for line in draft.lines:
            self.balances[line.key] += line.moved(red=draft.red)
        if draft.undoes is not None:
            self.entries[draft.undoes].undone_by = number
        self.opened.update(draft.opening)
        if draft.after is not None:
            draft.after(self, number)
        return number
