"""A reviewer bound to a place sees and changes what lies there, and learns nothing of what lies elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from tests.support.claims_office import TOWN, VILLAGE, Json, Office, household, id_number

pytestmark = pytest.mark.anyio

OTHER_VILLAGE: Final = "610923100206"  # of the same town
OTHER_TOWN: Final = "610923101"
VILLAGE_OF_OTHER_TOWN: Final = "610923101200"
NOWHERE: Final = "01890000-0000-7000-8000-000000000000"


@dataclass
class Bound:
    """Somebody of the county whose token is bound to places."""

    office: Office
    places: tuple[str, ...]

    async def send(self, method: str, path: str, who: str = "town", **how: Any) -> httpx.Response:
        token = self.office.issuer.token(who, book=self.office.book, sub=f"bound-{who}", places=self.places)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en", **how.pop("headers", {})}
        return await self.office.client.request(method, f"/v1/books/{self.office.book}{path}", headers=headers, **how)

    async def get(self, path: str, who: str = "town", **query: str | int) -> Json:
        answer = await self.send("GET", path, who, params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def post(self, path: str, body: object, who: str = "town", key: str = "bound-1") -> httpx.Response:
        return await self.send("POST", path, who, json=body, headers={"Idempotency-Key": key})


@dataclass
class County:
    """Two families and a claim of each: one in VILLAGE of TOWN, one in another town."""

    office: Office
    here: Json
    there: Json
    claim_here: Json
    claim_there: Json

    def bound(self, *places: str) -> Bound:
        return Bound(self.office, places)


@pytest.fixture
async def county(office: Office) -> County:
    await office.programme()
    here = await office.family()
    there = await office.family(town=OTHER_TOWN, village=VILLAGE_OF_OTHER_TOWN)
    return County(office, here, there, await office.filed(here), await office.filed(there))


def lead(**place: str) -> Json:
    return {"channel": "cadre_visit", "reason": "收入下降", "found_on": "2021-05-01", **place}


@pytest.mark.parametrize(
    ("places", "seen"),
    [
        ((TOWN,), ["here"]),
        ((VILLAGE,), ["here"]),
        ((OTHER_TOWN,), ["there"]),
        ((VILLAGE_OF_OTHER_TOWN,), ["there"]),
        ((OTHER_VILLAGE,), []),
        ((OTHER_VILLAGE, OTHER_TOWN), ["there"]),
        ((VILLAGE, OTHER_TOWN), ["here", "there"]),
        (("610922100",), []),  # a place of another county opens nothing here
    ],
)
async def test_lists_searches_and_counts_hold_the_token_s_places_only(
    county: County, places: tuple[str, ...], seen: list[str]
) -> None:
    bound = county.bound(*places)
    homes = {name: getattr(county, name)["id"] for name in ("here", "there")}
    listed = await bound.get("/households")
    assert [one["id"] for one in listed["items"]] == [homes[name] for name in seen]
    claims = await bound.get("/claims", limit=1)
    ids = [one["household_id"] for one in claims["items"]]
    while claims["next_cursor"]:
        claims = await bound.get("/claims", limit=1, cursor=claims["next_cursor"])
        ids += [one["household_id"] for one in claims["items"]]
    assert ids == [homes[name] for name in seen]
    for order, name in ((1, "here"), (3, "there")):
        found = await bound.send("POST", "/households/search", json={"id_number": id_number(order)})
        # `family` numbers its people from 1 on, two a family.
        assert bool(found.json()["items"]) == (name in seen), (name, found.text)
    assert sum((await bound.get("/reports/summary"))["claims_by_status"].values()) == len(seen)


async def test_a_filter_for_another_place_and_a_cursor_of_another_token_show_nothing_more(county: County) -> None:
    whole = await county.office.read("/claims", limit=1)
    assert whole["next_cursor"]
    bound = county.bound(TOWN)
    assert (await bound.get("/claims", cursor=whole["next_cursor"]))["items"] == []
    for query in ({"town": OTHER_TOWN}, {"household_id": county.there["id"]}):
        assert (await bound.get("/claims", **query))["items"] == []
    for query in ({"town": OTHER_TOWN}, {"village": VILLAGE_OF_OTHER_TOWN}):
        assert (await bound.get("/households", **query))["items"] == []


async def test_what_lies_elsewhere_is_answered_as_what_does_not_exist(county: County) -> None:
    bound = county.bound(TOWN)
    patch = {"json": {"annual_income_fen": 1, "income_year": 2021}, "headers": {"If-Match": '"1"'}}
    step = {"json": {"step": "town_check", "outcome": "passed", "done_on": "2021-07-01"}}
    step["headers"] = {"Idempotency-Key": "elsewhere"}
    there, claim = county.there["id"], county.claim_there["id"]
    for method, path, how in (
        ("GET", "/households/{}", {}),
        ("PATCH", "/households/{}", patch),
        ("GET", "/claims/{}", {}),
        ("GET", "/claims/{}/decision", {}),
        ("POST", "/claims/{}/decision/recomputation", {}),
        ("POST", "/claims/{}/steps", step),
    ):
        elsewhere = await bound.send(method, path.format(claim if "claims" in path else there), **how)
        nowhere = await bound.send(method, path.format(NOWHERE), **how)
        assert elsewhere.status_code == nowhere.status_code == 404
        assert {**elsewhere.json(), "instance": ""} == {**nowhere.json(), "instance": ""}
    assert (await county.office.read(f"/claims/{claim}"))["status"] == "reported"


async def test_a_body_that_names_a_household_or_a_place_of_others_is_refused(county: County) -> None:
    office, bound = county.office, county.bound(VILLAGE)
    filed = await bound.post("/claims", office.claim(county.there), "intake")
    asked = await bound.post("/eligibility-checks", office.claim(county.there), "intake")
    led = await bound.post("/leads", lead(household_id=county.there["id"]))
    assert [one.status_code for one in (filed, asked, led)] == [404, 404, 404]
    assert {one.json()["field"] for one in (filed, asked, led)} == {"household_id"}

    moved: dict[str, Any] = {
        "json": {"town": OTHER_TOWN, "village": VILLAGE_OF_OTHER_TOWN},
        "headers": {"If-Match": '"1"'},
    }
    refused = (
        await bound.post("/households", household(77, village=OTHER_VILLAGE), "intake"),
        await bound.post("/leads", lead(description="独居", town=TOWN, village=OTHER_VILLAGE)),
        await bound.post("/leads", lead(description="独居", town=TOWN)),  # its village is not said to be this one
        await bound.post("/leads", lead(description="独居")),
        await bound.send("PATCH", f"/households/{county.here['id']}", **moved),
    )
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "forbidden")] * 5
    # One key serves all: what was refused did not use it.
    assert (await bound.post("/leads", lead(description="独居", town=TOWN, village=VILLAGE))).status_code == 201
    assert len((await bound.get("/leads"))["items"]) == 1


async def test_a_lead_without_a_village_is_its_town_s_and_one_without_a_town_the_county_s(county: County) -> None:
    office = county.office
    of_town = await office.made("/leads", lead(description="独居", town=TOWN), "intake")
    await office.made("/leads", lead(description="独居"), "intake")
    assert [one["id"] for one in (await county.bound(TOWN).get("/leads"))["items"]] == [of_town["id"]]
    assert (await county.bound(VILLAGE).get("/leads"))["items"] == []
    assert (await county.bound(TOWN).get("/reports/summary"))["leads"] == 1
    step = {"step": "lead_accepted", "outcome": "passed", "done_on": "2021-05-02"}
    taken = await county.bound(VILLAGE).post(f"/leads/{of_town['id']}/steps", step)
    assert taken.status_code == 404
    attached = await county.bound(TOWN).post(
        f"/leads/{of_town['id']}/steps", step | {"household_id": county.there["id"]}
    )
    assert (attached.status_code, attached.json()["field"]) == (404, "household_id")


async def test_another_s_key_and_body_do_not_replay_an_answer_of_another_place(county: County) -> None:
    body = county.office.claim(county.there, event_on="2021-05-01", reported_on="2021-05-02")
    await county.office.made("/claims", body, "intake", key="shared-key")
    again = await county.bound(TOWN).post("/claims", body, "intake", key="shared-key")
    assert again.status_code == 404


async def test_what_is_the_whole_county_s_is_not_a_place_s(county: County) -> None:
    bound = county.bound(TOWN)
    for who, path in (("payer", "/payout-batches"), ("payer", "/reconciliation")):
        assert (await bound.send("GET", path, who)).status_code == 403
    body = {"year": 2022, "insurer": "演示保险公司（虚构）", "funding": "county_paid"}
    assert (await bound.post("/policies", body, "county")).status_code == 403
    assert (await bound.get("/policies"))["items"]
    assert (await bound.get("/divisions"))["items"]
