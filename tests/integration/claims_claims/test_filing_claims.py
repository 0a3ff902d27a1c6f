"""Intake: what is recorded, what is refused, what lies encrypted, how claims are numbered and found."""

import asyncio
import re

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.claims.tables import claim as claim_table
from claims.claims.tables import claim_document
from deploy.local.issuer import Issuer
from tests.support.claims_office import BOOK, TOWN, Json, Office, row_counts, terms

pytestmark = pytest.mark.anyio

NOBODY = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"


async def test_a_filed_claim_is_answered_with_its_number_and_first_decision(office: Office) -> None:
    policy = await office.programme()
    family = await office.family()
    claim = await office.filed(family, member=1)
    assert re.fullmatch(r"610923-2021-0{5}1", claim["number"])
    assert claim == {
        "id": claim["id"],
        "number": "610923-2021-000001",
        "status": "reported",
        "waiting_for": "town",
        "household_id": family["id"],
        "claimant_member_id": family["members"][1]["id"],
        "town": TOWN,
        "village": family["village"],
        "policy_id": policy["id"],
        "cause": "serious_illness",
        "event_on": "2021-06-01",
        "reported_on": "2021-06-10",
        "filed_at": claim["filed_at"],
        "filed_by": "intake-1",
        "outcome": "eligible",
        "benefit_fen": 1_100_000,
        "decision_version": 1,
        "approved_on": None,
    }
    found = await office.read(f"/claims/{claim['id']}")
    bill = {"kind": "medical_bill", "amount_fen": 5_000_000}
    assert found["loss"] == [{**bill, "document_number": None, "settlement_number": None}]
    assert [line["event"] for line in found["history"]] == ["filed"]


async def test_a_claim_the_rules_refuse_is_recorded_and_explained(office: Office) -> None:
    await office.programme()
    family = await office.family(annual_income_fen=99_999_999)
    claim = await office.filed(family, reported_on="2022-06-01")
    assert (claim["status"], claim["outcome"], claim["benefit_fen"]) == ("reported", "refused", 0)
    decision = await office.read(f"/claims/{claim['id']}/decision")
    failing = [check["code"] for check in decision["checks"] if check["outcome"] == "fail"]
    assert failing == ["covered_group", "reporting_period"]


