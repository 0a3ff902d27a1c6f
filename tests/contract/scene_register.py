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
    """The id of an import of somebody of the village, which refused a row."""
    path = f"/v1/books/{scene.county.book}/households/import"
    files = {"file": ("a.csv", list_of(scene.number(), broken=True).encode())}
    token = scene.county.issuer.token("intake", book=scene.county.book, sub="access-list", places=("610923100213",))
    headers = {**scene.county.headers("intake"), "Authorization": f"Bearer {token}"}
    taken = await scene.county.claims.post(path, params={"mode": "good"}, files=files, headers=headers)
    assert taken.is_success, taken.text
    return str(taken.json()["id"])


async def _import(scene: Scene) -> Prepared:
    return {}, {"file": list_of(scene.number())}


async def _move(scene: Scene) -> Prepared:
    left = await scene.county.household()
    joined = await scene.county.household()
    path = {"household_id": str(left["id"]), "member_id": str(left["members"][0]["id"])}
    return path, {"to_household_id": joined["id"], "moved_on": "2021-03-01", "relation": "other_relative"}


async def _consent(scene: Scene) -> Prepared:
    made = await scene.household()
    body = {"kind": "data_comparison", "given_by": made["members"][0]["id"], "given_on": "2021-03-01"}
    return {"household_id": str(made["id"])}, {**body, "document_reference": "授权书1"}


async def _withdrawal(scene: Scene) -> Prepared:
    path, body = await _consent(scene)
    made = await scene.county.post("claims", f"/households/{path['household_id']}/consents", body, "intake")
    return {**path, "consent_id": str(made["id"])}, {"withdrawn_on": "2021-04-01"}


async def _resolution(scene: Scene) -> Prepared:
    made = await scene.household()
    headers = scene.county.headers("intake")
    row = household(600_000 + scene.number())[0]
    twin = {
        **{name: made[name] for name in ("town", "village", "category", "annual_income_fen", "income_year")},
        "bank_account": row[11],
        "members": [{"name": "示例", "id_number": row[5], "relation": "head"}],
    }
    await scene.county.post("claims", "/households", twin, "intake")
    number = household(700_000 + scene.number())[0][5]
    twin["members"] = [{"name": "示例", "id_number": number, "relation": "head"}]
    second = await scene.county.post("claims", "/households", twin, "intake")
    path = f"/v1/books/{scene.county.book}/possible-duplicates"
    found = await scene.county.claims.get(path, params={"household_id": str(second["id"])}, headers=headers)
    return {"duplicate_id": str(found.json()["items"][0]["id"])}, {"resolution": "different", "note": "入户核实"}


async def _jobs(scene: Scene) -> Prepared:
    await job(scene)
    return {}, None


async def _duplicates(scene: Scene) -> Prepared:
    await _resolution(scene)
    return {}, None


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("claims", "POST", "/households/import"): _import,
    ("claims", "GET", "/import-jobs"): _jobs,
    ("claims", "GET", "/possible-duplicates"): _duplicates,
    ("claims", "POST", "/households/{household_id}/members/{member_id}/move"): _move,
    ("claims", "POST", "/households/{household_id}/consents"): _consent,
    ("claims", "POST", "/households/{household_id}/consents/{consent_id}/withdrawal"): _withdrawal,
    ("claims", "POST", "/possible-duplicates/{duplicate_id}/resolution"): _resolution,
}
READ_PARAMETERS: dict[str, Callable[[Scene], Awaitable[str]]] = {"job_id": job}
