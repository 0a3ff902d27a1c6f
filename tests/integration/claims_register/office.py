"""How these tests hand lists in and read what became of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import httpx

from tests.integration.claims_households.register import Caller
from tests.support.household_lists import HEADINGS

Json = dict[str, Any]


def csv_of(rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS, encoding: str = "utf-8-sig") -> bytes:
    """A CSV file of these rows."""
    out = io.StringIO()
    csv.writer(out).writerows([headings, *rows])
    return out.getvalue().encode(encoding)


class Office(Caller):
    """A town office with lists."""

    async def import_file(
        self, content: bytes, *, who: str = "intake", key: str | None = None, **query: str
    ) -> httpx.Response:
        headers = self.headers(who, **{"Idempotency-Key": key or f"list-{next(self._numbers)}"})
        return await self.client.post(
            f"/v1/books/{self.book}/households/import",
            params=query,
            files={"file": ("名单.csv", content)},
            headers=headers,
        )

    async def imported(self, content: bytes, **query: str) -> Json:
        answer = await self.import_file(content, **query)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    async def numbers(self) -> list[str]:
        """The numbers of all registered households."""
        return [one["external_number"] for one in await self.all("/households")]

    async def all(self, path: str, **query: str) -> list[Json]:
        """Every item of a list."""
        items: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.get(path, limit="1000", **query, **cursor)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}


def refused_by_row(faults: Sequence[Json]) -> dict[int, list[tuple[str, str]]]:
    """Headings and codes by row."""
    found: dict[int, list[tuple[str, str]]] = {}
    for fault in faults:
        found.setdefault(fault["row"], []).append((fault["column"], fault["code"]))
    return {row: sorted(said) for row, said in found.items()}
