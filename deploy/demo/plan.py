"""What the demo book contains, as plain data from a fixed seed. Pure: no clock, no I/O but the two data files.

Every person is invented and cannot be a real one: names say that they are examples, ID numbers carry an area code
(99xxxx) that is assigned to no place, and account numbers start with an issuer number (999999) of no bank.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

SEED = 610923
"""The generator's seed: the same plan on every machine and day."""

FIGURES_FILE = Path(__file__).parent / "figures.yaml"

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK_CHARACTERS = "10X98765432"
_RELATIONS = ("head", "spouse", "son", "daughter", "parent")
_STILL_OPEN = 0.04
"""Share of the leads without a household that nobody has handled yet."""

_REFUSED_AT = ("verification", "joint_review", "determination")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Book(_Data):
    """The demo book's code, name and first period."""

    code: str
    name: str
    first_period: str


class SeedFigures(_Data):
    """The programme's own figures, which the loaded book must reproduce."""

    leads: int
    monitored_households: int
    monitored_people: int
    overhaul_funds: int
    welfare_posts: int
    households_paid: int
    amount_paid_fen: int


class ChannelFigures(_Data):
    """Leads of one channel, and how many of them lead to a monitored household."""

    leads: int
    monitored: int


class SubFund(_Data):
    """A sub-fund to create."""

    code: str
    parent: str
    name_zh: str
    name_en: str


class Payment(_Data):
    """A direct payment, whole yuan, on a day of the fiscal year (MM-DD)."""

    yuan: int
    day: str
    purpose: str


class FundMoney(_Data):
    """One fund's receipts by source, allotment and payments, in whole yuan."""

    fund: str
    receipts: dict[str, int]
    allotted: int
    payments: tuple[Payment, ...] = ()


class Overhaul(_Data):
    """What each overhaul fund receives, is allotted, and every how-manieth pays, in whole yuan."""

    receipt_yuan: int
    allotted_yuan: int
    paid_every: int
    paid_yuan: int


class PolicyFigures(_Data):
    """The demo programme."""

    year: int
    insurer: str
    name: str


class CauseFigures(_Data):
    """Claims of one cause: how many, of what loss (yuan), of what kind, and what others pay (payer, percent)."""

    count: int
    kind: str
    loss_yuan: tuple[int, int] | None = None
    others: tuple[str, int] | None = None


class Figures(_Data):
    """The whole of ``figures.yaml``."""

    book: Book
    fiscal_year: int
    seed: SeedFigures
    leads_by_channel: dict[str, ChannelFigures]
    sub_funds: tuple[SubFund, ...]
    money: tuple[FundMoney, ...]
    overhaul: Overhaul
    policy: PolicyFigures
    claims: dict[str, CauseFigures]


@dataclass(frozen=True, slots=True)
class Village:
    """A village with its town, by division code."""

    code: str
    town: str


@dataclass(frozen=True, slots=True)
class Member:
    """An invented person."""

    name: str
    id_number: str
    relation: str
    birth_on: dt.date


@dataclass(frozen=True, slots=True)
class Household:
    """An invented household; income in fen for the whole household and year."""

    number: int
    village: Village
    category: str
    members: tuple[Member, ...]
    annual_income_fen: int
    phone: str
    bank_account: str


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead. ``household`` is set where it leads to a monitored household; else ``refused_at`` tells where it ends (None: still open)."""

    number: int
    channel: str
    found_on: dt.date
    household: Household | None
    refused_at: str | None


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """A claim to file. ``loss_fen`` is None where the loss follows from what is left of the year's amount."""

    number: int
    household: Household
    cause: str
    kind: str
    event_on: dt.date
    loss_fen: int | None
    other_payer: str | None
    other_fen: int


def load_figures() -> Figures:
    """Read and check ``figures.yaml``."""
    return Figures.model_validate(yaml.safe_load(FIGURES_FILE.read_text(encoding="utf-8")))


def id_number(area: str, born: dt.date, sequence: int) -> str:
    """An 18-character ID number with a right check character (GB 11643) for an invented person."""
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + _ID_CHECK_CHARACTERS[total % 11]


def account_number(number: int) -> str:
    """A 19-digit account number with a right Luhn digit under an issuer number nobody has."""
    body = f"999999{number:012d}"
    total = 0
    for index, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if index % 2 == 0 else 1)
        total += sum(divmod(doubled, 10))
    return f"{body}{-total % 10}"


def _generator(offset: int) -> random.Random:
    """Repeatable draws for one part of the plan, so that a change of one part leaves the others as they are."""
    return random.Random(SEED + offset)  # noqa: S311 - a plan to be repeated, nothing secret


