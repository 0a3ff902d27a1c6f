"""Voucher templates 记账凭证模板: the shape of the data in ``templates.yaml``, its loader and its proof of balance.

Owns: what a template may say, and that a template which cannot balance never loads. It decides nothing about
money at run time (``expansion.expand`` does) and reads nothing but the file shipped beside it.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING, Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ledger.journal.drafts import Basis, EntryKind, Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z_]{0,39}$")]
AccountCode = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9]{4,8}|[a-z]{3,20})$")]
Prose = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300)]


class TemplateError(ValueError):
    """The template data is wrong; the message names the operation and what does not fit."""

    @classmethod
    def about(cls, operation: str, reason: str) -> TemplateError:
        """Return the error for an operation's template."""
        return cls(f"{operation}: {reason}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Line(_Strict):
    """One line of a template; see the head of ``templates.yaml`` for the meaning of each field."""

    basis: Basis
    side: Side
    account: AccountCode
    amount: Name
    fund: Name = "fund"
    year: Name | None = None
    sourced: bool = False
    encumbrance: bool | Literal["new"] = False
    item: bool | Literal["new"] = False
    when: dict[Name, list[Name]] = Field(default_factory=dict)
    mark: Literal["published", "assumed"]
    note: Prose | None = None

    def applies(self, conditions: Mapping[str, str]) -> bool:
        """Tell whether this line is booked under the given values of the template's conditions."""
        return all(conditions[name] in values for name, values in self.when.items())


class Template(_Strict):
    """One typed operation and the lines it books. Every template that loads balances (``prove_balance``)."""

    operation: Name
    kind: EntryKind
    title_zh: Prose
    title_en: Prose
    refusals: list[Name] = Field(default_factory=list)
    amounts: dict[Name, Prose] = Field(min_length=1)
    sums: dict[Name, list[Name]] = Field(default_factory=dict)
    conditions: dict[Name, list[Name]] = Field(default_factory=dict)
    lines: list[Line] = Field(min_length=2)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for total, parts in self.sums.items():
            unknown = {total, *parts} - self.amounts.keys()
            if unknown or not parts or total in parts or self.sums.keys() & set(parts):
                raise TemplateError.about(self.operation, f"the sum of {total} is not made of plain amounts")
        for line in self.lines:
            self._line_fits(line)
        idle = self.amounts.keys() - {line.amount for line in self.lines}
        if idle:
            raise TemplateError.about(self.operation, f"no line books {', '.join(sorted(idle))}")
        unasked = self.conditions.keys() - {name for line in self.lines for name in line.when}
        if unasked:
            raise TemplateError.about(self.operation, f"no line asks for {', '.join(sorted(unasked))}")
        prove_balance(self)
        return self

    def _line_fits(self, line: Line) -> None:
        if line.amount not in self.amounts:
            raise TemplateError.about(self.operation, f"line {line.account} books an unknown amount {line.amount}")
        for name, values in line.when.items():
            if not values or not set(values) <= set(self.conditions.get(name, ())):
                raise TemplateError.about(self.operation, f"line {line.account} asks for an unknown {name} {values}")
        if (line.basis == "control") != line.account.isalpha():
            raise TemplateError.about(self.operation, f"account {line.account} is not of the {line.basis} basis")
        if (line.basis == "control") != (line.year is not None):
            raise TemplateError.about(
                self.operation, f"{line.account}: control lines, and only they, carry a budget year"
            )
        if line.account == "encumbered" and not line.encumbrance:
            raise TemplateError.about(self.operation, "a line on encumbered must name its encumbrance")

    def worlds(self) -> Iterator[dict[str, str]]:
        """Yield every combination of the template's conditions, including the single empty one."""
        for values in product(*self.conditions.values()):
            yield dict(zip(self.conditions, values, strict=True))

    def plain_amounts(self, amount: str) -> list[str]:
        """Return the amounts that make up ``amount``: its parts if it is a sum, else itself."""
        return self.sums.get(amount, [amount])


class TemplateBook(_Strict):
    """All templates, the group 资金来源 each source of money belongs to, and the source's Chinese name on vouchers."""

    sources: dict[Name, Name] = Field(min_length=1)
    source_names_zh: dict[Name, str] = Field(default_factory=dict)
    templates: list[Template] = Field(min_length=1)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        twice = [name for name, count in Counter(t.operation for t in self.templates).items() if count > 1]
        if twice:
            raise TemplateError.about(", ".join(twice), "stands more than once")
        return self

    def operation(self, name: str) -> Template:
        """Return the template of an operation. Raises ``TemplateError`` for an operation without one."""
        for template in self.templates:
            if template.operation == name:
                return template
        raise TemplateError.about(name, "has no template")


def prove_balance(template: Template) -> None:
    """Prove that debits equal credits within each fund role, basis and budget year, whatever the amounts are.

    Both sides are written as counts of plain amounts; equal counts balance for every value of the amounts.
    A world (combination of conditions) in which a line books nothing on a side is caught the same way.
    Raises ``TemplateError`` naming the fund role, the basis and the world that fail. Budget years are roles too: one
    year's indicators never balance another's.
    """
    for world in template.worlds():
        net: dict[tuple[str, str, str | None], Counter[str]] = {}
        for line in template.lines:
            if line.applies(world):
                counts = net.setdefault((line.fund, line.basis, line.year), Counter())
                sign = 1 if line.side == "debit" else -1
                for amount in template.plain_amounts(line.amount):
                    counts[amount] += sign
        for (fund, basis, _), counts in net.items():
            if any(counts.values()):
                raise TemplateError.about(template.operation, f"{basis} lines of {fund} do not balance under {world}")


def load(text: str) -> TemplateBook:
    """Read template data strictly: unknown fields, wrong types and unbalanced templates are refused.

    Raises ``pydantic.ValidationError`` (a ``ValueError``) that names the place and the reason.
    """
    return TemplateBook.model_validate(yaml.safe_load(text))


@cache
def shipped() -> TemplateBook:
    """Return the templates shipped with the service. Read and proved once a process, at import of the rules."""
    return load(resources.files(__package__).joinpath("templates.yaml").read_text(encoding="utf-8"))
