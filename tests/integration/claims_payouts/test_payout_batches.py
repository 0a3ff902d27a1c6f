"""Claims are paid through a batch that two people make; the bank's word moves the money, once."""

import asyncio
import csv
import hashlib
import io
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County, account_number, return_body
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


async def encumbered(county: County, post: Post, *benefits: int) -> list[str]:
    await county.found()
    claims = [await county.approved_claim(benefit) for benefit in benefits]
    await post.until_idle()
    return claims


async def operations(county: County, claim_id: str) -> list[tuple[str, int, str]]:
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    return [(one["operation"], one["attempt"], one["status"]) for one in claim["money"]["operations"]]


async def test_a_batch_goes_from_two_people_through_the_bank_to_the_ledger(county: County, post: Post) -> None:
    first, second = await encumbered(county, post, 50_000, 1)
    batch = await county.post("claims", "/payout-batches", {"note": "七月第一批"}, "payer")
    assert (batch["status"], batch["control_count"], batch["control_total_fen"]) == ("prepared", 2, 50_001)
    assert [item["claim_id"] for item in batch["items"]] == [first, second]
    assert batch["items"][0]["account_masked"] == "***************0001"
    assert await county.status(first) == "in_batch"
    approved = await county.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")
    assert (approved["status"], approved["prepared_by"], approved["decided_by"]) == ("approved", "payer-1", "payer-2")
    done = await county.bank_return(approved, "success")
    assert (done["paid"], done["batch"]["status"]) == (2, "settled")
    assert await county.status(first) == "in_batch"
    await post.until_idle()
    assert await county.status(first) == await county.status(second) == "paid"
    fund = await county.insurance()
    assert (fund["encumbered_fen"], fund["expended_fen"], fund["cash_fen"]) == (0, 50_001, 99_949_999)
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert {(item["status"], item["paid_on"]) for item in shown["items"]} == {("paid", "2021-07-05")}
    assert (await post.reconcile(county.book)).matched


async def test_a_paid_claim_traces_from_batch_item_to_entry_and_postings(county: County, post: Post) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    await county.bank_return(await county.approved_batch(), "success")
    await post.until_idle()
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    payment = money["operations"][1]
    assert payment["item_number"] == money["items"][0]["item_number"]
    entry = await county.get("ledger", f"/journal-entries/{payment['entry_id']}", "auditor")
    assert entry["hash"] == payment["hash"]
    assert (entry["prepared_by"], entry["reviewed_by"], entry["effective_on"]) == ("payer-1", "payer-2", "2021-07-05")
    lines = {(line["account"], line["side"]): line["amount_fen"] for line in entry["postings"]}
    assert lines[("1002", "credit")] == lines[("encumbered", "debit")] == 50_000


async def test_a_failed_credit_goes_back_and_is_paid_by_a_second_batch(county: County, post: Post) -> None:
    good, bad = await encumbered(county, post, 50_000, 30_000)
    batch = await county.approved_batch()
    await county.bank_return(batch, "success", items=[0])
    failed = await county.bank_return(batch, "failure", items=[1])
    assert (failed["failed"], failed["batch"]["status"]) == (1, "settled")
    await post.until_idle()
    assert (await county.status(good), await county.status(bad)) == ("paid", "payment_returned")
    second = await county.approved_batch()
    assert [item["claim_id"] for item in second["items"]] == [bad]
    await county.bank_return(second, "success", on="2021-07-12")
    await post.until_idle()
    assert await county.status(bad) == "paid"
    assert await operations(county, bad) == [("encumber", 1, "done"), ("liquidate", 1, "done")]
    fund = await county.insurance()
    assert (fund["encumbered_fen"], fund["expended_fen"]) == (0, 80_000)
    assert (await post.reconcile(county.book)).matched


