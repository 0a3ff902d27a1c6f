"""Categories of households and relations of members: dated lists that ship as data beside this file."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass
from datetime import date

import yaml


@dataclass(frozen=True, slots=True)
class Category:
    """A category of households. `monitored`: it is one of monitored households 监测对象. `valid_to` is the last day, None = open."""

    code: str
    name_zh: str
    name_en: str
    monitored: bool
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation to the head of the household; `words` are the Chinese words that mean it."""

    code: str
    name_zh: str
    name_en: str
    words: tuple[str, ...]


def _rows(name: str) -> list[dict[str, object]]:
    text = importlib.resources.files("claims.households").joinpath(name).read_text(encoding="utf-8")
    rows: list[dict[str, object]] = yaml.safe_load(text)
    return rows


@functools.cache
def categories() -> tuple[Category, ...]:
    """Every category ever valid."""
    return tuple(Category(**row) for row in _rows("categories.yaml"))  # type: ignore[arg-type]  # the dataclass names the keys


@functools.cache
def relations() -> tuple[Relation, ...]:
    """Every relation."""
    return tuple(
        Relation(**{**row, "words": tuple(row["words"])})  # type: ignore[arg-type]  # the dataclass names the keys
        for row in _rows("relations.yaml")
    )


def category(code: str, on: date) -> Category | None:
    """The category valid on a day, or None."""
    for row in categories():
        if row.code == code and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to):
            return row
    return None


def category_code(given: str, on: date) -> str | None:
    """The code of a category given by code or by its Chinese name, valid on a day, or None."""
    return next((row.code for row in categories() if given in {row.code, row.name_zh} and category(row.code, on)), None)


def stored_category(code: str) -> Category:
    """The newest row of a category a stored household has, in force or not."""
    return [row for row in categories() if row.code == code][-1]


@dataclass(frozen=True, slots=True)
class ConsentKind:
    """What somebody may consent to."""

    code: str
    name_zh: str
    name_en: str


@functools.cache
def consent_kinds() -> tuple[ConsentKind, ...]:
    """Every kind of consent."""
    return tuple(ConsentKind(**row) for row in _rows("consents.yaml"))  # type: ignore[arg-type]  # the dataclass names the keys


def consent_kind(code: str) -> ConsentKind | None:
    """The kind of a code, or None."""
    return next((row for row in consent_kinds() if row.code == code), None)


def relation_code(given: str) -> str | None:
    """The code of a relation given by code or by a Chinese word, or None if the list has no such word."""
    for row in relations():
        if given == row.code or given in row.words:
            return row.code
    return None


def relation_name_zh(code: str) -> str:
    """The Chinese name of a stored relation."""
    return next(row.name_zh for row in relations() if row.code == code)
