"""Tokens bound to places: what they are shown, what they may change, and how a room asks.

A village's or town's reviewer carries `places` in the token (codes of towns and villages). Without places a token has the whole book.

- One household, lead or claim named in the path: `Depends(placed("claims:read"))`. Of another place it is `not_found` (404),
  exactly as one that does not exist. The same holds for a household named by its id in a body: `check_household`.
- A place named by its code or name in a body: `forbidden` (403) naming the field, by `check_place` or `refuse_elsewhere`.
- Lists, searches and counts: `Depends(require("claims:read", heeds_places=True))` and `within` among the query's conditions.
- Everything else, above all what is the whole county's (batches, exports, settings): plain `require`, which answers 403.

A place is where the household lies now; a claim keeps the place its household had when it was filed. A lead without a village
belongs to its town, one without a town to the county alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request

from claims.claims.tables import claim
from claims.context import Context
from claims.divisions.service import find_codes
from claims.households.tables import household
from claims.monitoring.tables import lead
from common.auth import Principal, Requirement
from common.database import transaction
from common.errors import FORBIDDEN, NOT_FOUND

Places = frozenset[str]
"""Codes of towns (9 digits) and villages (12 digits); none is the whole book."""
WHOLE_BOOK: Places = frozenset()
CodeColumn = sa.ColumnElement[str] | sa.ColumnElement[str | None]

_TOWN_DIGITS = 9
_NAMED: dict[str, sa.Table] = {"household_id": household, "lead_id": lead, "claim_id": claim}
"""The path parameters that name something with a place, and the table with its `town_code` and `village_code`."""
_CHECKED = "fangpin_place_checked"


def within(places: Places, town: CodeColumn, village: CodeColumn) -> sa.ColumnElement[bool]:
    """SQL condition: the row with these two codes lies in one of the places; always true for the whole book."""
    if not places:
        return sa.true()
    towns = [place for place in places if len(place) == _TOWN_DIGITS]
    villages = [place for place in places if len(place) != _TOWN_DIGITS]
    return sa.or_(town.in_(towns), village.in_(villages))


def is_within(places: Places, town: str | None, village: str | None) -> bool:
    """Whether what lies in this town and village lies in one of the places."""
    return not places or town in places or village in places


def refuse_elsewhere(places: Places, town: str | None, village: str | None, *, field: str = "village") -> None:
    """Raise `forbidden` naming the field if a write names a place of others, or none at all."""
    if not is_within(places, town, village):
        raise FORBIDDEN.error(field=field)


def check_place(principal: Principal, book: str, town: str | None, village: str | None) -> None:
    """Raise `forbidden` if a body names a town and village (by code or name) of others; `invalid_request` if they do not exist."""
    if principal.places:
        refuse_elsewhere(principal.places, *find_codes(book, town, village))


async def check_household(context: Context, principal: Principal, book: str, household_id: UUID) -> None:
    """Raise `not_found` naming `household_id` unless the household of a body lies in the token's places."""
    if principal.places and not await _lies_within(context, principal.places, household, book, household_id):
        raise NOT_FOUND.error(field="household_id")


class Placed(Requirement):
    """The dependency `placed` makes: a `Requirement` that also looks where the thing lies that the path names."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        """Remember the scopes."""
        super().__init__(scopes, heeds_places=True)

    async def __call__(self, request: Request) -> Principal:
        """Return the principal; raise as `Requirement`, and `not_found` for what lies elsewhere."""
        principal = await super().__call__(request)
        if principal.places and _CHECKED not in request.scope:
            context: Context = request.app.state.context
            book = str(request.path_params["book"])
            for table, row_id in _named(request.path_params):
                if row_id is None or not await _lies_within(context, principal.places, table, book, row_id):
                    raise NOT_FOUND.error()
            request.scope[_CHECKED] = True
        return principal


def placed(*scopes: str) -> Placed:
    """Guard an operation on one household, lead or claim that its path names (`household_id`, `lead_id`, `claim_id`)."""
    return Placed(scopes)


def _named(path: Mapping[str, object]) -> Iterable[tuple[sa.Table, UUID | None]]:
    """What the path names, whose form nobody has looked at yet; None for an id that is none."""
    for name in _NAMED.keys() & path.keys():
        try:
            yield _NAMED[name], UUID(str(path[name]))
        except ValueError:
            yield _NAMED[name], None


async def _lies_within(context: Context, places: Places, table: sa.Table, book: str, row_id: UUID) -> bool:
    """Whether the book has this row, in one of the places."""
    here = within(places, table.c.town_code, table.c.village_code)
    query = sa.select(sa.literal(1)).where(table.c.book == book, table.c.id == row_id, here)
    async with transaction(context.engine) as conn:
        return (await conn.execute(query)).first() is not None