async def test_a_credit_that_comes_back_after_success_is_returned_and_paid_by_a_second_batch(
    county: County, post: Post
) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    batch = await county.approved_batch()
    await county.bank_return(batch, "success")
    await post.until_idle()
    back = await county.bank_return(batch, "failure", on="2021-07-08")
    assert back["given_back"] == 1
    await post.until_idle()
    assert await county.status(claim_id) == "payment_returned"
    fund = await county.insurance()
    assert (fund["encumbered_fen"], fund["expended_fen"], fund["cash_fen"]) == (50_000, 0, 100_000_000)
    assert (await post.reconcile(county.book)).matched
    await county.bank_return(await county.approved_batch(), "success", on="2021-07-15")
    await post.until_idle()
    assert await county.status(claim_id) == "paid"
    assert await operations(county, claim_id) == [
        ("encumber", 1, "done"),
        ("liquidate", 1, "done"),
        ("return", 1, "done"),
        ("liquidate", 2, "done"),
    ]
    fund = await county.insurance()
    assert (fund["encumbered_fen"], fund["expended_fen"], fund["cash_fen"]) == (0, 50_000, 99_950_000)
    compared = await post.reconcile(county.book)
    assert (compared.matched, compared.totals.ledger_returned_fen) == (True, 50_000)


async def test_a_credit_that_comes_back_before_it_was_booked_is_booked_and_returned_in_that_order(
    county: County, post: Post
) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    batch = await county.approved_batch()
    await county.bank_return(batch, "success")
    await county.bank_return(batch, "failure", on="2021-07-08")
    await post.until_idle()
    assert await county.status(claim_id) == "payment_returned"
    assert [one[0] for one in await operations(county, claim_id)] == ["encumber", "liquidate", "return"]
    assert (await county.insurance())["cash_fen"] == 100_000_000


async def test_a_payment_the_ledger_refuses_is_kept_and_asked_for_again_on_purpose(county: County, post: Post) -> None:
    await county.found(cash_fen=0)
    claim_id = await county.approved_claim(50_000)
    await post.until_idle()
    batch = await county.approved_batch()
    await county.bank_return(batch, "success")
    await post.until_idle()
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert (shown["items"][0]["status"], shown["items"][0]["refusal_code"]) == (
        "booking_refused",
        "insufficient_funds",
    )
    assert await county.status(claim_id) == "in_batch"
    nothing = await county.try_post("claims", "/payout-batches", {}, "payer")
    assert nothing.json()["code"] == "nothing_to_pay"
    await county.receive(60_000)
    retried = await county.post("claims", f"/payout-batches/{batch['id']}/booking-retries", {}, "payer")
    assert retried["retried"] == 1
    await post.until_idle()
    assert await county.status(claim_id) == "paid"
    assert await operations(county, claim_id) == [
        ("encumber", 1, "done"),
        ("liquidate", 1, "refused"),
        ("liquidate", 2, "done"),
    ]
    again = await county.try_post("claims", f"/payout-batches/{batch['id']}/booking-retries", {}, "payer")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_book")


async def test_a_refused_payment_that_the_bank_takes_back_moves_no_money_and_can_be_paid_again(
    county: County, post: Post
) -> None:
    await county.found(cash_fen=0)
    claim_id = await county.approved_claim(50_000)
    await post.until_idle()
    batch = await county.approved_batch()
    await county.bank_return(batch, "success")
    await county.bank_return(batch, "failure", on="2021-07-08")
    await post.until_idle()
    assert await county.status(claim_id) == "payment_returned"
    assert await operations(county, claim_id) == [
        ("encumber", 1, "done"),
        ("liquidate", 1, "refused"),
        ("return", 1, "refused"),
    ]
    assert (await post.reconcile(county.book)).matched


async def test_a_payment_of_a_closed_month_is_booked_on_the_first_open_day_and_keeps_the_banks_day(
    county: County, post: Post
) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    batch = await county.approved_batch()
    for month in range(1, 9):
        await county.post("ledger", f"/periods/2021-{month:02d}/close", {}, "officer")
    await county.bank_return(batch, "success")
    await post.until_idle()
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    assert claim["status"] == "paid"
    assert await operations(county, claim_id) == [
        ("encumber", 1, "done"),
        ("liquidate", 1, "refused"),
        ("liquidate", 2, "done"),
    ]
    payment = claim["money"]["operations"][2]
    assert (payment["effective_on"], payment["bank_booked_on"]) == ("2021-09-01", "2021-07-05")
    entry = await county.get("ledger", f"/journal-entries/{payment['entry_id']}", "auditor")
    assert entry["effective_on"] == "2021-09-01"
    assert entry["reference"].endswith("bank:2021-07-05")
    await county.bank_return(batch, "failure", on="2021-07-08")
    await post.until_idle()
    assert await county.status(claim_id) == "payment_returned"
    assert (await county.insurance())["cash_fen"] == 100_000_000


