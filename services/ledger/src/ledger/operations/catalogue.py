"""The catalogue of operations: the shape of its data, its loader, and what it refuses to load.

A county adds its own operations in files of the same form (setting ``LEDGER_EXTRA_OPERATIONS``). Every operation that loads balances on
each basis under all its conditions (``funds.templates.prove_balance``), and everything it names exists.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ledger.funds.templates import AccountCode, Name, Prose, Template, TemplateError
from ledger.journal.drafts import Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHIPPED = ("operations.yaml", "more_operations.yaml")
SHAPES = "shapes.yaml"
TAKEN_PATHS = frozenset({"receipts", "allotments", "payments"})
"""Places below a fund that belong to other operations."""

Path_ = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z-]{1,48}[a-z]$")]
FieldType = Literal[
    "fen", "text", "party", "source", "date", "year", "item", "encumbrance", "bp", "purpose_code", "choice"
]
Bearer = Literal["cash", "given", "agency", "agency_in", "gift_in", "donation_in", "item"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FieldSpec(_Strict):
    """What a request says: its type, and in two languages what it means."""

    type: FieldType
    required: bool = True
    zero: bool = False
    kind: Name | None = None
    values: list[Name] = Field(default_factory=list)
    zh: Prose
    en: Prose


class Minus(_Strict):
    """One field's amount less another's."""

    of: Name
    less: Name


class Share(_Strict):
    """A share of a field's amount, in basis points of another field; half a fen rounds up [assumed]."""

    of: Name
    bp: Name


class Take(_Strict):
    """How an amount is made of the fields, and which money bears it; nothing says none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    field: Name | None = None
    minus: Minus | None = None
    share: Share | None = None
    bearer: Bearer | None = Field(default=None, alias="from")

    def named(self) -> tuple[str, ...]:
        """Return the fields it reads."""
        if self.minus is not None:
            return (self.minus.of, self.minus.less)
        if self.share is not None:
            return (self.share.of, self.share.bp)
        return (self.field or "",)

    def fen(self, said: dict[str, int]) -> int:
        """Return the amount; negative if less is more than there is."""
        if self.minus is not None:
            return said[self.minus.of] - said[self.minus.less]
        if self.share is not None:
            return (said[self.share.of] * said[self.share.bp] + 5_000) // 10_000
        return said[self.field or ""]


class Opens(_Strict):
    """The open item an operation opens, unless its amount is nothing."""

    kind: Name
    account: AccountCode
    side: Side
    amount: Name
    party: Name | None = None
    due: Name | None = None
    holds: bool = False


class Operation(Template):
    """One typed operation of a fund: a voucher template, what a request says, and how the one becomes the other."""

    path: Path_
    funds: list[Name] = Field(min_length=1)
    fields: dict[Name, FieldSpec] = Field(min_length=1)
    takes: dict[Name, Take]
    opens: Opens | None = None
    reserves: Name | None = None
    detail: Name
    payee: Name | None = None
    approval: Literal["by_rule", "always"] = "by_rule"
    example: dict[str, Any]

    @cached_property
    def item_field(self) -> FieldSpec | None:
        """The open item a request names, if it does."""
        return self.fields.get("item")

    @model_validator(mode="after")
    def _everything_it_names_exists(self) -> Self:
        named = [name for take in self.takes.values() for name in take.named()]
        named += [name for name in (self.detail, self.payee) if name]
        named += [name for name in (self.opens.party, self.opens.due) if name] if self.opens else []
        amounts = [
            *self.takes,
            *([self.opens.amount] if self.opens else []),
            *([self.reserves] if self.reserves else []),
        ]
        self._say(bool(set(named) - self.fields.keys()), f"names a field it does not have: {sorted(set(named))}")
        self._say(set(self.takes) != set(self.amounts), "every amount, and no other, is taken from somewhere")
        self._say(bool(set(amounts) - self.amounts.keys()), "opens or reserves an amount it does not have")
        self._say(bool(self.conditions.keys() - {"draws", "paid_in"}), "asks for a condition nobody can tell")
        self._say(self.path in TAKEN_PATHS, f"the place {self.path} is taken")
        for line in self.lines:
            self._say(line.item is True and self.item_field is None, f"line {line.account} names no open item")
            new = line.item == "new"
            self._say(
                new and (self.opens is None or self.opens.account != line.account),
                f"line {line.account} opens no item of that account",
            )
            self._say(line.encumbrance == "new" and self.reserves is None, "reserves nothing")
            self._say(line.year not in (None, "budget"), f"line {line.account}: the budget year is called budget")
        self._say(self.item_field is not None and self.item_field.kind is None, "an item is of a kind")
        return self

    def _say(self, wrong: bool, reason: str) -> None:  # noqa: FBT001 - reads as a sentence
        if wrong:
            raise TemplateError.about(self.operation, reason)


class Catalogue:
    """All operations there are, by name and in their order."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        for what in ("operation", "path"):
            counts = Counter(str(getattr(one, what)) for one in self.operations)
            twice = sorted(name for name, count in counts.items() if count > 1)
            if twice:
                raise TemplateError.about(", ".join(twice), f"the {what} stands more than once")
        self._by_name = {one.operation: one for one in self.operations}

    def operation(self, name: str) -> Operation:
        """Return the operation of that name. Raises ``TemplateError`` if there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise TemplateError.about(name, "is not in the catalogue")
        return found


def load(text: str, shapes: dict[str, dict[str, Any]]) -> list[Operation]:
    """Read operations strictly. Raises ``ValueError`` that names the place and the reason."""
    return [_operation(said, shapes) for said in yaml.safe_load(text)["operations"]]


def _operation(said: dict[str, Any], shapes: dict[str, dict[str, Any]]) -> Operation:
    own = dict(said)
    shape_name = own.pop("shape", None)
    if shape_name is not None and shape_name not in shapes:
        raise TemplateError.about(str(own.get("operation")), f"there is no shape {shape_name}")
    shape = shapes[shape_name] if shape_name is not None else {}
    fields = {
        **own.get("fields", {}),
        **{k: v for k, v in shape.get("fields", {}).items() if k not in own.get("fields", {})},
    }
    merged = {"kind": own.get("operation"), **shape, **own, "fields": fields}
    return Operation.model_validate(merged)


def catalogue(extra: Path | None = None) -> Catalogue:
    """Return the shipped operations, and those of the ``*.yaml`` files in the folder ``extra``, by name of the file.

    Raises ``ValueError`` for data that does not fit: a service with a wrong catalogue does not start.
    """
    folder = resources.files(__package__).joinpath("data")
    shapes = yaml.safe_load(folder.joinpath(SHAPES).read_text(encoding="utf-8"))["shapes"]
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in SHIPPED]
    if extra is not None:
        texts += [file.read_text(encoding="utf-8") for file in sorted(extra.glob("*.yaml"))]
    return Catalogue(operation for text in texts for operation in load(text, shapes))
