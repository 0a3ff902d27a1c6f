"""The letter as HTML: one self-contained page that prints on A4, and a policy that lets nothing run or load.

Every text is escaped by the template engine; the one style sheet is named by its hash in the policy.
"""

import base64
import hashlib
from dataclasses import asdict
from datetime import date
from functools import cache
from importlib import resources
from typing import TypeAlias

import yaml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from claims.eligibility.model import Text
from claims.letters.rules import Desk, Letter
from claims.names import Kind, name_of
from common.errors import Language
from common.money import capitals, yuan

Words: TypeAlias = dict[str, str | dict[str, str]]


@cache
def words(language: Language) -> Words:
    """Return the words of the letter in a language."""
    found: dict[str, Words] = yaml.safe_load(_text("words.yaml"))
    return found[language]


@cache
def _desks() -> tuple[tuple[date, Desk], ...]:
    listed = yaml.safe_load(_text("appeal.yaml"))
    return tuple((one["from"], Desk(Text(**one["where"]), one["source"])) for one in listed)


def desk_on(day: date) -> Desk:
    """Return where a decision of this day is asked about and appealed."""
    return [desk for start, desk in _desks() if start <= day][-1]


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"yuan": yuan, "capitals": capitals, "fill": _fill}
    return environment.from_string(_text("letter.html.jinja"))


def _fill(text: str, **values: object) -> str:
    return text.format(**values)


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def policy() -> str:
    """Return the Content-Security-Policy: no script, no address, no frame; the page's own style sheet alone."""
    digest = base64.b64encode(hashlib.sha256(_text("letter.css").encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(letter: Letter, language: Language) -> str:
    """Return the page in a language."""
    said = words(language)
    sources = letter.inputs.terms and {name: text for name, text in asdict(letter.inputs.terms.sources).items() if text}

    def day(value: date) -> str:
        return str(said["date"]).format(year=value.year, month=value.month, day=value.day)

    def of(text: Text) -> str:
        return text.zh if language == "zh" else text.en

    def named(kind: Kind, code: str) -> str:
        return name_of(kind, code, language)

    # The style sheet is our own file, and the only text that is not escaped.
    style = Markup(_text("letter.css"))  # noqa: S704
    return _template().render(
        language="zh-CN" if language == "zh" else "en",
        letter=letter,
        w=said,
        day=day,
        of=of,
        named=named,
        sources=sources or {},
        style=style,
    )