async def test_who_prepared_a_batch_cannot_approve_it(county: County, post: Post) -> None:
    await encumbered(county, post, 50_000)
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    answer = await county.try_post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer")
    assert (answer.status_code, answer.json()["code"]) == (409, "same_person")
    early = await county.try_get("claims", f"/payout-batches/{batch['id']}/bank-file", "payer")
    assert (early.status_code, early.json()["code"]) == (409, "batch_not_approved")
    await county.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")
    twice = await county.try_post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-3")
    assert (twice.status_code, twice.json()["code"]) == (409, "batch_not_prepared")


async def test_a_refused_batch_gives_its_claims_back(county: County, post: Post) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    body = {"outcome": "refused", "note": "账户待核实"}
    refused = await county.post("claims", f"/payout-batches/{batch['id']}/approval", body, "payer/payer-2")
    assert (refused["status"], refused["decision_note"]) == ("refused", "账户待核实")
    assert await county.status(claim_id) == "encumbered"
    again = await county.post("claims", "/payout-batches", {}, "payer")
    assert [item["claim_id"] for item in again["items"]] == [claim_id]
    assert again["number"] != batch["number"]


async def test_a_claim_stands_in_one_open_batch_even_when_two_are_made_at_once(county: County, post: Post) -> None:
    claims = await encumbered(county, post, 1_000, 2_000)
    answers = await asyncio.gather(
        *(county.try_post("claims", "/payout-batches", {"claim_ids": claims}, "payer") for _ in range(4))
    )
    codes = sorted(answer.json().get("code", "made") for answer in answers)
    assert codes == ["claim_not_payable", "claim_not_payable", "claim_not_payable", "made"]


async def test_claims_that_cannot_be_paid_are_named_and_no_batch_is_made(county: County, post: Post) -> None:
    await county.found()
    payable = await county.approved_claim(1_000)
    nowhere = await county.approved_claim(2_000, account=False)
    await post.until_idle()
    waiting = await county.approved_claim(3_000)
    number = (await county.get("claims", f"/claims/{nowhere}", "county"))["number"]
    for body in ({"claim_ids": [payable, nowhere]}, {"claim_ids": [nowhere]}):
        answer = await county.try_post("claims", "/payout-batches", body, "payer")
        assert (answer.status_code, answer.json()["code"], answer.json()["claims"]) == (
            409,
            "bank_account_missing",
            [number],
        )
    unready = await county.try_post("claims", "/payout-batches", {"claim_ids": [payable, waiting]}, "payer")
    assert (unready.status_code, unready.json()["code"]) == (409, "claim_not_payable")
    unknown = await county.try_post(
        "claims", "/payout-batches", {"claim_ids": [payable, "01957c6e-1111-7c3e-9b1d-2f4a6c8e0b12"]}, "payer"
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert await county.status(payable) == "encumbered"
    assert (await county.get("claims", "/payout-batches", "auditor"))["items"] == []
    # All that can be paid: the one household does not wait for the other's account.
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    assert ([item["claim_id"] for item in batch["items"]], batch["left_out"]) == ([payable], [number])
    none_left = await county.try_post("claims", "/payout-batches", {}, "payer")
    assert (none_left.json()["code"], none_left.json()["claims"]) == ("bank_account_missing", [number])


async def test_the_same_key_makes_one_batch(county: County, post: Post) -> None:
    await encumbered(county, post, 1_000)
    first = await county.try_post("claims", "/payout-batches", {}, "payer", key="one-batch")
    second = await county.try_post("claims", "/payout-batches", {}, "payer", key="one-batch")
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_batches_are_listed_by_status_and_page(county: County, post: Post) -> None:
    claims = await encumbered(county, post, 1_000, 2_000, 3_000)
    batches = [await county.post("claims", "/payout-batches", {"claim_ids": [one]}, "payer") for one in claims]
    await county.post("claims", f"/payout-batches/{batches[1]['id']}/approval", {}, "payer/payer-2")
    page = await county.get("claims", "/payout-batches", "auditor", limit="2")
    rest = await county.get("claims", "/payout-batches", "auditor", limit="2", cursor=page["next_cursor"])
    assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in batches]
    assert rest["next_cursor"] is None
    approved = await county.get("claims", "/payout-batches", "auditor", status="approved")
    assert [one["id"] for one in approved["items"]] == [batches[1]["id"]]


