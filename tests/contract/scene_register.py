"""What the operations on lists of households, on who was what when, on consents and on possible duplicates have to act on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.support.household_lists import HEADINGS, household

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene


def list_of(number: int, *, broken: bool = False) -> str:
    """A list of one household nobody had before, or one with a broken row."""
    rows = household(500_000 + number)
    if broken:
        rows[0][5] = "1"
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in (list(HEADINGS), *rows))


async def job(scene: Scene) -> str:
    """The id of an import that refused a row."""
    path = f"/v1/books/{scene.county.book}/households/import"
    files = {"file": ("a.csv", list_of(scene.number(), broken=True).encode())}
    headers = scene.county.headers("intake")
    taken = await scene.county.claims.post(path, params={"mode": "good"}, files=files, headers=headers)
    assert taken.is_success, taken.text
    return str(taken.json()["id"])


async def _import(scene: Scene) -> Prepared:
    return {}, {"file": list_of(scene.number())}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("claims", "POST", "/households/import"): _import,
}
READ_PARAMETERS: dict[str, Callable[[Scene], Awaitable[str]]] = {"job_id": job}
