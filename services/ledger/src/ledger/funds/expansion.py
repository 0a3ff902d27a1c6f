"""From an operation's amounts to the lines of its entry, and from one payment to the sources of money that bear it.

Pure: no clock, no I/O. What an entry books is decided by the voucher templates alone; nothing here knows an operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.funds.templates import TemplateError
from ledger.journal.drafts import NO_PURPOSE, NO_SOURCE, LineDraft
from ledger.journal.sources import split_over_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from ledger.funds.templates import Line, Template


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an amount that comes from one source of money 资金来源; ``NO_SOURCE`` where none was stated."""

    source: str
    amount_fen: int


Amount = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template's lines ask for besides amounts.

    ``funds`` and ``years`` map a line's roles to a fund code and a budget year; ``conditions`` maps each condition
    of the template to the value that holds.
    """

    funds: Mapping[str, str]
    years: Mapping[str, int] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    encumbrance: UUID | None = None
    purpose_code: str = NO_PURPOSE
    purposes: Mapping[str, str] = field(default_factory=dict)
    """The purpose of a fund's role, where roles have different ones."""
    new_encumbrance: UUID | None = None
    item: UUID | None = None
    new_item: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """Money that is missing: how much there is, and how much was asked for (fen)."""

    available_fen: int
    requested_fen: int


def whole(amount_fen: int, source: str = NO_SOURCE) -> Amount:
    """Return an amount that comes from one source; no parts if it is zero."""
    return (Part(source, amount_fen),) if amount_fen else ()


def total_fen(amount: Amount) -> int:
    """Return the sum of an amount's parts in fen."""
    return sum(part.amount_fen for part in amount)


def expand(template: Template, amounts: Mapping[str, Amount], facts: Facts) -> tuple[LineDraft, ...]:
    """Return the lines the template books for these amounts, in its order; zero amounts book nothing.

    Raises ``TemplateError`` if an amount or condition of the template is missing, unknown or negative, or if a sum
    does not hold: the caller then asked for something the template does not say, and nothing may be booked.
    """
    _check_amounts(template, amounts)
    _check_conditions(template, facts.conditions)
    return tuple(
        draft
        for line in template.lines
        if line.applies(facts.conditions)
        for draft in _drafts(line, amounts[line.amount], facts)
    )


def _drafts(line: Line, amount: Amount, facts: Facts) -> list[LineDraft]:
    parts = amount if line.sourced else whole(total_fen(amount))
    return [
        LineDraft(
            fund=facts.funds[line.fund],
            account=line.account,
            side=line.side,
            amount_fen=part.amount_fen,
            budget_year=facts.years[line.year] if line.year else 0,
            source=part.source,
            encumbrance=_named(line.encumbrance, facts.encumbrance, facts.new_encumbrance),
            item=_named(line.item, facts.item, facts.new_item),
            # Purposes belong to the budget: its indicators carry them, money and results do not.
            purpose_code=facts.purposes.get(line.fund, facts.purpose_code) if line.basis == "control" else NO_PURPOSE,
        )
        for part in parts
    ]


def _named(asked: bool | str, known: UUID | None, new: UUID | None) -> UUID | None:  # noqa: FBT001 - as the template says it
    if asked == "new":
        return new
    return known if asked else None


def _check_amounts(template: Template, amounts: Mapping[str, Amount]) -> None:
    if amounts.keys() != template.amounts.keys():
        raise TemplateError.about(template.operation, f"needs exactly the amounts {sorted(template.amounts)}")
    if any(part.amount_fen <= 0 for amount in amounts.values() for part in amount):
        raise TemplateError.about(template.operation, "a part of an amount is not positive")
    for total, parts in template.sums.items():
        if total_fen(amounts[total]) != sum(total_fen(amounts[part]) for part in parts):
            raise TemplateError.about(template.operation, f"{total} is not the sum of {', '.join(parts)}")


def _check_conditions(template: Template, conditions: Mapping[str, str]) -> None:
    fits = conditions.keys() == template.conditions.keys() and all(
        value in template.conditions[name] for name, value in conditions.items()
    )
    if not fits:
        raise TemplateError.about(template.operation, f"needs a value for each of {template.conditions}")


def borne_by(amount_fen: int, cash_fen: Mapping[str, int], order: Sequence[str]) -> Amount | Shortage:
    """Decide which sources of money bear a payment that names none, by the journal's own split (ADR 0006).

    A shortage tells what all sources have together.
    """
    at_hand = sum(fen for fen in cash_fen.values() if fen > 0)
    if at_hand < amount_fen:
        return Shortage(available_fen=at_hand, requested_fen=amount_fen)
    return tuple(Part(source, fen) for source, fen in split_over_sources(amount_fen, cash_fen, order))