async def test_the_bank_file_carries_clear_accounts_once_approved_and_every_issue_is_recorded(
    county: County, post: Post, postgres: Server, claims_database: Database
) -> None:
    await encumbered(county, post, 509_800, 1)
    batch = await county.approved_batch()
    path = f"/payout-batches/{batch['id']}/bank-file"
    file = await county.try_get("claims", path, "payer")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{batch["number"]}.csv"'
    assert file.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    first = batch["items"][0]["item_number"]
    assert rows[1] == ["1", first, "钱示例1", account_number(1), "5098.00", "防贫保险理赔款"]
    assert rows[-1] == ["合计", "2", "5098.01"]
    again = await county.try_get("claims", path, "payer/payer-2", template="gb18030")
    assert (again.status_code, again.json()["code"], again.json()["issued_to"]) == (409, "bank_file_issued", "payer-1")
    unknown = await county.try_post("claims", f"{path}/reissues", {"reason": "下载中断", "template": "nobody"}, "payer")
    assert (unknown.status_code, unknown.json()["field"]) == (422, "template")
    body = {"reason": "下载中断，银行未收到"}
    allowed = await county.post("claims", f"{path}/reissues", body, "payer")
    assert (allowed["issue"], allowed["template"]) == (2, "utf8")
    twice = await county.try_post("claims", f"{path}/reissues", body, "payer")
    assert (twice.status_code, twice.json()["code"]) == (409, "bank_file_not_issued")
    alone = await county.try_get("claims", path, "payer")
    assert (alone.status_code, alone.json()["code"]) == (409, "same_person")
    same = await county.try_get("claims", path, "payer/payer-2")
    assert same.content == file.content
    await county.post("claims", f"{path}/reissues", {"reason": "银行要求另一格式", "template": "bar_gb18030"}, "payer")
    other = await county.try_get("claims", path, "payer/payer-2")
    assert other.headers["Content-Type"] == "text/plain; charset=gb18030"
    assert other.content.decode("gb18030").split("\n")[0] == "2|!509801|!"
    assert "|!钱示例1|!509800|!CNY|!" in other.content.decode("gb18030")
    issues = postgres.sql(
        claims_database,
        "SELECT number, issued_to, template, item_count, total_fen, encode(sha256, 'hex') FROM file_issue ORDER BY number;",
    ).split()
    assert issues == [
        f"1|payer-1|utf8|2|509801|{hashlib.sha256(file.content).hexdigest()}",
        f"2|payer-2|utf8|2|509801|{hashlib.sha256(file.content).hexdigest()}",
        f"3|payer-2|bar_gb18030|2|509801|{hashlib.sha256(other.content).hexdigest()}",
    ]
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert [one["number"] for one in shown["issues"]] == [1, 2, 3]
    assert [one["event"] for one in shown["history"]] == ["prepared", "approved", "reissue_allowed", "reissue_allowed"]


