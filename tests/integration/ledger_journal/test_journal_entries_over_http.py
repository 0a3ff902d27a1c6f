"""Journal entries over HTTP: what is accepted, how it is shown and listed, and every bad input with its documented code."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.ledger_calls import LedgerCalls

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
PATH = "/journal-entries"
# Invented: a right checksum, a mobile number's shape, a card number passing Luhn's check.
ID_NUMBER = "612424199001011238"
MOBILE = "13800001234"


@pytest.fixture
async def calls(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    made = LedgerCalls(ledger_client, issuer)
    assert (await made.open_book("2026-01")).status_code == 201
    await made.made("/funds/repair/receipts", amount_fen=1000, source="county", effective_on="2026-01-05")
    return made


def accrual(**changes: object) -> Json:
    return {
        "effective_on": "2026-01-06",
        "description": "计提",
        "postings": [
            {"fund": "repair", "account": "5001", "side": "debit", "amount_fen": 5},
            {"fund": "repair", "account": "2303", "side": "credit", "amount_fen": 5},
        ],
    } | changes


def payment(fen: int) -> Json:
    sides = (("5001", "debit"), ("1002", "credit"), ("7101", "debit"), ("8001", "credit"))
    postings = [{"fund": "repair", "account": account, "side": side, "amount_fen": fen} for account, side in sides]
    return accrual(postings=postings)


def with_posting(index: int = 0, **changes: object) -> Json:
    body = copy.deepcopy(accrual())
    body["postings"][index] |= changes
    return body


def without(name: str) -> Json:
    return {key: value for key, value in accrual().items() if key != name}


BAD: list[tuple[str, Json, int, str, str | None]] = [
    ("unbalanced over all", with_posting(amount_fen=6), 422, "unbalanced_entry", "postings"),
    ("unbalanced within a fund", with_posting(fund="health"), 422, "unbalanced_entry", "postings"),
    ("unbalanced within a basis", with_posting(account="7101"), 422, "unbalanced_entry", "postings"),
    ("no postings", accrual(postings=[]), 422, "invalid_request", "postings"),
    ("one posting", accrual(postings=accrual()["postings"][:1]), 422, "invalid_request", "postings"),
    ("postings missing", without("postings"), 422, "invalid_request", "postings"),
    ("too many postings", accrual(postings=accrual()["postings"] * 101), 422, "invalid_request", "postings"),
    ("zero amount", with_posting(amount_fen=0), 422, "invalid_request", "postings[0].amount_fen"),
    ("negative amount", with_posting(amount_fen=-5), 422, "invalid_request", "postings[0].amount_fen"),
    ("fraction", with_posting(amount_fen=5.5), 422, "invalid_request", "postings[0].amount_fen"),
    ("whole float", with_posting(amount_fen=5.0), 422, "invalid_request", "postings[0].amount_fen"),
    ("text amount", with_posting(amount_fen="5"), 422, "invalid_request", "postings[0].amount_fen"),
    ("true as amount", with_posting(amount_fen=True), 422, "invalid_request", "postings[0].amount_fen"),
    ("10^30", with_posting(amount_fen=10**30), 422, "invalid_request", "postings[0].amount_fen"),
    ("10^15 + 1", with_posting(amount_fen=10**15 + 1), 422, "invalid_request", "postings[0].amount_fen"),
    ("NUL in the description", accrual(description="a\x00b"), 422, "invalid_request", "description"),
    ("lone surrogate in a memo", with_posting(memo="a\ud800"), 422, "invalid_request", "postings[0].memo"),
    ("control character", accrual(reference="a\x07"), 422, "invalid_request", "reference"),
    ("blank description", accrual(description="   "), 422, "invalid_request", "description"),
    ("unknown fund", with_posting(fund="nofund"), 422, "unknown_account", "postings[0].fund"),
    ("unknown account", with_posting(1, account="9999"), 422, "unknown_account", "postings[1].account"),
    ("unknown side", with_posting(side="left"), 422, "invalid_request", "postings[0].side"),
    ("unknown source", with_posting(source="lottery"), 422, "invalid_request", "postings[0].source"),
    ("unknown field", accrual(colour="red"), 422, "invalid_request", "colour"),
    ("unknown field in a posting", with_posting(budget_year=2026), 422, "invalid_request", "postings[0].budget_year"),
    ("malformed date", accrual(effective_on="2026-13-01"), 422, "invalid_request", "effective_on"),
    ("date as a number", accrual(effective_on=20260101), 422, "invalid_request", "effective_on"),
    ("date with a time", accrual(effective_on="2026-01-06T00:00:00"), 422, "invalid_request", "effective_on"),
    ("future date", accrual(effective_on="2199-01-01"), 422, "invalid_request", "effective_on"),
    ("date before the book", accrual(effective_on="2025-12-31"), 422, "invalid_request", "effective_on"),
    ("unknown voucher type", accrual(voucher_type="银"), 422, "invalid_request", "voucher_type"),
    ("control account", with_posting(account="available"), 422, "control_account", "postings[0].account"),
    ("cash without budgetary lines", with_posting(1, account="1002"), 409, "budget_lines_missing", "postings"),
    ("overdraft", payment(1001), 409, "insufficient_funds", None),
    (
        "ID number in the description",
        accrual(description=f"发给 {ID_NUMBER}"),
        422,
        "personal_data_in_text",
        "description",
    ),
    ("mobile number in a memo", with_posting(memo=MOBILE), 422, "personal_data_in_text", "postings[0].memo"),
    ("ID number in the reference", accrual(reference=ID_NUMBER), 422, "personal_data_in_text", "reference"),
    ("ID number in the payee", accrual(payee_ref=ID_NUMBER), 422, "personal_data_in_text", "payee_ref"),
    (
        "ID number in the reason",
        accrual(non_budget=True, non_budget_reason=ID_NUMBER),
        422,
        "personal_data_in_text",
        "non_budget_reason",
    ),
    (
        "reason without its flag",
        accrual(non_budget_reason="代管资金"),
        422,
        "invalid_request",
        "non_budget_reason",
    ),
    ("mobile number in metadata", accrual(metadata={"phone": MOBILE}), 422, "personal_data_in_text", None),
    (
        "mobile number as a number in metadata",
        accrual(metadata={"phone": int(MOBILE)}),
        422,
        "personal_data_in_text",
        None,
    ),
    ("mobile number as a name in metadata", accrual(metadata={f"m{MOBILE}": 1}), 422, "personal_data_in_text", None),
    ("metadata of objects", accrual(metadata={"a": {}}), 422, "invalid_request", None),
    ("metadata with a fraction", accrual(metadata={"a": 0.5}), 422, "invalid_request", None),
    ("metadata beyond exact integers", accrual(metadata={"a": 2**53}), 422, "invalid_request", None),
    ("metadata under a Chinese name", accrual(metadata={"项目": 1}), 422, "invalid_request", None),
    ("metadata without end", accrual(metadata={f"k{n}": n for n in range(21)}), 422, "invalid_request", "metadata"),
    (
        "attachment hash of a wrong form",
        accrual(attachment_hashes=["abc"]),
        422,
        "invalid_request",
        "attachment_hashes[0]",
    ),
]


async def post_ascii(calls: LedgerCalls, body: Json, key: str, path: str = PATH) -> httpx.Response:
    """Post with escapes only, the one way to write a lone surrogate into JSON."""
    headers = calls.headers("officer") | {"Idempotency-Key": key.replace(" ", "-"), "Content-Type": "application/json"}
    return await calls.client.post(f"/v1/books/{calls.book}{path}", content=json.dumps(body), headers=headers)


async def test_each_bad_entry_answers_its_code_and_changes_nothing(calls: LedgerCalls) -> None:
    before = await calls.read(PATH)
    for name, body, status, code, field in BAD:
        response = await post_ascii(calls, body, name)
        answer = response.json()
        assert (response.status_code, answer["code"]) == (status, code), (name, answer)
        assert response.headers["content-type"] == "application/problem+json", name
        if field is not None:
            named = [answer.get("field"), *(error["field"] for error in answer.get("errors", []))]
            assert field in named, (name, answer)
        assert ID_NUMBER not in response.text
        assert MOBILE not in response.text
    assert await calls.read(PATH) == before


async def test_the_same_bad_entries_spare_the_good_ones_of_a_bulk_call(calls: LedgerCalls) -> None:
    entries: list[Json] = []
    for number, (_, body, *_) in enumerate(BAD):
        entries += [accrual(idempotency_key=f"good-{number}"), body | {"idempotency_key": f"bad-{number}"}]
    results = (await post_ascii(calls, {"entries": entries}, "none", f"{PATH}/bulk")).json()["results"]
    assert [one["status"] for one in results] == ["posted", "refused"] * len(BAD)
    codes = [(one["problem"]["status"], one["problem"]["code"]) for one in results[1::2]]
    assert codes == [(status, code) for _, _, status, code, _ in BAD]
    seqs = [one["entry"]["seq"] for one in results[::2]]
    assert seqs == list(range(seqs[0], seqs[0] + len(BAD)))


async def test_an_unstorable_text_outside_the_entries_refuses_the_bulk_call(calls: LedgerCalls) -> None:
    response = await calls.post(f"{PATH}/bulk", {"entries": [accrual(idempotency_key="a")], "\x00": 1})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert len((await calls.read(PATH))["items"]) == 1


async def test_a_posted_entry_is_shown_whole_and_replayed_byte_for_byte(calls: LedgerCalls) -> None:
    body = payment(300) | {
        "voucher_type": "付",
        "reference": "ZF-1",
        "metadata": {"project": "桥", "stage": 2, "final": False},
        "payee_ref": "vendor-1",
        "attachment_count": 1,
        "attachment_hashes": ["0" * 64],
    }
    first = await calls.post(PATH, body, key="once")
    again = await calls.post(PATH, body, key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    entry = first.json()
    assert {name: entry[name] for name in ("voucher_type", "voucher_number", "period", "prepared_by")} == {
        "voucher_type": "付",
        "voucher_number": 1,
        "period": "2026-01",
        "prepared_by": "officer-1",
    }
    assert {name: entry[name] for name in body if name != "postings"} == {
        n: v for n, v in body.items() if n != "postings"
    }
    # The cash came from the county; a credit without a source says where it went.
    assert [(one["account"], one["source"]) for one in entry["postings"]][1] == ("1002", "county")
    assert await calls.read(f"{PATH}/{entry['id']}") == entry
    changed = await calls.post(PATH, payment(301), key="once")
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_key_reused")


async def test_people_are_named_only_by_who_may_act_for_them(calls: LedgerCalls) -> None:
    named = accrual(prepared_by="clerk-7", reviewed_by="clerk-8")
    refused = await calls.post(PATH, named)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    headers = calls.headers("officer", scopes=["ledger:post", "ledger:act_for"]) | {"Idempotency-Key": "for"}
    url = f"/v1/books/{calls.book}{PATH}"
    entry = (await calls.client.post(url, json=named, headers=headers)).json()
    assert (entry["prepared_by"], entry["reviewed_by"], entry["posted_by"]) == ("clerk-7", "clerk-8", "officer-1")
    same = await calls.client.post(
        url, json=accrual(prepared_by="x", reviewed_by="x"), headers=headers | {"Idempotency-Key": "same"}
    )
    assert (same.status_code, same.json()["code"]) == (409, "same_person")


async def test_a_reversal_is_red_on_the_same_sides_and_happens_once(calls: LedgerCalls) -> None:
    entry = (await calls.post(PATH, payment(400))).json()
    path = f"{PATH}/{entry['id']}/reversal"
    early = await calls.post(path, {"effective_on": "2026-01-05", "reason": "错"})
    assert (early.status_code, early.json()["field"]) == (422, "effective_on")
    red = (await calls.post(path, {"effective_on": "2026-01-07", "reason": "金额有误"})).json()
    assert (red["red"], red["undoes"], red["kind"], red["description"]) == (True, entry["id"], "reversal", "金额有误")
    sides = [(one["account"], one["side"], one["amount_fen"], one["source"]) for one in entry["postings"]]
    assert [(one["account"], one["side"], one["amount_fen"], one["source"]) for one in red["postings"]] == sides
    again = await calls.post(path, {"effective_on": "2026-01-07", "reason": "再次"})
    assert (again.status_code, again.json()["code"]) == (409, "already_reversed")
    of_red = await calls.post(f"{PATH}/{red['id']}/reversal", {"effective_on": "2026-01-08", "reason": "x"})
    assert (of_red.status_code, of_red.json()["code"]) == (409, "reversal_of_reversal")
    balance = await calls.read("/reports/trial-balance", fund="repair")
    cash = next(one for one in balance["items"] if one["account"] == "1002")
    # The red entry takes the payment's turnover back: nothing was credited.
    assert (cash["debit_fen"], cash["credit_fen"], cash["balance_fen"]) == (1000, 0, 1000)


async def test_what_a_typed_operation_posted_is_undone_through_it(calls: LedgerCalls) -> None:
    [typed] = (await calls.read(PATH))["items"]
    response = await calls.post(f"{PATH}/{typed['id']}/reversal", {"effective_on": "2026-01-07", "reason": "x"})
    assert (response.status_code, response.json()["code"]) == (409, "typed_operation_entry")


async def test_an_unknown_entry_or_book_is_not_found(calls: LedgerCalls, issuer: Issuer) -> None:
    nobody = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
    assert (await calls.get(f"{PATH}/{nobody}")).status_code == 404
    answer = await calls.post(f"{PATH}/{nobody}/reversal", {"effective_on": "2026-01-07", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    elsewhere = LedgerCalls(calls.client, issuer, book="610924")
    assert (await elsewhere.get(PATH)).status_code == 404
    assert (await elsewhere.post(PATH, accrual())).status_code == 404


async def test_a_closed_month_refuses_and_the_next_takes(calls: LedgerCalls) -> None:
    await calls.made("/periods/2026-01/close")
    response = await calls.post(PATH, accrual())
    assert (response.status_code, response.json()["code"]) == (409, "period_closed")
    assert (await calls.post(PATH, accrual(effective_on="2026-02-01"))).status_code == 201


async def test_entries_are_listed_oldest_first_by_page_and_filter(calls: LedgerCalls) -> None:
    for day in range(6, 16):
        body = accrual(effective_on=f"2026-01-{day:02d}", reference=f"R-{day % 2}")
        assert (await calls.post(PATH, body)).status_code == 201
    seen: list[int] = []
    page = await calls.read(PATH, limit=4)
    seen += [one["seq"] for one in page["items"]]
    while page["next_cursor"]:
        page = await calls.read(PATH, limit=4, cursor=page["next_cursor"])
        seen += [one["seq"] for one in page["items"]]
    assert seen == list(range(1, 12))

    async def listed(**query: object) -> list[int]:
        return [one["seq"] for one in (await calls.read(PATH, **query))["items"]]

    assert await listed(account="1002") == [1]
    assert await listed(fund="repair", account="2303", reference="R-1") == [3, 5, 7, 9, 11]
    assert await listed(fund="health") == []
    assert await listed(fund="health", account="2303") == []
    assert await listed(effective_from="2026-01-14") == [10, 11]
    assert await listed(effective_to="2026-01-06") == [1, 2]
    assert await listed(effective_from="2026-01-07", effective_to="2026-01-08", reference="R-0") == [4]
    for query in ({"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"effective_from": "soon"}, {"colour": "red"}):
        response = await calls.get(PATH, **query)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_request"), query


async def test_a_bulk_call_and_a_single_call_share_their_keys(calls: LedgerCalls) -> None:
    single = await calls.post(PATH, accrual(), key="shared")
    body = {"entries": [accrual(idempotency_key="shared"), accrual(idempotency_key="own")]}
    first = await calls.made(f"{PATH}/bulk", **body)
    assert [one["status"] for one in first["results"]] == ["replayed", "posted"]
    assert first["results"][0]["entry"] == single.json()
    second = await calls.made(f"{PATH}/bulk", **body)
    assert [one["status"] for one in second["results"]] == ["replayed", "replayed"]
    assert (await calls.post(PATH, accrual(), key="own")).json() == first["results"][1]["entry"]
    other = {"entries": [accrual(idempotency_key="own", description="anders")]}
    [refused] = (await calls.made(f"{PATH}/bulk", **other))["results"]
    assert refused["problem"]["code"] == "idempotency_key_reused"


async def test_all_or_nothing_over_http(calls: LedgerCalls) -> None:
    entries = [accrual(idempotency_key="a"), payment(1001) | {"idempotency_key": "b"}, accrual(idempotency_key="c")]
    results = (await calls.made(f"{PATH}/bulk", atomic=True, entries=entries))["results"]
    assert [one["status"] for one in results] == ["not_attempted", "refused", "not_attempted"]
    shape = [accrual(idempotency_key="a"), {"idempotency_key": "d"}]
    results = (await calls.made(f"{PATH}/bulk", atomic=True, entries=shape))["results"]
    assert [one["status"] for one in results] == ["not_attempted", "refused"]
    assert len((await calls.read(PATH))["items"]) == 1
    results = (await calls.made(f"{PATH}/bulk", atomic=True, entries=entries[::2]))["results"]
    assert [one["status"] for one in results] == ["posted", "posted"]


@pytest.mark.parametrize("entries", [[], None, "x", {}])
async def test_a_bulk_call_without_entries_is_refused(calls: LedgerCalls, entries: object) -> None:
    response = await calls.post(f"{PATH}/bulk", {"entries": entries})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


async def test_a_bulk_call_of_10_001_entries_is_refused(calls: LedgerCalls) -> None:
    response = await calls.post(f"{PATH}/bulk", {"entries": [1] * 10_001})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
