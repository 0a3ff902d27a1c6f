"""The kinds of documents: data that ships beside this file."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document; `code` is what terms name in their required documents."""

    code: str
    name_zh: str
    name_en: str
    source: str


@functools.cache
def kinds() -> tuple[Kind, ...]:
    """Every kind, in the order lists show them."""
    text = importlib.resources.files("claims.documents").joinpath("kinds.yaml").read_text(encoding="utf-8")
    return tuple(Kind(**row) for row in yaml.safe_load(text))


@functools.cache
def kind_codes() -> frozenset[str]:
    """The codes of all kinds."""
    return frozenset(kind.code for kind in kinds())


def kind(code: str) -> Kind:
    """The kind of a stored document."""
    return next(one for one in kinds() if one.code == code)
