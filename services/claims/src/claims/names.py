"""What people call the codes of the service, in both languages, from the data beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import yaml

from common.errors import Language

Kind: TypeAlias = Literal[
    "statuses", "waiting_for", "causes", "checks", "fundings", "surplus_rules", "kinds", "payers", "figures", "sources"
]  # fmt: skip
"""A table of names. `kinds`, `payers` and `sources` are free words of a county: only the usual ones have names."""


@cache
def names() -> Mapping[Kind, Mapping[str, Mapping[Language, str]]]:
    """Return every name by table, code and language."""
    text = resources.files(__package__).joinpath("names.yaml").read_text(encoding="utf-8")
    found: Mapping[Kind, Mapping[str, Mapping[Language, str]]] = yaml.safe_load(text)
    return found


def name_of(kind: Kind, code: str, language: Language) -> str:
    """Return what people call a code, or the code itself where it has no name."""
    both = names()[kind].get(code)
    return code if both is None else both[language]
