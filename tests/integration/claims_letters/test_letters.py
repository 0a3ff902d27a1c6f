"""Letters over HTTP: what the decision's JSON says, the claimant's name and nobody's numbers, and a line in the access log."""

import re
from html import unescape

import pytest

from common.money import capitals, yuan
from tests.support.claims_office import BOOK, Json, Office, terms

pytestmark = pytest.mark.anyio


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))


async def letter_of(office: Office, claim: Json, who: str = "intake", **query: str | int) -> str:
    answer = await office.get(f"/claims/{claim['id']}/decision/letter", who, language="zh-CN", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    return text_of(answer.text)


async def test_letters_say_what_the_decisions_say_and_name_only_the_claimant(office: Office) -> None:
    await office.programme()
    family = await office.family(bank_account="6222020000000000011")
    approved = await office.approved(
        family, loss=[{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "INV20210000017"}]
    )
    rich = await office.family(annual_income_fen=99_000_000)
    refused = await office.filed(rich)
    note = "家庭收入高于监测线"
    assert (await office.step(refused, "town_check", "town", "refused", note=note)).status_code == 201
    waiting = await office.filed(await office.family())

    for claim, kind in ((approved, "同意理赔"), (refused, "不予理赔"), (waiting, "正在办理")):
        decision = await office.read(f"/claims/{claim['id']}/decision")
        seen = await letter_of(office, claim)
        assert kind in seen
        for check in decision["checks"]:
            assert check["reason_zh"] in seen, check["code"]
        for step in decision["computation"]:
            assert step["explanation_zh"] in seen
            assert yuan(step["amount_fen"]) in seen
        assert capitals(decision["benefit_fen"]) in seen
        # Longer runs of digits than a masked document number are the claim's own number alone.
        assert not re.findall(r"\d{7,}", seen.replace(claim["number"], ""))

    seen = await letter_of(office, approved, "county")
    assert "孙示例1" in seen
    assert "孙示例2" not in seen
    assert "INV20210000017" not in seen
    assert note in await letter_of(office, refused)
    assert "草稿" in await letter_of(office, waiting)
    assert "草稿" in await letter_of(office, approved, version=1)
    log = (await office.read("/access-log", subject="letter"))["items"]
    assert [(line["person"], line["action"], line["subject_id"]) for line in log[:2]] == [
        ("intake-1", "export", approved["id"]),
        ("intake-1", "export", waiting["id"]),
    ]
    assert len(log) == 7


async def test_the_letter_offers_the_appeal_that_the_path_grants(office: Office) -> None:
    programme = {"year": 2021, "insurer": "演示保险公司（虚构）", "funding": "county_paid", "path": "full"}
    await office.in_force(await office.made("/policies", programme, "county"), terms())
    claim = await office.filed(await office.family())
    assert "可以提出一次申诉" not in await letter_of(office, claim)

    refusal = {"note": "未见受灾", "reason_code": "event_not_proven", "done_on": "2021-06-12"}
    assert (await office.step(claim, "home_visit", "village", "refused", **refusal)).status_code == 201
    seen = await letter_of(office, claim)
    assert "事件无法核实" in seen
    assert "未见受灾" in seen
    assert "不予理赔之日（2021年6月12日）的次日起算，共 60 天，最后一天是2021年8月11日" in seen

    # The last day that is printed is the last on which the appeal is taken.
    appeals = f"/claims/{claim['id']}/appeals"
    late = await office.post(appeals, {"reason": "请重新核实", "appealed_on": "2021-08-12"}, "intake")
    assert (late.json()["code"], late.json()["last_day"]) == ("appeal_too_late", "2021-08-11")
    again = await office.made(appeals, {"reason": "请重新核实", "appealed_on": "2021-08-11"}, "intake")
    seen = await letter_of(office, claim)
    assert "已就本次不予理赔提出过申诉" in seen
    assert "可以提出一次申诉" not in seen

    refusal |= {"reason_code": "excluded", "done_on": "2021-08-13"}
    answer = await office.step(again, "home_visit", "village", "refused", sub="village-2", **refusal)
    assert answer.status_code == 201, answer.text
    seen = await letter_of(office, again)
    assert "属于条款除外责任" in seen
    assert "在本程序内为最终结果" in seen
    assert "可以提出一次申诉" not in seen
    refused = await office.post(f"/claims/{again['id']}/appeals", {"reason": "再次申诉"}, "intake")
    assert refused.json()["code"] == "not_appealable"


async def test_a_letter_needs_a_claim_a_version_and_a_scope(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    missing = await office.get(f"/claims/{claim['id']}/decision/letter", "intake", version=2)
    assert (missing.status_code, missing.json()["field"]) == (404, "version")
    unknown = await office.get("/claims/00000000-0000-7000-8000-000000000000/decision/letter", "county")
    assert unknown.status_code == 404
    for who in ("auditor", "town", "village", "payer", "admin"):
        assert (await office.get(f"/claims/{claim['id']}/decision/letter", who)).status_code == 403
    english = await office.get(f"/claims/{claim['id']}/decision/letter", "county", language="en")
    assert "Notice of decision" in english.text
    assert BOOK not in english.text.replace(claim["number"], "")
