"""After everything was used: no ID number, phone, account or diagnosis in the clear in either database (outbox and replays included), the
document store, logs, errors or exports; and the same scan finds one planted in each of these places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from tests.support.clear_places import (
    EXPORTS,
    as_json,
    file_endpoints,
    planting,
    scan_file,
    scan_folder,
    with_planted,
)
from tests.support.county import County, account_number, id_number
from tests.support.papers import pdf
from tests.support.privacy_scan import Finding, Known, scan_database
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

PHONE, DIAGNOSIS = "19900000001", "示例恶性肿瘤晚期"
ID_NUMBER, ACCOUNT = id_number(1), account_number(1)
KNOWN = Known(
    {
        "id_number": [ID_NUMBER],
        "phone": [PHONE],
        "account": [ACCOUNT],
        "diagnosis": [DIAGNOSIS],
    }
)


@asynccontextmanager
async def county_of(stack: Stack) -> AsyncIterator[County]:
    async with (
        httpx.AsyncClient(base_url=stack.url("ledger"), timeout=60) as ledger,
        httpx.AsyncClient(base_url=stack.url("claims"), timeout=60) as claims,
    ):
        yield County(ledger, claims, stack.issuer)


async def use_everything(county: County, stack: Stack) -> dict[str, str]:
    """A lead, a claim with a document, a payout that came back with the bank's words, a giver; answers the ids exports name."""
    await county.found()
    claim_id = await county.approved_claim(50_000)
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    household = await county.get("claims", f"/households/{claim['household_id']}", "county")
    change = {"members": {"change": [{"id": household["members"][0]["id"], "phone": PHONE}]}}
    edited = await county.claims.patch(
        f"/v1/books/{county.book}/households/{household['id']}",
        json=change,
        headers=county.headers("intake") | {"If-Match": f'"{household["version"]}"'},
    )
    assert edited.is_success, edited.text
    lead = {"channel": "cadre_visit", "household_id": household["id"], "reason": DIAGNOSIS, "found_on": "2021-06-01"}
    made = await county.post("claims", "/leads", lead, "village")
    step = {"step": "lead_accepted", "outcome": "passed", "note": DIAGNOSIS, "done_on": "2021-06-01"}
    await county.post("claims", f"/leads/{made['id']}/steps", step, "town")
    other = await county.household()
    body = {
        "household_id": other["id"],
        "claimant_member_id": other["members"][0]["id"],
        "cause": "schooling",
        "event_on": "2021-06-01",
        "reported_on": "2021-06-05",
        "loss": [{"kind": DIAGNOSIS, "amount_fen": 400_000, "document_number": "FP-1"}],
        "other_payments": [{"payer": DIAGNOSIS, "amount_fen": 1}],
    }
    filed = await county.post("claims", "/claims", body, "intake")
    refusal = {"step": "town_check", "outcome": "refused", "note": DIAGNOSIS, "done_on": "2021-06-10"}
    await county.post("claims", f"/claims/{filed['id']}/steps", refusal, "town")
    paper = await county.claims.post(
        f"/v1/books/{county.book}/claims/{claim_id}/documents",
        params={"kind": "invoice"},
        files={"file": (f"{DIAGNOSIS}.pdf", pdf(f"{ID_NUMBER} {PHONE} {ACCOUNT}"))},
        headers=county.headers("intake"),
    )
    ids = {"claim_id": claim_id}
    if paper.is_success:
        ids["document_id"] = str(paper.json()["id"])
    await wait_for(county, claim_id, "encumbered")
    batch = await county.approved_batch(claim_id)
    ids["batch_id"] = str(batch["id"])
    bank_file = await county.try_get("claims", f"/payout-batches/{batch['id']}/bank-file", "payer")
    assert ACCOUNT in bank_file.text  # the one file that must hold it
    await county.bank_return(batch, "success")
    await wait_for(county, claim_id, "paid")
    asked = {"fields": ["id_number", "phone", "bank_account"], "reason": "核对身份"}
    shown = await county.post("claims", f"/households/{household['id']}/disclosure", asked, "county")
    assert (shown["bank_account"], shown["members"][0]["id_number"], shown["members"][0]["phone"][-11:]) == (
        ACCOUNT,
        ID_NUMBER,
        PHONE,
    )
    await county.post("ledger", "/givers", {"ref": "giver-1", "name": "示例捐赠人", "contact": PHONE}, "officer")
    entries = await county.get("ledger", "/journal-entries", "auditor")
    ids["id"] = str(entries["items"][0]["id"])
    return ids


async def wait_for(county: County, claim_id: str, status: str) -> None:
    with anyio.fail_after(60):
        while True:
            if await county.status(claim_id) == status:
                return
            await anyio.sleep(0.1)


