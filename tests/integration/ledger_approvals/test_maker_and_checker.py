"""Maker and checker over HTTP: who prepared never approves, by no path and with no token; what is approved stands in the chain."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.ledger_calls import Json
from tests.support.second_person import ENTRY, NOWHERE, ON, OTHERS, PAYMENT, Office, outcome

pytestmark = pytest.mark.anyio


async def test_a_new_book_needs_nobody(office: Office) -> None:
    assert (await office.read("/approval-rules")) == {"rules": [], "versions": []}
    assert (await office.send("/funds/health/payments", PAYMENT, "officer", "li")).status_code == 201
    assert (await office.read("/proposals"))["items"] == []


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        (("*", "*", 0), True),
        (("payment", "*", 0), True),
        (("payment", "health", 600), True),
        (("payment", "health", 601), False),
        (("payment", "repair", 0), False),
        (("receipt", "*", 0), False),
    ],
)
async def test_kind_fund_and_amount_decide(office: Office, rule: tuple[str, str, int], asked: bool) -> None:  # noqa: FBT001
    await office.rules(rule)
    answer = await office.send("/funds/health/payments", PAYMENT, "officer", "li")
    assert answer.status_code == (202 if asked else 201)


async def test_a_rule_covers_the_funds_below_its_own(office: Office) -> None:
    await office.made("/funds", code="health.advances", parent="health", name_zh="垫付")
    await office.rules(("receipt", "health", 0))
    body = {"amount_fen": 5, "source": "county", "effective_on": ON}
    assert (await office.send("/funds/health.advances/receipts", body, "officer", "li")).status_code == 202
    unknown = {"rules": [{"kind": "*", "fund": "nofund", "from_fen": 0}]}
    assert outcome(await office.send("/approval-rules", unknown, "admin", "a")) == (422, "unknown_fund_in_rule")


async def test_a_proposal_moves_nothing_until_a_second_person_approves_it(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    assert (made["status"], made["operation"], made["kind"], made["amount_fen"]) == (
        "waiting",
        "payment",
        "payment",
        600,
    )
    assert (made["prepared_by"], made["sent_by"], made["period"], made["reference"]) == ("li", "li", "2021-03", "R-1")
    assert await office.cash() == 10_000
    detail = await office.read(f"/proposals/{made['id']}")
    assert detail["arguments"]["fund"] == "health"
    assert detail["arguments"]["body"]["payee_ref"] == "p-1"
    assert detail["decided_by"] is None

    done = await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")
    assert done.status_code == 201, done.text
    said = done.json()
    assert (said["proposal"]["status"], said["proposal"]["decided_by"]) == ("approved", "wang")
    assert said["result"]["fund"]["cash_fen"] == 9_400
    entry = await office.read(f"/journal-entries/{said['proposal']['entry']}")
    assert (entry["prepared_by"], entry["reviewed_by"], entry["posted_by"]) == ("li", "wang", "wang")
    assert (entry["payee_ref"], entry["reference"], entry["description"]) == ("p-1", "R-1", "直接支付：测试")
    detail = await office.read(f"/proposals/{made['id']}")
    assert (detail["status"], detail["entry"], detail["decided_by"]) == ("approved", entry["id"], "wang")
    verification = await office.read("/chain/verification")
    assert verification["verified"] is True
    assert verification["head"]["position"] == said["proposal"]["decision_position"]


async def test_a_refusal_says_why_and_a_withdrawal_is_the_proposers_own(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    first, second = await office.proposed(), await office.proposed()
    no_reason = await office.send(f"/proposals/{first['id']}/refusal", {}, "checker", "wang")
    assert outcome(no_reason) == (422, "invalid_request")
    refused = await office.send(f"/proposals/{first['id']}/refusal", {"reason": "附件不全"}, "checker", "wang")
    assert (refused.status_code, refused.json()["proposal"]["reason"]) == (200, "附件不全")
    foreign = await office.send(f"/proposals/{second['id']}/withdrawal", {}, "officer", "zhao")
    assert outcome(foreign) == (403, "not_the_proposer")
    own = await office.send(f"/proposals/{second['id']}/withdrawal", {}, "officer", "li")
    assert own.json()["proposal"]["status"] == "withdrawn"
    for made in (first, second):
        late = await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")
        assert outcome(late) == (409, "proposal_not_waiting")
    assert await office.cash() == 10_000
    assert outcome(await office.send(f"/proposals/{NOWHERE}/approval", {}, "checker", "wang")) == (404, "not_found")


async def test_the_checkers_list_leaves_out_their_own(office: Office) -> None:
    await office.rules(("payment", "*", 0), ("journal", "*", 0))
    mine = await office.proposed(sub="wang")
    other = await office.proposed("/journal-entries", ENTRY)
    headers = office.headers("checker", sub="wang")

    async def listed(**query: str) -> list[str]:
        answer = await office.client.get(f"/v1/books/{office.book}/proposals", params=query, headers=headers)
        return [one["id"] for one in answer.json()["items"]]

    assert await listed() == [mine["id"], other["id"]]
    assert await listed(waiting_for_me="true") == [other["id"]]
    assert await listed(kind="payment") == [mine["id"]]
    assert await listed(status="approved") == []
    assert await listed(limit="1") == [mine["id"]]


PATHS: dict[str, tuple[str, Json]] = {
    "payment": ("/funds/health/payments", PAYMENT),
    "receipt": ("/funds/health/receipts", {"amount_fen": 600, "source": "city", "effective_on": ON}),
    "allotment": (
        "/funds/health/allotments",
        {"amount_fen": 600, "fiscal_year": 2021, "effective_on": ON, "authority": "文"},
    ),
    "encumber": (
        "/encumbrances",
        {"fund": "health", "fiscal_year": 2021, "amount_fen": 600, "purpose": "测试", "effective_on": ON},
    ),
    "journal": ("/journal-entries", ENTRY),
    "opening": (
        "/opening-balances",
        {
            "effective_on": ON,
            "lines": [
                {"fund": "repair", "account": "1002", "side": "debit", "amount_fen": 600, "source": "county"},
                {"fund": "repair", "account": "3001", "side": "credit", "amount_fen": 600},
            ],
        },
    ),
}


@pytest.mark.parametrize("operation", PATHS)
async def test_who_prepared_never_approves_whatever_the_operation_and_the_token(office: Office, operation: str) -> None:
    await office.rules(("*", "*", 0))
    path, body = PATHS[operation]
    made = await office.proposed(path, body)
    approval = f"/proposals/{made['id']}/approval"
    # A token of the checker's role, and one with every scope there is: the same subject, so the same person.
    for who, scopes in (("checker", ()), ("officer", OTHERS), ("admin", OTHERS)):
        assert outcome(await office.send(approval, {}, who, "li", scopes=scopes)) == (403, "forbidden") or outcome(
            await office.send(approval, {}, who, "li", scopes=scopes)
        ) == (409, "same_person")
    own_refusal = await office.send(f"/proposals/{made['id']}/refusal", {"reason": "x"}, "checker", "li")
    assert own_refusal.json()["code"] == "same_person"
    bulk = await office.send("/proposals/approvals", {"ids": [made["id"]]}, "checker", "li")
    assert [one["problem"]["code"] for one in bulk.json()["results"]] == ["same_person"]
    assert (await office.read(f"/proposals/{made['id']}"))["status"] == "waiting"
    done = await office.send(approval, {}, "checker", "wang")
    assert done.status_code == 201, done.text
    assert (await office.read("/chain/verification"))["verified"] is True


async def test_neither_who_is_named_nor_who_sent_approves(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    body = PAYMENT | {"prepared_by": "li"}
    sent = await office.send("/funds/health/payments", body, "officer", "svc", scopes=OTHERS)
    assert sent.status_code == 202, sent.text
    made = sent.json()["proposal"]
    assert (made["prepared_by"], made["sent_by"]) == ("li", "svc")
    for sub in ("li", "svc"):
        answer = await office.send(f"/proposals/{made['id']}/approval", {}, "checker", sub)
        assert outcome(answer) == (409, "same_person")
    assert (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).status_code == 201


async def test_naming_a_reviewer_needs_the_right_to_and_another_person(office: Office) -> None:
    await office.rules(("*", "*", 0))
    named = PAYMENT | {"reviewed_by": "wang"}
    assert outcome(await office.send("/funds/health/payments", named, "officer", "li")) == (403, "forbidden")
    for path, body in (("/funds/health/payments", PAYMENT), ("/journal-entries", ENTRY)):
        oneself = body | {"prepared_by": "li", "reviewed_by": "li"}
        assert outcome(await office.send(path, oneself, "officer", "svc", scopes=OTHERS)) == (409, "same_person")
        unnamed = body | {"reviewed_by": "svc"}
        assert outcome(await office.send(path, unnamed, "officer", "svc", scopes=OTHERS)) == (409, "same_person")
    # A service that brings the people who prepared and reviewed needs no second approval here.
    both = PAYMENT | {"prepared_by": "li", "reviewed_by": "wang"}
    posted = await office.send("/funds/health/payments", both, "officer", "svc", scopes=OTHERS)
    assert posted.status_code == 201
    entry = await office.read(f"/journal-entries/{posted.json()['id']}")
    assert (entry["prepared_by"], entry["reviewed_by"], entry["posted_by"]) == ("li", "wang", "svc")


async def test_entries_of_a_bulk_call_wait_one_by_one(office: Office) -> None:
    await office.rules(("journal", "*", 700))
    small = {**ENTRY, "postings": [{**line, "amount_fen": 5} for line in ENTRY["postings"]]}
    for atomic, mark in ((False, "a"), (True, "b")):
        entries = [{"idempotency_key": f"{mark}-{n}", **body} for n, body in enumerate((ENTRY, small, ENTRY))]
        answer = await office.send("/journal-entries/bulk", {"atomic": atomic, "entries": entries}, "officer", "li")
        results = answer.json()["results"]
        assert [one["status"] for one in results] == ["proposed", "posted", "proposed"]
        again = await office.send("/journal-entries/bulk", {"atomic": atomic, "entries": entries}, "officer", "li")
        assert [one["status"] for one in again.json()["results"]] == ["replayed"] * 3
        ids = [one["proposal"]["id"] for one in results if one["status"] == "proposed"]
        own = await office.send("/proposals/approvals", {"ids": ids, "atomic": atomic}, "checker", "li")
        assert {one["status"] for one in own.json()["results"]} <= {"refused", "not_attempted"}
        done = await office.send("/proposals/approvals", {"ids": ids, "atomic": atomic}, "checker", "wang")
        assert [one["status"] for one in done.json()["results"]] == ["approved", "approved"]


async def test_all_or_nothing_approves_nothing_if_one_is_ones_own(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    other, mine = await office.proposed(), await office.proposed(sub="wang")
    body = {"ids": [other["id"], mine["id"]], "atomic": True}
    answer = await office.send("/proposals/approvals", body, "checker", "wang", key="both")
    assert [one["status"] for one in answer.json()["results"]] == ["not_attempted", "refused"]
    assert await office.cash() == 10_000
    body = {"ids": [NOWHERE, other["id"]], "atomic": True}
    unknown = await office.send("/proposals/approvals", body, "checker", "wang")
    assert [one["status"] for one in unknown.json()["results"]] == ["refused", "not_attempted"]
    one_by_one = await office.send("/proposals/approvals", body | {"atomic": False}, "checker", "wang")
    first, second = one_by_one.json()["results"]
    assert (first["problem"]["code"], first["problem"]["field"], second["status"]) == (
        "not_found",
        "ids[0]",
        "approved",
    )


async def test_reversals_and_corrections_wait_too(office: Office) -> None:
    entry = await office.made("/journal-entries", **ENTRY)
    paid = await office.made("/funds/health/payments", **PAYMENT)
    await office.rules(("reversal", "*", 0))
    wish = {"effective_on": ON, "reason": "录错"}
    red = await office.proposed(f"/journal-entries/{entry['id']}/reversal", wish)
    back = await office.proposed(f"/funds/health/payments/{paid['id']}/reversal", wish)
    assert {red["operation"], back["operation"]} == {"reversal", "correction"}
    for made in (red, back):
        own = await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "li")
        assert outcome(own) == (409, "same_person")
        assert (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).status_code == 201
    assert await office.cash() == 10_000


async def test_the_life_of_an_encumbrance_waits_step_by_step(office: Office) -> None:
    await office.rules(("*", "*", 0))
    made = await office.proposed("/encumbrances", PATHS["encumber"][1])
    held = (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).json()["result"]["id"]
    pay = {"amount_fen": 100, "effective_on": ON, "payee_ref": "p-1"}
    made = await office.proposed(f"/encumbrances/{held}/liquidations", pay)
    paid = (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).json()["result"]["id"]
    made = await office.proposed(
        f"/encumbrances/{held}/liquidations/{paid}/return", {"effective_on": ON, "reason": "退票"}
    )
    assert (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).status_code == 201
    made = await office.proposed(f"/encumbrances/{held}/release", {"effective_on": ON})
    assert (await office.send(f"/proposals/{made['id']}/approval", {}, "checker", "wang")).status_code == 201
    assert (await office.read(f"/encumbrances/{held}"))["status"] == "released"


async def test_what_can_no_longer_be_done_stays_waiting(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    first = await office.proposed(body=PAYMENT | {"amount_fen": 9_000})
    second = await office.proposed(body=PAYMENT | {"amount_fen": 9_000})
    assert (await office.send(f"/proposals/{first['id']}/approval", {}, "checker", "wang")).status_code == 201
    late = await office.send(f"/proposals/{second['id']}/approval", {}, "checker", "wang", key="late")
    assert outcome(late) == (409, "insufficient_funds")
    assert (await office.read(f"/proposals/{second['id']}"))["status"] == "waiting"
    # A wrong wish is never recorded.
    much = await office.send("/funds/health/payments", PAYMENT | {"amount_fen": 10**9}, "officer", "li")
    assert outcome(much) == (409, "insufficient_funds")


async def test_of_two_checkers_at_once_one_approves(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    answers = await asyncio.gather(
        *(office.send(f"/proposals/{made['id']}/approval", {}, "checker", f"c-{n}") for n in range(8))
    )
    codes = sorted(outcome(one) for one in answers)
    assert codes == [(201, None), *[(409, "proposal_not_waiting")] * 7]
    assert await office.cash() == 9_400


async def test_an_approval_happens_once_for_its_key_and_not_at_all_as_a_dry_run(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    made = await office.proposed()
    path = f"/proposals/{made['id']}/approval"
    tried = await office.send(f"{path}?dry_run=true", {}, "checker", "wang", key="once")
    assert (tried.status_code, tried.headers["Dry-Run"]) == (201, "true")
    assert (await office.read(f"/proposals/{made['id']}"))["status"] == "waiting"
    done = await office.send(path, {}, "checker", "wang", key="once")
    again = await office.send(path, {}, "checker", "wang", key="once")
    assert (done.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert done.text == again.text
    assert await office.cash() == 9_400


async def test_a_proposal_for_a_month_that_closed_is_refused_until_it_reopens(office: Office) -> None:
    await office.rules(("payment", "*", 0))
    early = PAYMENT | {"effective_on": "2021-03-31"}
    made = await office.proposed(body=early)
    tried = await office.send("/funds/health/payments?dry_run=true", early, "officer", "li")
    assert (tried.status_code, tried.headers["Dry-Run"]) == (202, "true")
    assert len((await office.read("/proposals"))["items"]) == 1
    assert made["period"] == "2021-03"


async def test_the_list_is_filtered_and_paged_in_the_order_of_the_wishes(office: Office) -> None:
    await office.rules(("*", "*", 0))
    made = [await office.proposed(sub="li"), await office.proposed("/journal-entries", ENTRY, sub="zhao")]
    receipt = {"amount_fen": 5, "source": "city", "effective_on": ON}
    made += [await office.proposed("/funds/repair/receipts", receipt, sub="li") for _ in range(3)]
    ids = [one["id"] for one in made]
    assert (await office.send(f"/proposals/{ids[0]}/approval", {}, "checker", "wang")).status_code == 201
    assert (await office.send(f"/proposals/{ids[2]}/withdrawal", {}, "officer", "li")).status_code == 200

    async def listed(**query: str) -> list[str]:
        return [one["id"] for one in (await office.read("/proposals", **query))["items"]]

    assert await listed() == ids
    assert await listed(fund="repair") == ids[2:]
    assert await listed(prepared_by="zhao") == ids[1:2]
    assert await listed(status="waiting") == [ids[1], ids[3], ids[4]]
    assert await listed(status="approved") == ids[:1]
    assert await listed(status="withdrawn", kind="receipt") == ids[2:3]
    assert await listed(status="refused") == []
    assert await listed(fund="repair", status="waiting", prepared_by="zhao") == []
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await office.read("/proposals", limit="2", **cursor)
        assert len(page["items"]) <= 2
        found += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == ids


async def test_a_thousand_proposals_are_approved_in_one_call(office: Office) -> None:
    await office.rules(("journal", "*", 0))
    entries = [{"idempotency_key": f"e-{number}", **ENTRY} for number in range(1_000)]
    sent = await office.send("/journal-entries/bulk", {"atomic": True, "entries": entries}, "officer", "li")
    ids = [one["proposal"]["id"] for one in sent.json()["results"]]
    too_many = await office.send("/proposals/approvals", {"ids": [*ids, NOWHERE]}, "checker", "wang")
    assert outcome(too_many) == (422, "invalid_request")
    own = await office.send("/proposals/approvals", {"ids": ids}, "checker", "li")
    assert {one["problem"]["code"] for one in own.json()["results"]} == {"same_person"}
    done = await office.send("/proposals/approvals", {"ids": ids, "atomic": True}, "checker", "wang")
    assert {one["status"] for one in done.json()["results"]} == {"approved"}
    seqs = [one["approval"]["proposal"]["seq"] for one in done.json()["results"]]
    assert seqs == list(range(seqs[0], seqs[0] + 1_000))
    assert (await office.read("/chain/verification"))["verified"] is True
