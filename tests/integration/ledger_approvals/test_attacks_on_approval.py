"""Every way we found to approve one's own wish, over HTTP on the real database: by token, by name, by bulk, by key, by race, by rule."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import BOOK, Json
from tests.support.second_person import ENTRY, ON, OTHERS, PAYMENT, Office, outcome
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

FOREIGN = "610922"
NAMING: dict[str, tuple[str, Json]] = {
    "payment": ("/funds/health/payments", PAYMENT),
    "receipt": ("/funds/health/receipts", {"amount_fen": 5, "source": "city", "effective_on": ON}),
    "journal": ("/journal-entries", ENTRY),
    "encumber": (
        "/encumbrances",
        {"fund": "health", "fiscal_year": 2021, "amount_fen": 5, "purpose": "测试", "effective_on": ON},
    ),
    "operation": (
        "/funds/health/advances",
        {"amount_fen": 5, "effective_on": ON, "payee_ref": "h-1", "purpose": "垫付"},
    ),
    "transfer": (
        "/fund-transfers",
        {
            "from_fund": "health",
            "to_fund": "repair",
            "amount_fen": 5,
            "fiscal_year": 2021,
            "effective_on": ON,
            "authority": "文",
            "reason": "调剂",
        },
    ),
}
BULK: dict[str, tuple[str, Json]] = {
    "journal": ("/journal-entries/bulk", ENTRY),
    "operations": ("/operations/batch", {"operation": "advance", "fund": "health", **NAMING["operation"][1]}),
}


async def status_of(office: Office, proposal: Json) -> str:
    return str((await office.read(f"/proposals/{proposal['id']}"))["status"])


async def approve(office: Office, proposal: Json, sub: str, **how: Any) -> httpx.Response:
    return await office.send(f"/proposals/{proposal['id']}/approval", {}, "checker", sub, **how)


@pytest.mark.parametrize("operation", NAMING)
async def test_no_caller_is_the_reviewer_it_names(office: Office, operation: str) -> None:
    """A token that may name people names itself as the reviewer of what it sends for another: that is one person, not two."""
    await office.rules(("*", "*", 0))
    path, body = NAMING[operation]
    head = (await office.read("/chain"))["position"]
    for people in (
        {"prepared_by": "li", "reviewed_by": "svc"},
        {"reviewed_by": "svc"},
        {"prepared_by": "svc", "reviewed_by": "svc"},
        {"prepared_by": "li", "reviewed_by": "li"},
        {"prepared_by": " li", "reviewed_by": "li "},
    ):
        answer = await office.send(path, body | people, "officer", "svc", scopes=OTHERS)
        assert outcome(answer) == (409, "same_person"), (people, answer.text)
    assert (await office.read("/chain"))["position"] == head


@pytest.mark.parametrize("operation", NAMING)
async def test_people_are_named_only_by_who_may_act_for_them(office: Office, operation: str) -> None:
    path, body = NAMING[operation]
    for people in ({"reviewed_by": "wang"}, {"prepared_by": "zhao"}, {"prepared_by": "zhao", "reviewed_by": "wang"}):
        for who, scopes in (("officer", ()), ("officer", ("ledger:post", "ledger:approve", "books:admin"))):
            answer = await office.send(path, body | people, who, "li", scopes=scopes)
            assert outcome(answer) == (403, "forbidden"), answer.text


@pytest.mark.parametrize("path", BULK)
@pytest.mark.parametrize("atomic", [False, True])
async def test_bulk_calls_are_no_way_around(office: Office, path: str, atomic: bool) -> None:  # noqa: FBT001
    await office.rules(("*", "*", 0))
    address, body = BULK[path]
    items = [
        {"idempotency_key": "plain", **body},
        {"idempotency_key": "named", "prepared_by": "zhao", **body},
        {"idempotency_key": "reviewed", "reviewed_by": "wang", **body},
    ]
    sent = await office.send(address, {"atomic": atomic, "entries": items}, "officer", "li")
    results = sent.json()["results"]
    codes = [one.get("problem", {}).get("code") for one in results]
    assert codes == [None, "forbidden", "forbidden"]
    assert [one["status"] for one in results] == ["not_attempted" if atomic else "proposed", "refused", "refused"]

    # With the right to name people: oneself as the reviewer is refused, and who is named cannot approve either.
    items = [
        {"idempotency_key": f"{atomic}-1", "prepared_by": "zhao", "reviewed_by": "svc", **body},
        {"idempotency_key": f"{atomic}-2", "prepared_by": "zhao", **body},
    ]
    sent = await office.send(address, {"atomic": False, "entries": items}, "officer", "svc", scopes=OTHERS)
    refused, proposed = sent.json()["results"]
    assert (refused["problem"]["code"], proposed["status"]) == ("same_person", "proposed")
    for sub in ("zhao", "svc"):
        own = await office.send(
            "/proposals/approvals", {"ids": [proposed["proposal"]["id"]], "atomic": atomic}, "checker", sub
        )
        assert [one["problem"]["code"] for one in own.json()["results"]] == ["same_person"]
    done = await office.send("/proposals/approvals", {"ids": [proposed["proposal"]["id"]]}, "checker", "wang")
    assert [one["status"] for one in done.json()["results"]] == ["approved"]
    entry = done.json()["results"][0]["approval"]["proposal"]["entry"]
    said = await office.read(f"/journal-entries/{entry}")
    assert (said["prepared_by"], said["reviewed_by"], said["posted_by"]) == ("zhao", "wang", "wang")


async def test_what_always_needs_a_second_person_needs_one_without_any_rule(office: Office) -> None:
    path, body = NAMING["transfer"]
    made = await office.proposed(path, body)
    assert outcome(await approve(office, made, "li")) == (409, "same_person")
    assert outcome(await approve(office, made, "li", scopes=OTHERS)) == (409, "same_person")
    assert (await approve(office, made, "wang")).status_code == 201
    both = body | {"prepared_by": "li", "reviewed_by": "wang"}
    assert (await office.send(path, both, "officer", "svc", scopes=OTHERS)).status_code == 201


async def test_lifting_the_rules_frees_no_proposal(office: Office) -> None:
    """One person with every right there is: takes the rules away, and still cannot approve what is waiting."""
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    lifted = await office.send("/approval-rules", {"rules": []}, "admin", "li")
    assert lifted.status_code == 201
    everything = (*OTHERS, "books:admin", "ledger:periods", "ledger:audit")
    assert outcome(await approve(office, made, "li", scopes=everything)) == (409, "same_person")
    assert await status_of(office, made) == "waiting"
    # Who lifted them stands in the chain and in the rules' history.
    history = await office.read("/approval-rules")
    assert (history["rules"], [one["set_by"] for one in history["versions"]]) == ([], ["li", "admin-1"])


@pytest.mark.parametrize("step", ["approval", "refusal", "withdrawal"])
async def test_a_decision_needs_its_scope_and_the_books_token(office: Office, issuer: Issuer, step: str) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    path, body = f"/proposals/{made['id']}/{step}", {"reason": "x"} if step != "approval" else {}
    scopes = ("ledger:read", "books:admin", "ledger:periods", "ledger:act_for")
    other_half = (*scopes, "ledger:approve") if step == "withdrawal" else (*scopes, "ledger:post")
    assert outcome(await office.send(path, body, "checker", "wang", scopes=other_half)) == (403, "forbidden")
    stranger = {"Authorization": f"Bearer {issuer.token('checker', book=FOREIGN, sub='wang')}", "Idempotency-Key": "x"}
    answer = await office.client.post(f"/v1/books/{BOOK}{path}", json=body, headers=stranger)
    assert outcome(answer) == (403, "forbidden")
    bulk = await office.client.post(
        f"/v1/books/{BOOK}/proposals/approvals", json={"ids": [made["id"]]}, headers=stranger
    )
    assert outcome(bulk) == (403, "forbidden")
    nobody = await office.client.post(f"/v1/books/{BOOK}{path}", json=body, headers={"Idempotency-Key": "x"})
    assert nobody.status_code == 401
    assert await status_of(office, made) == "waiting"


async def test_a_proposal_of_one_book_is_unknown_in_another(office: Office, issuer: Issuer) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    other = Office(office.client, issuer, FOREIGN)
    assert (await other.open_book()).status_code == 201
    for path, body in (
        (f"/proposals/{made['id']}/approval", {}),
        (f"/proposals/{made['id']}/refusal", {"reason": "x"}),
    ):
        assert outcome(await other.send(path, body, "checker", "wang")) == (404, "not_found")
    bulk = await other.send("/proposals/approvals", {"ids": [made["id"]]}, "checker", "wang")
    assert [one["problem"]["code"] for one in bulk.json()["results"]] == ["not_found"]
    assert outcome(await other.get(f"/proposals/{made['id']}")) == (404, "not_found")
    assert await status_of(office, made) == "waiting"


async def test_nothing_is_smuggled_into_an_approval(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    for body in ({"reviewed_by": "wang"}, {"prepared_by": "zhao"}, {"amount_fen": 1}):
        answer = await office.send(f"/proposals/{made['id']}/approval", body, "checker", "li", scopes=OTHERS)
        assert outcome(answer) == (422, "invalid_request")
    assert await status_of(office, made) == "waiting"


async def test_a_subject_is_one_person_however_it_is_written(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    sent = await office.send(
        "/funds/health/payments", PAYMENT | {"prepared_by": "  li "}, "officer", "svc", scopes=OTHERS
    )
    made = sent.json()["proposal"]
    assert made["prepared_by"] == "li"
    assert outcome(await approve(office, made, "li")) == (409, "same_person")
    # A token whose subject only looks like another one is no token.
    for sub in ("li ", " li", "\u3000li"):
        assert (await approve(office, made, sub)).status_code == 401


async def test_keys_carry_no_approval_over(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    first, second = await office.proposed(), await office.proposed()
    done = await approve(office, first, "wang", key="k")
    # The same key on another proposal is another request; who prepared the first gets its answer read out, and nothing more happens.
    assert outcome(await approve(office, second, "wang", key="k")) == (409, "idempotency_key_reused")
    again = await approve(office, first, "li", key="k")
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.text) == (201, "true", done.text)
    # A refusal of a preparer's attempt is remembered under its key, and only there.
    assert outcome(await approve(office, second, "li", key="own")) == (409, "same_person")
    assert outcome(await approve(office, second, "wang", key="own")) == (409, "same_person")
    assert (await approve(office, second, "wang")).status_code == 201
    assert await office.cash() == 8_800


async def test_a_bulk_approval_does_what_is_not_ones_own_once(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    other, mine = await office.proposed(), await office.proposed(sub="wang")
    ids = [mine["id"], other["id"], other["id"]]
    sent = {"ids": ids}
    answer = await office.send("/proposals/approvals?dry_run=true", sent, "checker", "wang", key="bulk")
    assert (answer.headers["Dry-Run"], await office.cash()) == ("true", 10_000)
    tried = [one["status"] for one in answer.json()["results"]]
    answer = await office.send("/proposals/approvals", sent, "checker", "wang", key="bulk")
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["refused", "approved", "refused"] == tried
    assert [one["problem"]["code"] for one in results if one["status"] == "refused"] == [
        "same_person",
        "proposal_not_waiting",
    ]
    again = await office.send("/proposals/approvals", sent, "checker", "wang", key="bulk")
    assert [one["status"] for one in again.json()["results"]] == ["refused", "replayed", "refused"]
    assert await office.cash() == 9_400
    assert await status_of(office, mine) == "waiting"


@pytest.mark.parametrize("atomic", [False, True])
async def test_the_key_of_a_bulk_approval_approves_nothing_else(office: Office, atomic: bool) -> None:  # noqa: FBT001
    await office.rules(("payment", "*", 0))
    first, second, mine = await office.proposed(), await office.proposed(), await office.proposed(sub="wang")
    done = await office.send(
        "/proposals/approvals", {"ids": [first["id"]], "atomic": atomic}, "checker", "wang", key="a"
    )
    own = await office.send("/proposals/approvals", {"ids": [mine["id"]], "atomic": atomic}, "checker", "wang", key="b")
    assert [[one["status"] for one in each.json()["results"]] for each in (done, own)] == [["approved"], ["refused"]]
    for key in ("a", "b"):
        for ids in ([first["id"], second["id"]], [mine["id"], second["id"]], [second["id"]]):
            sent = {"ids": ids, "atomic": atomic}
            longer = await office.send("/proposals/approvals", sent, "checker", "wang", key=key)
            assert outcome(longer) == (409, "idempotency_key_reused")
        assert outcome(await approve(office, second, "wang", key=key)) == (409, "idempotency_key_reused")
    assert await status_of(office, second) == "waiting"


async def test_of_every_decision_at_once_one_is_made(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    base = f"/proposals/{made['id']}"
    answers = await asyncio.gather(
        *(office.send(f"{base}/approval", {}, "checker", f"c-{n}") for n in range(3)),
        *(office.send(f"{base}/refusal", {"reason": "x"}, "checker", f"c-{n}") for n in range(3)),
        *(office.send(f"{base}/withdrawal", {}, "officer", "li") for _ in range(3)),
        *(office.send("/proposals/approvals", {"ids": [made["id"]]}, "checker", f"b-{n}") for n in range(3)),
        *(office.send(f"{base}/approval", {}, "checker", "li") for _ in range(3)),
    )
    singles, bulks, own = answers[:9], answers[9:12], answers[12:]
    won = [one.json()["proposal"]["status"] for one in singles if one.is_success]
    won += ["approved" for one in bulks if one.json()["results"][0]["status"] == "approved"]
    assert len(won) == 1
    assert {outcome(one)[1] for one in singles if not one.is_success} == {"proposal_not_waiting"}
    assert {outcome(one)[1] for one in own} <= {"same_person", "proposal_not_waiting"}
    assert await status_of(office, made) == won[0]
    assert await office.cash() == (9_400 if won == ["approved"] else 10_000)
    assert (await office.read("/chain/verification"))["verified"] is True


@pytest.mark.parametrize("no", ["refusal", "withdrawal"])
async def test_what_was_refused_or_withdrawn_stays_so(office: Office, no: str) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    who = ("checker", "wang") if no == "refusal" else ("officer", "li")
    assert (await office.send(f"/proposals/{made['id']}/{no}", {"reason": "x"}, *who)).status_code == 200
    for path, body, asks in (
        ("approval", {}, ("checker", "zhao")),
        ("refusal", {"reason": "y"}, ("checker", "zhao")),
        ("withdrawal", {}, ("officer", "li")),
    ):
        answer = await office.send(f"/proposals/{made['id']}/{path}", body, *asks)
        assert outcome(answer) == (409, "proposal_not_waiting")
    assert await office.cash() == 10_000


async def test_a_closed_month_keeps_a_proposal_waiting(
    office: Office, postgres: Server, ledger_database: Database
) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    # Whatever the checklist of closing says of waiting proposals: the approval looks at the month itself.
    postgres.sql(ledger_database, "UPDATE period SET status = 'closed' WHERE code = '2021-03'")
    assert outcome(await approve(office, made, "wang", key="closed")) == (409, "period_closed")
    assert await status_of(office, made) == "waiting"
    asked = await office.send("/funds/health/payments", PAYMENT, "officer", "li")
    assert outcome(asked) == (409, "period_closed")
    postgres.sql(ledger_database, "UPDATE period SET status = 'open' WHERE code = '2021-03'")
    assert (await approve(office, made, "wang")).status_code == 201


async def test_a_sum_too_large_for_the_chain_is_refused_and_nothing_breaks(office: Office) -> None:
    await office.rules(("journal", "*", 0))
    lines = [
        {"fund": "health", "account": account, "side": side, "amount_fen": 10**15}
        for account, side in (("1218", "debit"), ("2307", "credit"))
        for _ in range(10)
    ]
    answer = await office.send("/journal-entries", ENTRY | {"postings": lines}, "officer", "li")
    assert outcome(answer) == (409, "amount_out_of_range")
