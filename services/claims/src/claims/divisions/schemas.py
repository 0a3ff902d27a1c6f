"""Wire types of divisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from common.web import example
from common.wire import Wire


class DivisionOut(Wire):
    """A town or village."""

    code: str
    level: str
    name: str
    parent_code: str


class DivisionsOut(Wire):
    """What lies directly below a county or town, with the table it comes from."""

    code_system: str
    as_of: date
    items: Sequence[DivisionOut]

    model_config = example(
        {
            "code_system": "NBS statistical division codes",
            "as_of": "2023-06-30",
            "items": [{"code": "610923100", "level": "town", "name": "城关镇", "parent_code": "610923"}],
        }
    )
