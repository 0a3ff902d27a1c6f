"""What people call the codes of the service, in both languages, from the data beside this file."""

from __future__ import annotations

import re
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
    """Return what people call a code, or the code itself where it has no name.

    A name of the table may have places to fill, as `policy {year}`: what stands there is named in its turn.
    """
    both = names()[kind].get(code)
    if both is not None:
        return both[language]
    for pattern, filled in _with_places(kind):
        if found := pattern.fullmatch(code):
            return filled[language].format(
                **{place: name_of(kind, said, language) for place, said in found.groupdict().items()}
            )
    return code


@cache
def _with_places(kind: Kind) -> tuple[tuple[re.Pattern[str], Mapping[Language, str]], ...]:
    return tuple(
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(code))), both)
        for code, both in names()[kind].items()
        if "{" in code
    )