async def test_of_two_people_who_fetch_the_file_at_once_one_gets_it(county: County, post: Post) -> None:
    await encumbered(county, post, 1_000)
    batch = await county.approved_batch()
    path = f"/payout-batches/{batch['id']}/bank-file"
    answers = await asyncio.gather(*(county.try_get("claims", path, f"payer/p-{number}") for number in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_no_second_file_asks_the_bank_for_a_credit_that_came_back(county: County, post: Post) -> None:
    await encumbered(county, post, 1_000, 2_000)
    batch = await county.approved_batch()
    path = f"/payout-batches/{batch['id']}/bank-file"
    assert (await county.try_get("claims", path, "payer")).is_success
    await county.post(
        "claims", f"/payout-batches/{batch['id']}/bank-return", return_body(batch["items"][:1], "failure"), "payer"
    )
    # Its claim may be paid by another batch now: the old file would pay it twice.
    refused = await county.try_get("claims", path, "payer")
    assert (refused.status_code, refused.json()["code"]) == (409, "batch_partly_returned")
    assert refused.json()["items"] == [batch["items"][0]["item_number"]]
    await county.post(
        "claims", f"/payout-batches/{batch['id']}/bank-return", return_body(batch["items"][1:], "success"), "payer"
    )
    await post.until_idle()
    second = await county.approved_batch()
    file = await county.try_get("claims", f"/payout-batches/{second['id']}/bank-file", "payer")
    assert file.is_success
    assert "10.00" in file.text
    assert "20.00" not in file.text


async def change_account(county: County, claim_id: str, order: int, version: int = 1) -> None:
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    changed = await county.claims.patch(
        f"/v1/books/{county.book}/households/{claim['household_id']}",
        json={"bank_account": account_number(order)},
        headers=county.headers("intake") | {"If-Match": f'"{version}"'},
    )
    assert changed.is_success, changed.text


async def test_an_account_changed_after_the_approval_stops_its_item_until_two_people_approve_the_rest(
    county: County, post: Post
) -> None:
    moved, stays = await encumbered(county, post, 1_000, 700)
    batch = await county.approved_batch()
    first, second = (item["item_number"] for item in batch["items"])
    await change_account(county, moved, 999)
    path = f"/payout-batches/{batch['id']}"
    refused = await county.try_get("claims", f"{path}/bank-file", "payer")
    assert (refused.status_code, refused.json()["code"], refused.json()["items"]) == (409, "account_changed", [first])
    shown = await county.get("claims", path, "auditor")
    assert [item["account_changed"] for item in shown["items"]] == [True, False]
    body = {"item_numbers": [first], "reason": "农户更换账户"}
    left = await county.post("claims", f"{path}/withdrawals", body, "payer/payer-2")
    assert (left["status"], left["control_count"], left["control_total_fen"]) == ("prepared", 1, 700)
    assert (await county.status(moved), await county.status(stays)) == ("encumbered", "in_batch")
    early = await county.try_get("claims", f"{path}/bank-file", "payer")
    assert (early.status_code, early.json()["code"]) == (409, "batch_not_approved")
    same = await county.try_post("claims", f"{path}/approval", {}, "payer/payer-2")
    assert (same.status_code, same.json()["code"]) == (409, "same_person")
    await county.post("claims", f"{path}/approval", {}, "payer")
    file = await county.try_get("claims", f"{path}/bank-file", "payer")
    assert [second in file.text, first in file.text, "合计,1,7.00" in file.text] == [True, False, True]
    late = await county.try_post("claims", f"{path}/bank-return", return_body([batch["items"][0]], "success"), "payer")
    assert (late.status_code, late.json()["code"]) == (409, "item_withdrawn")
    again = await county.approved_batch(moved)
    new = await county.try_get("claims", f"/payout-batches/{again['id']}/bank-file", "payer")
    assert account_number(999) in new.text
    shown = await county.get("claims", path, "auditor")
    assert [one["event"] for one in shown["history"]] == ["prepared", "approved", "items_withdrawn", "approved"]


async def test_an_account_changed_before_the_approval_stops_the_approval(county: County, post: Post) -> None:
    (claim_id,) = await encumbered(county, post, 1_000)
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    await change_account(county, claim_id, 999)
    refused = await county.try_post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")
    assert (refused.status_code, refused.json()["code"]) == (409, "account_changed")
    await county.post("claims", f"/payout-batches/{batch['id']}/approval", {"outcome": "refused"}, "payer/payer-2")
    assert await county.status(claim_id) == "encumbered"


async def test_what_the_bank_has_leaves_a_batch_only_where_the_bank_will_not_pay_it(county: County, post: Post) -> None:
    moved, _ = await encumbered(county, post, 1_000, 700)
    batch = await county.approved_batch()
    path = f"/payout-batches/{batch['id']}"
    assert (await county.try_get("claims", f"{path}/bank-file", "payer")).is_success
    await change_account(county, moved, 999)
    body = {"item_numbers": [batch["items"][0]["item_number"]], "reason": "农户更换账户"}
    refused = await county.try_post("claims", f"{path}/withdrawals", body, "payer")
    assert (refused.status_code, refused.json()["code"]) == (409, "bank_file_issued")
    stopped = await county.post("claims", f"{path}/withdrawals", body | {"bank_stopped": True}, "payer")
    assert stopped["control_total_fen"] == 700
    await county.post("claims", f"{path}/approval", {}, "payer/payer-2")
    # The bank has an old file: a new one needs its reason.
    again = await county.try_get("claims", f"{path}/bank-file", "payer")
    assert (again.status_code, again.json()["code"]) == (409, "bank_file_issued")
    await county.post("claims", f"{path}/bank-file/reissues", {"reason": "移出一笔，原文件作废"}, "payer")
    file = await county.try_get("claims", f"{path}/bank-file", "payer/payer-2")
    assert "合计,1,7.00" in file.text


async def test_all_items_taken_out_of_an_approved_batch_leave_it_refused(county: County, post: Post) -> None:
    claims = await encumbered(county, post, 1_000, 700)
    batch = await county.approved_batch()
    body = {"item_numbers": [item["item_number"] for item in batch["items"]], "reason": "暂停支付"}
    left = await county.post("claims", f"/payout-batches/{batch['id']}/withdrawals", body, "payer")
    assert (left["status"], left["decided_by"], left["decision_note"]) == ("refused", "payer-2", "暂停支付")
    assert {await county.status(claim_id) for claim_id in claims} == {"encumbered"}


async def test_a_failed_credit_is_paid_again_to_the_corrected_account_and_says_why(county: County, post: Post) -> None:
    corrected, same = await encumbered(county, post, 1_000, 700)
    first = await county.approved_batch()
    await county.bank_return(first, "failure")
    await change_account(county, corrected, 999)
    body = {"unchanged_reason": "银行系统故障，账户无误"}
    batch = await county.post("claims", "/payout-batches", body, "payer")
    items = {item["claim_id"]: item for item in batch["items"]}
    assert [items[claim_id]["account_standing"] for claim_id in (corrected, same)] == ["corrected", "unchanged"]
    assert [items[claim_id]["unchanged_reason"] for claim_id in (corrected, same)] == [None, body["unchanged_reason"]]
    assert items[corrected]["replaces"] == first["items"][0]["item_number"]
    assert [one["item_number"] for one in batch["warnings"]] == []
    await county.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")
    file = await county.try_get("claims", f"/payout-batches/{batch['id']}/bank-file", "payer")
    assert (account_number(999) in file.text, account_number(1) in file.text) == (True, False)
    trail = (await county.get("claims", f"/claims/{corrected}", "county"))["money"]["items"]
    assert [item["account_standing"] for item in trail] == ["first", "corrected"]


async def test_an_account_that_failed_and_was_not_corrected_is_a_warning_the_second_person_sees(
    county: County, post: Post
) -> None:
    await encumbered(county, post, 1_000)
    await county.bank_return(await county.approved_batch(), "failure")
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    assert [one["code"] for one in batch["warnings"]] == ["account_unchanged"]
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "payer")
    assert shown["warnings"] == batch["warnings"]


async def test_no_account_or_name_stands_clear_in_any_table(
    county: County, post: Post, postgres: Server, claims_database: Database
) -> None:
    await encumbered(county, post, 1_000)
    batch = await county.approved_batch()
    body = return_body(batch["items"], "failure")
    body["rows"][0]["reason"] = f"户名钱示例1与账号{account_number(1)}不符"
    await county.post("claims", f"/payout-batches/{batch['id']}/bank-return", body, "payer")
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert shown["items"][0]["failure_reason"] == body["rows"][0]["reason"]
    tables = ["payout_batch", "payout_item", "ledger_operation", "bank_return", "bank_return_row", "idempotency_key"]
    for table in tables:
        rows = postgres.sql(claims_database, f"SELECT t::text FROM {table} AS t;")  # noqa: S608 - our own names
        assert rows.strip()
        assert account_number(1) not in rows
        assert "钱示例1" not in rows


def csv_return(batch: dict[str, Any], *, amount: str | None = None) -> str:
    amounts = [amount or f"{item['amount_fen'] / 100:.2f}" for item in batch["items"]]
    rows = [
        f"{item['item_number']},成功,{text},2021-07-05," for item, text in zip(batch["items"], amounts, strict=True)
    ]
    total = f"{batch['control_total_fen'] / 100:.2f}"
    return "\r\n".join(["明细编号,结果,金额（元）,入账日期,失败原因", *rows, f"合计,{len(rows)},{total}", ""])


async def send_csv(
    county: County, batch: dict[str, Any], content: bytes, media_type: str = "text/csv", **query: str
) -> httpx.Response:
    return await county.claims.post(
        f"/v1/books/{county.book}/payout-batches/{batch['id']}/bank-return",
        params=query,
        content=content,
        headers=county.headers("payer") | {"Content-Type": media_type},
    )


async def test_the_banks_own_csv_file_is_applied_like_json(county: County, post: Post) -> None:
    (claim_id,) = await encumbered(county, post, 50_000)
    batch = await county.approved_batch()
    bad = await send_csv(county, batch, csv_return(batch, amount="5e2").encode())
    assert (bad.status_code, bad.json()["code"], bad.json()["line"]) == (422, "bank_return_unreadable", 2)
    wrong = await send_csv(county, batch, csv_return(batch, amount="500.01").encode())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "control_mismatch")
    said = await send_csv(county, batch, csv_return(batch).encode(), "text/csv; charset=gb18030")
    assert said.status_code == 415
    other = await send_csv(county, batch, csv_return(batch).encode(), "application/xml")
    assert other.status_code == 415
    good = await send_csv(
        county, batch, csv_return(batch).encode("gb18030"), "text/csv; charset=gb18030", template="gb18030"
    )
    assert good.status_code == 201, good.text
    assert good.json()["paid"] == 1
    await post.until_idle()
    assert await county.status(claim_id) == "paid"


