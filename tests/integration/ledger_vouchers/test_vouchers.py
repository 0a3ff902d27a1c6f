"""The printed voucher: what stands on it, that nothing on it runs, and that it is an entry's and nobody else's."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser

import httpx
import pytest

from common.money import capitals, yuan
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls, small_book

pytestmark = pytest.mark.anyio

HOSTILE = '<script>alert("1")</script>&<b>x</b>\'"{{ 7*7 }}'
BASES = {"financial": "财务会计", "budgetary": "预算会计", "control": "预算指标"}


class Page(HTMLParser):
    """What a reader sees: the tables' rows, every text, every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.style = ""
        self._stack: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag in {"meta", "col"}:
            return
        self._stack.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._stack:
            self.style += data
            return
        self.text += data
        if {"td", "th"} & set(self._stack):
            self.tables[-1][-1][-1] += data


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


async def page_of(ledger: LedgerCalls, entry: Json, **query: str) -> Page:
    answer = await ledger.get(f"/journal-entries/{entry['id']}/voucher", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Page(answer.text)


async def test_every_voucher_of_a_book_shows_its_lines_sums_and_names(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    accounts = (await ledger.read("/accounts", limit=1000))["items"]
    basis_of = {(one["fund"], one["code"]): (one["basis"], one["name_zh"]) for one in accounts}
    entries = (await ledger.read("/journal-entries", limit=1000))["items"]
    assert len(entries) > 20
    for entry in entries:
        page = await page_of(ledger, entry)
        blocks: dict[str, list[Json]] = {}
        for line in entry["postings"]:
            blocks.setdefault(basis_of[line["fund"], line["account"]][0], []).append(line)
        assert [table[0][0].split()[0] for table in page.tables] == [BASES[basis] for basis in BASES if basis in blocks]
        for basis, table in zip([basis for basis in BASES if basis in blocks], page.tables, strict=True):
            _, _, *lines, total = table
            sums = {"debit": 0, "credit": 0}
            for row, line in zip(lines, blocks[basis], strict=True):
                fen = -line["amount_fen"] if line["red"] else line["amount_fen"]
                sums[line["side"]] += fen
                assert row[0] == (line["memo"] or entry["description"])
                assert row[1].endswith(line["fund"])
                assert row[2].startswith(f"{line['account']} {basis_of[line['fund'], line['account']][1]}")
                assert (row[4], row[5]) == ((yuan(fen), "") if line["side"] == "debit" else ("", yuan(fen)))
            assert sums["debit"] == sums["credit"]
            assert total[0].endswith(f"（大写）：{capitals(sums['debit'])}")
            assert total[1:] == [yuan(sums["debit"]), yuan(sums["credit"])]
        seen = [
            "测试账套",
            entry["period"],
            f"{entry['voucher_type']}字第{entry['voucher_number']}号",
            entry["id"],
            entry["hash"],
        ]
        seen += [entry["prepared_by"], entry["posted_by"], f"{entry['attachment_count']} 张"]
        assert all(text in page.text for text in seen)
        assert ("红字凭证" in page.text) is entry["red"]


async def test_three_people_documents_and_what_took_it_back_stand_on_it(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    body = {
        "effective_on": "2021-03-05",
        "description": "暂付款",
        "reference": "宁财〔2021〕5号",
        "prepared_by": "zhao-1",
        "reviewed_by": "qian-2",
        "attachment_count": 2,
        "attachment_hashes": ["a" * 64, "b" * 64],
        "postings": [
            {"fund": "health", "account": "1218", "side": "debit", "amount_fen": 168_032, "memo": "垫付"},
            {"fund": "health", "account": "2307", "side": "credit", "amount_fen": 168_032},
        ],
    }
    sent = await ledger.client.post(
        "/v1/books/610923/journal-entries",
        json=body,
        headers=ledger.headers("officer", scopes=["ledger:post", "ledger:act_for"]) | {"Idempotency-Key": "k-1"},
    )
    assert sent.status_code == 201, sent.text
    entry = sent.json()
    page = await page_of(ledger, entry)
    for text in (
        "zhao-1",
        "qian-2",
        "宁财〔2021〕5号",
        "人民币壹仟陆佰捌拾元零叁角贰分",
        "2 张",
        "垫付",
        "2021年3月5日",
    ):
        assert text in page.text
    assert "冲销" not in page.text
    red = await ledger.made(f"/journal-entries/{entry['id']}/reversal", effective_on="2021-04-01", reason="误记")
    assert "已冲销 Taken back by 2021-04 记字第1号（2021-04-01）" in " ".join(
        (await page_of(ledger, entry)).text.split()
    )
    taking = await page_of(ledger, red)
    assert "冲销 Takes back 2021-03 记字第1号（2021-03-05）" in " ".join(taking.text.split())
    assert "-1,680.32" in taking.text
    assert "人民币负壹仟陆佰捌拾元零叁角贰分" in taking.text


async def test_nothing_in_a_text_becomes_part_of_the_page(ledger: LedgerCalls) -> None:
    await ledger.open_book(name=f"账套{HOSTILE}")
    await ledger.made("/funds", code="repair.x", parent="repair", name_zh=f"基金{HOSTILE}")
    lines = (("repair.x", "1218", "debit", 100), ("repair.x", "2307", "credit", 100))
    plain = await ledger.entry("2021-03-05", *lines)
    entry = await ledger.entry("2021-03-05", *lines, description=HOSTILE, reference=HOSTILE)
    answer = await ledger.get(f"/journal-entries/{entry['id']}/voucher")
    assert "<script" not in answer.text
    page = Page(answer.text)
    # The book, the summary and the document; on each of two lines the summary and the fund.
    assert page.text.count(HOSTILE) == 7
    assert page.tags == (await page_of(ledger, plain)).tags


@pytest.mark.parametrize("paper", ["a4", "a5"])
async def test_the_policy_lets_the_pages_own_style_sheet_in_and_nothing_else(ledger: LedgerCalls, paper: str) -> None:
    await ledger.open_book()
    entry = await ledger.entry("2021-03-05", ("health", "1218", "debit", 100), ("health", "2307", "credit", 100))
    answer = await ledger.get(f"/journal-entries/{entry['id']}/voucher", paper=paper)
    page = Page(answer.text)
    assert f"size: {paper.upper()} landscape" in page.style
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in {"src", "href", "style"} or name.startswith("on")]


async def test_a_voucher_that_is_not_there_is_refused(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    entry = await ledger.entry("2021-03-05", ("health", "1218", "debit", 100), ("health", "2307", "credit", 100))
    unknown = "01890000-0000-7000-8000-000000000001"
    answer = await ledger.get(f"/journal-entries/{unknown}/voucher")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    other = LedgerCalls(ledger.client, ledger.issuer, "610922")
    assert (await other.get(f"/journal-entries/{entry['id']}/voucher")).status_code == 404
    assert (await ledger.get("/journal-entries/7/voucher")).status_code == 422
    answer = await ledger.get(f"/journal-entries/{entry['id']}/voucher", paper="a3")
    assert [error["field"] for error in answer.json()["errors"]] == ["paper"]