async def test_bad_input_is_refused_with_its_code_and_changes_nothing(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    family, other = await office.family(), await office.family()
    good = office.claim(family)
    bill: Json = good["loss"][0]
    stranger = other["members"][0]["id"]
    refusals: list[tuple[Json, int, str, str | None]] = [
        ({"event_on": "2199-01-01", "reported_on": "2199-01-02"}, 422, "invalid_request", "event_on"),
        ({"reported_on": "2199-01-02"}, 422, "invalid_request", "reported_on"),
        ({"reported_on": "2021-05-31"}, 422, "invalid_request", "reported_on"),
        ({"event_on": "2021-13-01"}, 422, "invalid_request", "event_on"),
        ({"event_on": 1_622_505_600}, 422, "invalid_request", "event_on"),
        ({"cause": "bad_luck"}, 422, "invalid_request", "cause"),
        ({"cause": None}, 422, "invalid_request", "cause"),
        ({"claimant_member_id": stranger}, 422, "invalid_request", "claimant_member_id"),
        ({"claimant_member_id": NOBODY}, 422, "invalid_request", "claimant_member_id"),
        ({"claimant_member_id": "x"}, 422, "invalid_request", "claimant_member_id"),
        ({"household_id": NOBODY}, 404, "not_found", "household_id"),
        ({"loss": []}, 422, "invalid_request", "loss"),
        ({"loss": [{**bill, "amount_fen": 0}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": -1}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": 0.5}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": 5.0}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": "500"}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": True}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "amount_fen": 10**30}]}, 422, "invalid_request", "loss[0].amount_fen"),
        ({"loss": [{**bill, "kind": " "}]}, 422, "invalid_request", "loss[0].kind"),
        ({"loss": [{**bill, "kind": "电话13800138000"}]}, 422, "personal_data_in_text", "loss[0].kind"),
        ({"loss": [{**bill, "document_number": "a\nb"}]}, 422, "invalid_request", "loss[0].document_number"),
        ({"loss": [bill] * 201}, 422, "invalid_request", "loss"),
        ({"other_payments": [{"payer": "x", "amount_fen": 0}]}, 422, "invalid_request", "other_payments[0].amount_fen"),
        ({"other_payments": [{"payer": "x", "amount_fen": 5_000_001}]}, 409, "loss_below_other_payments", None),
        ({"event_on": "2020-12-31"}, 409, "event_outside_policy", "event_on"),
        ({"event_on": "2022-01-01", "reported_on": "2022-01-02"}, 409, "event_outside_policy", "event_on"),
        ({"cause": "accident"}, 409, "event_outside_policy", "event_on"),
        ({"status": "paid"}, 422, "invalid_request", "status"),
    ]
    async with owner.connect() as conn:
        before = await row_counts(conn)
    for change, status, code, field in refusals:
        answer = await office.post("/claims", {**good, **change}, "intake")
        assert (answer.status_code, answer.json()["code"]) == (status, code), (change, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        if field is not None:
            assert answer.json()["field"] == field, change
    async with owner.connect() as conn:
        after = await row_counts(conn)
    # Refusals by a rule are remembered for their keys; nothing else is.
    assert after.pop("idempotency_key") - before.pop("idempotency_key") == 4
    assert after == before


async def test_the_largest_amounts_are_added_without_loss(office: Office) -> None:
    await office.programme()
    most = 10**15
    loss = [{"kind": "medical_bill", "amount_fen": most} for _ in range(200)]
    others = [{"payer": "medical_insurance", "amount_fen": most} for _ in range(50)]
    claim = await office.filed(await office.family(), loss=loss, other_payments=others)
    decision = await office.read(f"/claims/{claim['id']}/decision")
    steps = {step["step"]: step["amount_fen"] for step in decision["computation"]}
    assert (steps["loss"], steps["net_loss"], decision["benefit_fen"]) == (200 * most, 150 * most, 10_000_000)
    assert steps["tiers_total"] == 700_000 + 800_000 + (150 * most - 300_000 - 2_000_000) * 9 // 10


async def test_filing_needs_the_intake_scope_and_the_book(office: Office, issuer: Issuer) -> None:
    await office.programme()
    body = office.claim(await office.family())
    for who in ("village", "town", "county", "payer", "auditor", "admin", "officer"):
        assert (await office.post("/claims", body, who)).status_code == 403, who
    foreign = Office(office.client, issuer, book="610924")
    token = issuer.token("intake", book=BOOK)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "foreign"}
    answer = await foreign.client.post("/v1/books/610924/claims", json=body, headers=headers)
    assert answer.status_code == 403
    assert (await foreign.post("/claims", body, "intake")).json()["field"] == "household_id"
    assert (await office.client.post(f"/v1/books/{BOOK}/claims", json=body)).status_code == 401


async def test_a_claim_is_not_seen_from_another_book(office: Office, issuer: Issuer) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    foreign = Office(office.client, issuer, book="610924")
    for path in (f"/claims/{claim['id']}", f"/claims/{claim['id']}/decision"):
        assert (await foreign.get(path)).status_code == 404
    assert (await foreign.read("/claims"))["items"] == []
    assert (await foreign.step(claim, "town_check", "town")).status_code == 404


async def test_numbers_have_no_gap_although_some_filings_fail(office: Office) -> None:
    await office.programme()
    families = [await office.family() for _ in range(4)]
    bodies = []
    for index in range(24):
        body = office.claim(families[index % 4], event_on=f"2021-06-{index + 1:02d}", reported_on="2021-07-01")
        bodies.append({**body, "cause": "accident"} if index % 3 == 2 else body)
    answers = await asyncio.gather(*(office.post("/claims", body, "intake") for body in bodies))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    numbers = sorted(answer.json()["number"] for answer in answers if answer.status_code == 201)
    assert numbers == [f"610923-2021-{serial:06d}" for serial in range(1, 17)]


async def test_a_repeated_filing_is_one_claim(office: Office) -> None:
    await office.programme()
    body = office.claim(await office.family())
    answers = await asyncio.gather(*(office.post("/claims", body, "intake", key="same") for _ in range(12)))
    assert len({answer.text for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replayed") == "true" for answer in answers) == 11
    assert len((await office.read("/claims"))["items"]) == 1


async def test_losses_notes_and_decisions_lie_encrypted_also_in_stored_replays(
    office: Office, owner: AsyncEngine
) -> None:
    await office.programme()
    planted = "keratoconus-surgery"
    loss = [{"kind": planted, "amount_fen": 5_000_000, "document_number": "FP-77 120045-18"}]
    claim = await office.filed(await office.family(), loss=loss)
    await office.step(claim, "town_check", "town", note="remark-on-health")
    await office.step(claim, "county_approval", "county", note="second-remark")
    words = [planted, "FP-77", "77120045", "120045-18", "FP7712004518", "remark-on-health", "second-remark"]
    dump = await everything(owner)
    # The scan sees what is there in clear: the test would notice a scan that looks at nothing.
    assert claim["number"] in dump
    for word in words:
        assert word not in dump
        assert word.encode().hex() not in dump
    found = await office.read(f"/claims/{claim['id']}")
    assert found["loss"][0]["document_number"].endswith("4518")
    assert "7712" not in found["loss"][0]["document_number"]
    assert planted in (await office.get(f"/claims/{claim['id']}")).text


async def everything(engine: AsyncEngine) -> str:
    """Every value of every table as text; binary values as hexadecimal."""
    texts: list[str] = []
    async with engine.connect() as conn:
        names = await conn.execute(
            sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        )
        for name in names.scalars().all():
            rows = await conn.execute(sa.text(f'SELECT t::text FROM "{name}" AS t'))  # noqa: S608 - names of our own tables
            texts.extend(rows.scalars())
    return "\n".join(texts)


async def test_document_numbers_are_indexed_in_one_form(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    for number in ("FP-77 1200", "ｆｐ771200"):
        loss = [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": number}]
        await office.filed(await office.family(), loss=loss)
    async with owner.connect() as conn:
        distinct = sa.select(sa.func.count(sa.distinct(claim_document.c.document_index)))
        assert (await conn.execute(distinct)).scalar_one() == 1


async def test_claims_are_listed_by_status_town_cause_household_and_who_is_waited_for(office: Office) -> None:
    await office.programme(terms(), terms("accident"))
    families = [await office.family() for _ in range(3)]
    away = await office.family(town="610923101", village="610923101001")
    first = await office.filed(families[0])
    second = await office.checked(families[1])
    third = await office.filed(families[2], cause="accident")
    fourth = await office.filed(away)

    async def numbers(**query: str | int) -> list[str]:
        return [item["number"] for item in (await office.read("/claims", **query))["items"]]

    assert await numbers() == [one["number"] for one in (first, second, third, fourth)]
    assert await numbers(status="reported") == [one["number"] for one in (first, third, fourth)]
    assert await numbers(waiting_for="county") == [second["number"]]
    assert await numbers(waiting_for="town", town="610923101") == [fourth["number"]]
    assert await numbers(waiting_for="town", status="under_review") == []
    assert await numbers(cause="accident") == [third["number"]]
    assert await numbers(household_id=families[0]["id"]) == [first["number"]]
    page = await office.read("/claims", limit=3)
    assert [item["number"] for item in page["items"]] == [one["number"] for one in (first, second, third)]
    assert await numbers(limit=3, cursor=page["next_cursor"]) == [fourth["number"]]
    for query in ({"status": "lost"}, {"waiting_for": "me"}, {"cursor": "x"}, {"limit": "0"}, {"state": "paid"}):
        assert (await office.get("/claims", **query)).status_code == 422, query


async def test_the_town_of_a_claim_is_the_household_s_when_it_was_filed(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    async with owner.connect() as conn:
        towns = (await conn.execute(sa.select(claim_table.c.town_code, claim_table.c.village_code))).one()
    assert towns.town_code == claim["town"] == TOWN
    assert towns.village_code == claim["village"]