async def test_a_bank_return_that_is_wrong_anywhere_changes_nothing(county: County, post: Post) -> None:
    await county.found()
    claims = [await county.approved_claim(benefit) for benefit in (1_000, 2_000, 3_000)]
    await post.until_idle()
    batch = await county.approved_batch(*claims[:2])
    other = await county.approved_batch(claims[2])
    good = return_body(batch["items"], "success")

    def changed(place: int, **fields: object) -> dict[str, Any]:
        rows = [row | fields if at == place else row for at, row in enumerate(good["rows"])]
        return good | {"rows": rows}

    foreign = changed(1, item_number=other["items"][0]["item_number"])
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        (changed(1, item_number="B2021-9999-0001"), 409, "item_not_in_batch", "rows[1].item_number"),
        (foreign, 409, "item_not_in_batch", "rows[1].item_number"),
        (changed(1, **good["rows"][0]) | {"control_total_fen": 2_000}, 422, "item_repeated", "rows[1].item_number"),
        (
            changed(1, amount_fen=1_999) | {"control_total_fen": 2_999},
            409,
            "item_amount_mismatch",
            "rows[1].amount_fen",
        ),
        (good | {"control_count": 3}, 422, "control_mismatch", "control_count"),
        (good | {"control_total_fen": 3_001}, 422, "control_mismatch", "control_total_fen"),
        (changed(1, booked_on="2999-01-01"), 422, "invalid_request", "rows[1].booked_on"),
        (changed(1, booked_on="2021-06-19"), 422, "invalid_request", "rows[1].booked_on"),
        (changed(1, booked_on=20210705), 422, "invalid_request", "rows[1].booked_on"),
        (changed(1, outcome="maybe"), 422, "invalid_request", "rows[1].outcome"),
        (changed(1, amount_fen=2_000.0), 422, "invalid_request", "rows[1].amount_fen"),
        (good | {"rows": []}, 422, "invalid_request", "rows"),
        (good | {"bank": "x"}, 422, "invalid_request", "bank"),
    ]
    for body, status, code, field in cases:
        answer = await county.try_post("claims", f"/payout-batches/{batch['id']}/bank-return", body, "payer")
        found = answer.json()
        assert (answer.status_code, found["code"], found["field"]) == (status, code, field), answer.text
    shown = await county.get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert {item["status"] for item in shown["items"]} == {"open"}
    assert await post.until_idle() == 0
    await county.bank_return(batch, "success")
    twice = await county.try_post("claims", f"/payout-batches/{batch['id']}/bank-return", good, "payer")
    assert (twice.status_code, twice.json()["code"]) == (409, "item_already_returned")


async def test_another_book_sees_nothing_of_it(county: County, post: Post) -> None:
    await encumbered(county, post, 1_000)
    batch = await county.approved_batch()
    stranger = County(county.ledger, county.claims, county.issuer, book="610924")
    answer = await stranger.try_get("claims", f"/payout-batches/{batch['id']}", "auditor")
    assert answer.status_code == 404
    assert (await stranger.get("claims", "/payout-batches", "auditor"))["items"] == []