async def errors(county: County) -> list[httpx.Response]:
    """Answers to wrong input that carries what must not come back."""
    household = {
        "town": ID_NUMBER,
        "village": PHONE,
        "category": ACCOUNT,
        "members": [{"name": "x", "id_number": ID_NUMBER + "1"}],
    }
    answers = [
        await county.try_post("claims", "/households", household, "intake"),
        await county.try_post("claims", "/households/search", {"id_number": ID_NUMBER, "name": PHONE}, "intake"),
        await county.try_post("claims", "/leads", {"channel": "cadre_visit", "description": ID_NUMBER}, "village"),
        await county.try_post("claims", "/claims", {"loss": [{"kind": PHONE, "amount_fen": ACCOUNT}]}, "intake"),
        await county.try_get("claims", f"/households/{ID_NUMBER}", "county"),
        await county.try_get("claims", "/claims", "county", cursor=ID_NUMBER),
        await county.try_post("ledger", "/journal-entries", {"description": ID_NUMBER, "postings": PHONE}, "officer"),
        await county.try_post("ledger", "/givers", {"ref": ACCOUNT, "name": PHONE + "\x00"}, "officer"),
    ]
    assert all(answer.is_error for answer in answers), [answer.status_code for answer in answers]
    return answers


async def exported(county: County, ids: dict[str, str]) -> dict[str, bytes]:
    """Every file of `EXPORTS` that must hold nothing clear, in every form it has."""
    found = {}
    for export in EXPORTS:
        if export.clear_because:
            continue
        for query in export.queries:
            who = (
                "officer"
                if export.path == "/payment-lists/template"
                else "county"
                if "letter" in export.path
                else "auditor"
            )
            answer = await county.try_get(export.service, export.path.format(**ids), who, **query)
            assert answer.is_success, (export.path, query, answer.text)
            found[f"{export.path} {query.get('format', '')}"] = answer.content
    return found


async def test_nothing_personal_is_in_the_clear_anywhere_and_what_is_planted_is_found_everywhere(
    seed: StackSeed,
) -> None:
    with running_stack(seed=seed) as stack:
        async with county_of(stack) as county:
            ids = await use_everything(county, stack)
            wrong = await errors(county)
            files = await exported(county, ids)
            documents = {
                service: (await getattr(county, service).get("/openapi.json")).json()
                for service in ("ledger", "claims")
            }
        listed = {service: {one.path for one in EXPORTS if one.service == service} for service in documents}
        assert {service: file_endpoints(document) for service, document in documents.items()} == listed

        assert databases(stack) == set()
        assert scan_folder(stack.keys.documents, KNOWN) == set()
        assert scan_folder(stack.folder, KNOWN, stack.logs()) == set()
        for answer in wrong:
            assert scan_file("error", answer.content, KNOWN) == set(), answer.request.url.path.count("/")
        for name, content in files.items():
            assert scan_file(name, content, KNOWN) == set()

        for value in (ID_NUMBER, PHONE, ACCOUNT, DIAGNOSIS):
            for name, content in files.items():
                assert scan_file(name, with_planted(content, value), KNOWN), name
            assert scan_file("error", as_json(value), KNOWN)
        stored = [path for path in stack.keys.documents.rglob("*") if path.is_file()]
        assert stored or "document_id" not in ids
        planted_file = stack.keys.documents / "planted"
        planted_file.parent.mkdir(parents=True, exist_ok=True)
        planted_file.write_bytes(pdf(f"{ID_NUMBER}"))
        assert {finding.place for finding in scan_folder(stack.keys.documents, KNOWN)} == {"planted"}
        for log in stack.logs():
            with log.open("a", encoding="utf-8") as file:
                file.write(f'{{"event": "x", "phone": "{PHONE}"}}\n')
        assert {finding.place for finding in scan_folder(stack.folder, KNOWN, stack.logs())} == {
            log.name for log in stack.logs()
        }
        find_what_is_planted_in_every_table(stack)


def databases(stack: Stack) -> set[Finding]:
    found: set[Finding] = set()
    for database in stack.databases.values():
        found |= scan_database(stack.cluster, database.name, KNOWN)[0]
    return found


def find_what_is_planted_in_every_table(stack: Stack) -> None:
    everywhere: set[str] = set()
    for service, database in stack.databases.items():
        answered = stack.sql(service, planting(ID_NUMBER))
        planted = {f"{database.name}.{line}" for line in answered.splitlines() if line.count(".") == 1}
        found = {finding.place for finding in scan_database(stack.cluster, database.name, KNOWN)[0]}
        assert planted <= found, planted - found
        everywhere |= {place.split(".")[1] for place in planted}
    assert {
        "ledger_operation",
        "idempotency_key",
        "claim_details",
        "member",
        "access_record",
        "journal_entry",
    } <= everywhere
