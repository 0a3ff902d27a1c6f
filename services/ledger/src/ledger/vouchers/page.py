"""The voucher as HTML: one self-contained page that prints on A4 or A5 across, and a policy that lets nothing run or load.

Every text is escaped by the template engine; the one style sheet is named by its hash in the policy.
"""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Final, Literal

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from common.dates import SHANGHAI
from common.money import yuan
from ledger.vouchers.rules import Voucher

Paper = Literal["a4", "a5"]

_BASES: Final = {
    "financial": ("财务会计", "Financial accounting"),
    "budgetary": ("预算会计", "Budgetary accounting"),
    "control": ("预算指标", "Budget indicators"),
}


_PRINT: Final[dict[Paper, tuple[str, str]]] = {"a4": ("10mm", "9pt"), "a5": ("7mm", "7.5pt")}
"""Margin and size of the letters."""


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["yuan"] = yuan
    return environment.from_string(_text("voucher.html.jinja"))


@cache
def _style(paper: Paper) -> str:
    margin, size = _PRINT[paper]
    return f"@page {{ size: {paper.upper()} landscape; margin: {margin}; }}\nhtml {{ font-size: {size}; }}\n{_text('voucher.css')}"


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def policy(paper: Paper) -> str:
    """Return the Content-Security-Policy: no script, no address, no frame; the page's own style sheet alone."""
    digest = base64.b64encode(hashlib.sha256(_style(paper).encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(voucher: Voucher, paper: Paper) -> str:
    """Return the page."""
    # The style sheet is our own file, and the only text that is not escaped.
    style = Markup(_style(paper))  # noqa: S704
    posted_at = f"{voucher.posted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return _template().render(voucher=voucher, bases=_BASES, style=style, posted_at=posted_at)