def _household_sizes(households: int, people: int, generator: random.Random) -> list[int]:
    """Sizes 1 to 5 of so many households with exactly so many people."""
    sizes = [2] * households
    spare = people - sum(sizes)
    while spare:
        index = generator.randrange(households)
        if sizes[index] < len(_RELATIONS):
            sizes[index] += 1
            spare -= 1
    return sizes


def _members(number: int, size: int, generator: random.Random) -> tuple[Member, ...]:
    ages = {"head": (35, 58), "spouse": (33, 56), "son": (6, 22), "daughter": (6, 22), "parent": (62, 84)}
    members = []
    for index, relation in enumerate(_RELATIONS[:size]):
        youngest, oldest = ages[relation]
        born = dt.date(2021 - generator.randint(youngest, oldest), generator.randint(1, 12), generator.randint(1, 28))
        members.append(
            Member(
                name=f"示例{number:03d}户{'甲乙丙丁戊'[index]}",
                id_number=id_number("990923", born, (number * 5 + index) % 1000),
                relation=relation,
                birth_on=born,
            )
        )
    return tuple(members)


def plan_households(figures: Figures, villages: tuple[Village, ...]) -> tuple[Household, ...]:
    """The monitored households with exactly the programme's number of people."""
    generator = _generator(0)
    categories = ("unstable_relieved", "marginal_poverty_prone", "sudden_hardship")
    sizes = _household_sizes(figures.seed.monitored_households, figures.seed.monitored_people, generator)
    return tuple(
        Household(
            number=number,
            village=villages[generator.randrange(len(villages))],
            category=categories[generator.randrange(len(categories))],
            members=_members(number, size, generator),
            annual_income_fen=size * generator.randint(3500, 5900) * 100,
            phone=f"199{number:08d}",
            bank_account=account_number(number),
        )
        for number, size in enumerate(sizes, start=1)
    )


def plan_listed(villages: tuple[Village, ...]) -> tuple[Household, ...]:
    """Households that nobody monitors, handed in as one list: twelve of them, numbered from 901 on."""
    generator = _generator(3)
    return tuple(
        Household(
            number=number,
            village=villages[generator.randrange(len(villages))],
            category="general",
            members=_members(number, size := generator.randint(1, 4), generator),
            annual_income_fen=size * generator.randint(8000, 15000) * 100,
            phone=f"199{number:08d}",
            bank_account=account_number(number),
        )
        for number in range(901, 913)
    )


def plan_leads(figures: Figures, households: tuple[Household, ...]) -> tuple[Lead, ...]:
    """The leads of all channels, in the order of their dates; every household belongs to exactly one."""
    generator = _generator(1)
    waiting = list(households)
    drafts: list[tuple[dt.date, str, Household | None, str | None]] = []
    for channel, counts in figures.leads_by_channel.items():
        for index in range(counts.leads):
            found_on = dt.date(2021, 1, 4) + dt.timedelta(days=generator.randint(0, 110))
            household = waiting.pop() if index < counts.monitored else None
            refused_at = None if household or generator.random() < _STILL_OPEN else _REFUSED_AT[generator.randrange(3)]
            drafts.append((found_on, channel, household, refused_at))
    drafts.sort(key=lambda draft: (draft[0], draft[1]))
    return tuple(
        Lead(number, channel, found_on, household, refused_at)
        for number, (found_on, channel, household, refused_at) in enumerate(drafts, start=1)
    )


def plan_claims(figures: Figures, households: tuple[Household, ...]) -> tuple[ClaimPlan, ...]:
    """One claim for each household to be paid; those whose loss is left open come last."""
    generator = _generator(2)
    chosen = generator.sample(households, figures.seed.households_paid)
    causes = [cause for cause, counts in figures.claims.items() for _ in range(counts.count)]
    plans = []
    for number, (household, cause) in enumerate(zip(chosen, causes, strict=True), start=1):
        counts = figures.claims[cause]
        loss_fen = (
            generator.randint(counts.loss_yuan[0] // 100, counts.loss_yuan[1] // 100) * 10_000
            if counts.loss_yuan
            else None
        )
        other_fen = 0
        if counts.others and loss_fen:
            # What others pay comes on top, so that the loss left to the household stays in the range.
            other_fen = loss_fen * counts.others[1] // 100
            loss_fen += other_fen
        event_on = dt.date(2021, 6, 1) + dt.timedelta(days=generator.randint(0, 60))
        plans.append(
            ClaimPlan(
                number,
                household,
                cause,
                counts.kind,
                event_on,
                loss_fen,
                counts.others[0] if counts.others else None,
                other_fen,
            )
        )
    return tuple(plans)


def split_evenly(total: int, parts: int, unit: int) -> list[int]:
    """Split an amount into so many parts of whole units; the last part takes the remainder."""
    share = total // parts // unit * unit
    return [share] * (parts - 1) + [total - share * (parts - 1)]
