"""The bank over HTTP: accounts, importing statements of every kind of file, matching, undoing, reconciliation, bank journal."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from common.database import create_engine, snapshot
from deploy.local.databases import Database
from ledger.bank.service import reconciliation_status
from tests.support.bank import (
    ACCOUNT,
    HEADINGS,
    MAPPING,
    imported,
    open_account,
    pay,
    receive,
    statement,
    upload,
    waiting_lines,
)
from tests.support.ledger_calls import BOOK, Json, LedgerCalls
from tests.support.ledger_engine import connect
from tests.support.xlsx import xlsx

pytestmark = pytest.mark.anyio

ID_NUMBER = "110101199003074514"
MOBILE = "13812345678"
CARD = "6217000010001234569"
THREE = statement(
    ("2021-03-02", None, "1,000.00", "1,000.00", "SK-1", "县财政局", "拨款"),
    ("2021-03-05", "250.50", None, "749.50", "ZF-1", "王示例", f"救助 {ID_NUMBER}"),
    ("2021-03-31", None, "￥0.37", "749.87", None, None, "结息"),
)  # fmt: skip


async def test_an_account_is_opened_once_and_its_number_is_never_shown(
    ledger: LedgerCalls, ledger_database: Database
) -> None:
    made = await open_account(ledger, number="6217 0000 1234 5678 903")
    assert made["number"] == "***************8903"
    listed = (await ledger.read("/bank-accounts"))["items"]
    assert listed == [made]
    same_code = {"code": "main", "bank_name": "x", "name_zh": "x", "number": "99999999", "funds": ["repair"]}
    same_number = same_code | {"code": "other", "number": "6217000012345678903"}
    for body, field in ((same_code, "code"), (same_number, "number")):
        refused = await ledger.post("/bank-accounts", body)
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
            409,
            "bank_account_exists",
            field,
        )
    connection = await connect(ledger_database.service_url)
    row = await connection.fetchrow("SELECT * FROM bank_account")
    await connection.close()
    assert row is not None
    assert b"6217" not in bytes(row["number_sealed"])
    assert "6217" not in str(dict(row))


async def test_a_fund_and_those_below_it_lie_on_one_account(ledger: LedgerCalls) -> None:
    for code, parent in (
        ("repair.overhaul", "repair"),
        ("repair.overhaul.c01", "repair.overhaul"),
        ("repair.roads", "repair"),
    ):
        await ledger.made("/funds", code=code, parent=parent, name_zh="子基金")
    await open_account(ledger, "a", funds=["repair.overhaul"])
    body = {"code": "b", "bank_name": "x", "name_zh": "x", "number": "99999999"}
    for fund in ("repair", "repair.overhaul", "repair.overhaul.c01"):
        refused = await ledger.post("/bank-accounts", body | {"funds": ["health", fund]})
        assert (refused.status_code, refused.json()["code"]) == (409, "fund_has_bank_account"), refused.text
        assert refused.json()["field"] == "funds[1]"
    for funds, field in (
        (["nobody"], "funds[0]"),
        (["health", "health"], "funds[1]"),
        (["industry", "industry"], "funds[1]"),
    ):
        refused = await ledger.post("/bank-accounts", body | {"funds": funds})
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    await open_account(ledger, "b", funds=["repair.roads", "health"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "123"}, "number"),
        ({"number": "6217 0000 1234 5678 903x"}, "number"),
        ({"funds": []}, "funds"),
        ({"opening_balance_fen": 5}, "body"),
        ({"opening_on": "2021-01-01"}, "opening_on"),
        ({"opening_balance_fen": 5, "opening_on": "2199-01-01"}, "opening_on"),
        ({"opening_balance_fen": 10**15 + 1, "opening_on": "2021-01-01"}, "opening_balance_fen"),
    ],
)
async def test_a_malformed_account_is_refused(ledger: LedgerCalls, change: Json, field: str) -> None:
    body = {"code": "a", "bank_name": "x", "name_zh": "x", "number": "99999999", "funds": ["repair"]} | change
    refused = await ledger.post("/bank-accounts", body)
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert (await ledger.read("/bank-accounts"))["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "发生额"}, "body"),
        ({"debit": None}, "body"),
        ({"debit": None, "credit": None}, "body"),
        ({"date_format": "YYYY-MM"}, "date_format"),
        ({"date_format": "YYYY-MM-MM"}, "date_format"),
        ({"header_row": 0}, "header_row"),
    ],
)
async def test_a_malformed_mapping_is_refused(bank: LedgerCalls, change: Json, field: str) -> None:
    refused = await bank.post(f"{ACCOUNT}/column-mapping", MAPPING | change)
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


async def test_mappings_are_versions_and_shared_by_the_accounts_of_a_bank(bank: LedgerCalls) -> None:
    second = await bank.made(f"{ACCOUNT}/column-mapping", **(MAPPING | {"text": "用途"}))
    assert (second["version"], second["text"]) == (2, "用途")
    missing = await upload(bank, THREE.encode())
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (422, "column_missing")
    assert "用途" in missing.json()["errors"][0]["detail"]
    by_first = await imported(bank, THREE.encode(), mapping_version=1)
    assert (by_first["mapping_version"], by_first["lines_taken"]) == (1, 3)
    none = await upload(bank, THREE.encode(), mapping_version=9)
    assert (none.status_code, none.json()["field"]) == (422, "mapping_version")

    other = await open_account(bank, "other", funds=["repair"])
    assert other["column_mapping"]["account"] == "main"
    await open_account(bank, "third", funds=["health"], bank_name="另一银行")
    refused = await upload(bank, THREE.encode(), "third")
    assert (refused.status_code, refused.json()["code"]) == (409, "column_mapping_missing")


FILES = {
    "utf-8": THREE.encode(),
    "utf-8 with BOM": THREE.encode("utf-8-sig"),
    "gb18030": THREE.encode("gb18030"),
    "newest first": statement(*[line.strip('"').split('","') for line in reversed(THREE.splitlines()[1:])]).encode(),
    "xlsx": xlsx(
        [
            HEADINGS,
            (date(2021, 3, 2), None, 1000, 1000, "SK-1", "县财政局", "拨款"),
            (
                "2021-03-05 10:11:12",
                ("formula", "B9", "250.49999999999997"),
                None,
                749.5,
                "ZF-1",
                "王示例",
                f"救助 {ID_NUMBER}",
            ),
            (date(2021, 3, 31), None, 0.37, 749.87, None, None, "结息"),
        ]
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_statement_is_read_from_each_kind_of_file_and_personal_data_is_masked(
    bank: LedgerCalls, ledger_database: Database, name: str
) -> None:
    preview = await upload(bank, FILES[name], preview=True)
    assert preview.status_code == 200, preview.text
    assert [row["is_known"] for row in preview.json()["rows"]] == [False] * 3
    assert await waiting_lines(bank) == []

    made = await imported(bank, FILES[name])
    assert (made["lines_taken"], made["lines_known"], made["bad_rows"], made["balance_breaks"]) == (3, 0, [], [])
    assert (made["covers_from"], made["covers_to"]) == ("2021-03-02", "2021-03-31")
    lines = await waiting_lines(bank)
    shown = [(one["booked_on"], one["amount_fen"], one["balance_fen"], one["reference"]) for one in lines]
    assert shown == [
        ("2021-03-02", 100_000, 100_000, "SK-1"),
        ("2021-03-05", -25_050, 74_950, "ZF-1"),
        ("2021-03-31", 37, 74_987, None),
    ]
    assert [(one["counterparty"], one["text"]) for one in lines] == [
        ("县财政局"[:1] + "***", "拨款"),
        ("王**", "救助 **************4514"),
        (None, "结息"),
    ]
    again = await imported(bank, FILES["utf-8"])
    assert (again["lines_taken"], again["lines_known"]) == (0, 3)
    connection = await connect(ledger_database.owner_url)
    stored = str([dict(row) for row in await connection.fetch("SELECT * FROM bank_line")])
    remembered = str([dict(row) for row in await connection.fetch("SELECT * FROM idempotency_key")])
    await connection.close()
    assert ID_NUMBER not in stored + remembered
    assert "王示例" not in stored + remembered


async def test_mobile_numbers_and_cards_are_masked_wherever_they_stand(bank: LedgerCalls) -> None:
    row = (
        "2021-03-02",
        "1",
        None,
        None,
        CARD,
        f"李示例{MOBILE}",
        f"退 {MOBILE[:3]}-{MOBILE[3:7]}-{MOBILE[7:]} 卡{CARD}",
    )
    await imported(bank, statement(row).encode())
    (line,) = await waiting_lines(bank)
    assert CARD not in str(line)
    assert MOBILE not in str(line)
    assert line["reference"] == "*" * 15 + CARD[-4:]
    assert line["text"] == f"退 ***-****-5678 卡{'*' * 15}{CARD[-4:]}"


async def test_bad_rows_are_all_named_and_either_stop_the_import_or_are_left_out(bank: LedgerCalls) -> None:
    content = statement(
        ("2021-03-02", None, "10.00", None, "A", None, "好"),
        ("2021-02-30", None, "10.00", None, "B", None, None),
        ("2021-03-03", "1.005", None, None, "C", None, None),
        ("2021-03-03", "1", "2", None, "D", None, None),
        ("2021-03-03", None, None, None, "E", None, None),
        ("2199-03-03", None, "1", None, "F", None, None),
        ("2021-03-04", None, "一百元", None, "G", None, None),
        ("2021-03-04", None, "5", "x", "H", None, None),
        ("合计", "1", "2", None, None, None, None),
        ("2021-03-05", "（3.00）", None, None, "I", None, "冲正"),
    ).encode()
    expected = [
        (3, "交易日期", "not_a_date"),
        (4, "借方发生额", "parts_of_a_fen"),
        (5, "贷方发生额", "both_sides"),
        (6, "贷方发生额", "required"),
        (7, "交易日期", "in_the_future"),
        (8, "贷方发生额", "not_an_amount"),
        (9, "余额", "not_an_amount"),
        (10, "交易日期", "not_a_date"),
    ]
    preview = (await upload(bank, content, preview=True)).json()
    assert [(bad["row"], bad["column"], bad["code"]) for bad in preview["bad_rows"]] == expected
    assert [row["row"] for row in preview["rows"]] == [2, 11]
    refused = await upload(bank, content)
    assert (refused.status_code, refused.json()["code"], refused.json()["bad_rows"]) == (422, "bad_rows", 8)
    assert refused.json()["errors"][0]["detail"].startswith("Row 3, 交易日期")
    assert await waiting_lines(bank) == []
    made = await imported(bank, content, mode="good")
    assert (made["lines_taken"], len(made["bad_rows"])) == (2, 8)
    assert [line["amount_fen"] for line in await waiting_lines(bank)] == [1_000, 300]
    nothing_good = await upload(bank, statement(("x", "1", None, None, None, None, None)).encode(), mode="good")
    assert (nothing_good.status_code, nothing_good.json()["code"]) == (422, "bad_rows")


async def test_a_line_is_taken_once_however_files_overlap_and_equal_lines_of_one_file_are_each_a_line(
    bank: LedgerCalls,
) -> None:
    fee = ("2021-03-02", "5.00", None, None, None, None, "手续费")
    first = statement(fee, fee, ("2021-03-03", None, "9.00", None, None, None, "收款")).encode()
    assert (await imported(bank, first))["lines_taken"] == 2 + 1
    overlapping = statement(("2021-03-01", None, "7.00", None, None, None, "收款"), fee, fee, fee).encode()
    made = await imported(bank, overlapping)
    assert (made["lines_taken"], made["lines_known"]) == (2, 2)
    assert sorted(line["amount_fen"] for line in await waiting_lines(bank)) == [-500, -500, -500, 700, 900]


async def test_one_upload_at_a_time_and_the_same_key_answers_as_before(bank: LedgerCalls) -> None:
    answers = await asyncio.gather(*(upload(bank, THREE.encode(), key=f"twin-{number % 2}") for number in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum(answer.json()["lines_taken"] for answer in answers if "Idempotent-Replayed" not in answer.headers) == 3
    assert len(await waiting_lines(bank)) == 3
    other = await upload(bank, b"x", key="twin-0")
    assert (other.status_code, other.json()["field"]) == (422, "file")
    reused = await upload(bank, THREE.replace("结息", "利息").encode(), key="twin-0")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")


async def test_forms_that_hold_no_one_file_are_refused(bank: LedgerCalls) -> None:
    path = f"/v1/books/{BOOK}{ACCOUNT}/statements"
    headers = bank.headers("officer") | {"Idempotency-Key": "form"}
    forms: tuple[tuple[dict[str, Any], int], ...] = (
        ({"files": {"other": ("a.csv", b"x")}}, 422),
        ({"files": [("file", ("a.csv", b"x")), ("file", ("b.csv", b"x"))]}, 400),
        ({"files": {"file": ("a.csv", b"")}}, 422),
        ({"content": b"rubbish", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"content": b"rubbish", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": b"a,b", "headers": {"Content-Type": "text/csv"}}, 415),
        ({"json": {}}, 415),
    )
    for form, status in forms:
        sent = {**form, "headers": headers | form.get("headers", {})}
        answer = await bank.client.post(path, **sent)
        assert answer.status_code == status, (form, answer.text)


async def test_the_days_a_statement_covers_are_its_lines_or_as_given(bank: LedgerCalls) -> None:
    for query, field in (
        ({"covers_to": "2021-03-30"}, "covers_to"),
        ({"covers_from": "2021-03-03"}, "covers_from"),
        ({"covers_to": "2199-01-01"}, "covers_to"),
        ({"covers_from": "2021-04-02", "covers_to": "2021-04-01"}, "covers_to"),
    ):
        refused = await upload(bank, THREE.encode(), **query)
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    made = await imported(bank, THREE.encode(), covers_from="2021-03-01", covers_to="2021-04-30")
    assert (made["covers_from"], made["covers_to"]) == ("2021-03-01", "2021-04-30")
    assert (await bank.read("/bank-accounts"))["items"][0]["statements_cover_to"] == "2021-04-30"


async def test_a_gap_in_the_balances_is_shown(bank: LedgerCalls) -> None:
    rows = THREE.splitlines(keepends=True)
    gap = "".join([rows[0], rows[1], rows[3]])
    assert (await upload(bank, gap.encode(), preview=True)).json()["balance_breaks"] == [3]


@pytest.fixture
async def matched_book(bank: LedgerCalls) -> LedgerCalls:
    """Three entries in the book, three lines at the bank; one of each the other side lacks."""
    await receive(bank, 100_000, "2021-03-01")
    await pay(bank, 25_050, "2021-03-04", reference="zf1")
    await pay(bank, 4_000, "2021-03-30")
    await imported(bank, THREE.encode())
    return bank


async def proposals(ledger: LedgerCalls, **body: object) -> list[Json]:
    answer = await ledger.post(f"{ACCOUNT}/match-proposals", body, who="auditor")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["proposals"]
    return found


async def confirm(ledger: LedgerCalls, found: list[Json]) -> list[Json]:
    pairs = [{"line": one["line"]["id"], "entry": one["entry"]["entry"]} for one in found]
    made: list[Json] = (await ledger.made(f"{ACCOUNT}/matches", pairs=pairs))["matches"]
    return made


async def test_proposals_are_confirmed_and_the_reconciliation_follows(matched_book: LedgerCalls) -> None:
    found = await proposals(matched_book)
    assert [(one["line"]["amount_fen"], one["score"], one["reasons"]) for one in found] == [
        (-25_050, 99, ["amount", "reference", "date"]),
        (100_000, 69, ["amount", "date", "only_one"]),
    ]
    assert await proposals(matched_book) == found
    assert [one["line"]["amount_fen"] for one in await proposals(matched_book, window_days=0)] == [-25_050]
    matches = await confirm(matched_book, found)
    assert [match["amount_fen"] for match in matches] == [-25_050, 100_000]
    assert await proposals(matched_book) == []

    end = await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-31")
    assert (end["book_balance_fen"], end["statement_balance_fen"]) == (70_950, 74_987)
    assert end["statement_balance_is_stated"] is True
    groups = ("bank_received_not_booked", "bank_paid_not_booked", "booked_received_not_bank", "booked_paid_not_bank")
    assert [(end[group]["count"], end[group]["sum_fen"]) for group in groups] == [(1, 37), (0, 0), (0, 0), (1, 4_000)]
    assert end["adjusted_book_balance_fen"] == end["adjusted_statement_balance_fen"] == 70_987
    assert (end["balanced"], end["status"]) == (True, "unreconciled")
    assert end["booked_paid_not_bank"]["items"][0]["effective_on"] == "2021-03-30"

    # On the 4th the payment of the 5th had not reached the bank, on the 1st the receipt of the 2nd had not.
    fourth = await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-04")
    assert (fourth["book_balance_fen"], fourth["statement_balance_fen"]) == (74_950, 100_000)
    assert fourth["booked_paid_not_bank"]["sum_fen"] == 25_050
    first = await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-01")
    assert (first["statement_balance_fen"], first["booked_received_not_bank"]["sum_fen"]) == (0, 100_000)
    assert fourth["balanced"] is first["balanced"] is True
    capped = await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-31", items=0)
    assert (capped["booked_paid_not_bank"]["count"], capped["booked_paid_not_bank"]["items"]) == (1, [])


async def test_a_match_is_undone_by_a_row_and_its_parts_wait_again(matched_book: LedgerCalls) -> None:
    before = await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-31")
    found = await proposals(matched_book)
    matches = await confirm(matched_book, found)
    taken = {"line": found[0]["line"]["id"], "entry": found[0]["entry"]["entry"]}
    refused = await matched_book.post(f"{ACCOUNT}/matches", {"pairs": [taken]})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        409,
        "already_matched",
        "pairs[0].line",
    )
    for match in matches:
        undone = await matched_book.made(f"{ACCOUNT}/matches/{match['id']}/undo", reason="对错了")
        assert (undone["status"], undone["undo_reason"], undone["lines"]) == ("undone", "对错了", match["lines"])
    twice = await matched_book.post(f"{ACCOUNT}/matches/{matches[0]['id']}/undo", {"reason": "再撤"})
    assert (twice.status_code, twice.json()["code"]) == (409, "match_undone")
    nobody = await matched_book.post(f"{ACCOUNT}/matches/{uuid4()}/undo", {"reason": "再撤"})
    assert nobody.status_code == 404
    assert await matched_book.read(f"{ACCOUNT}/reconciliation", on="2021-03-31") == before
    assert len(await confirm(matched_book, await proposals(matched_book))) == 2


async def test_one_line_to_several_entries_and_several_lines_to_one_where_the_sums_agree(bank: LedgerCalls) -> None:
    entries = [await receive(bank, fen, "2021-03-01") for fen in (300, 700, 555)]
    content = statement(
        ("2021-03-02", None, "10.00", None, None, None, "合并入账"),
        ("2021-03-03", None, "2.00", None, None, None, "第一笔"),
        ("2021-03-03", None, "3.55", None, None, None, "第二笔"),
        ("2021-03-04", "8.00", None, None, None, None, "误记"),
        ("2021-03-04", None, "8.00", None, None, None, "冲正"),
    ).encode()
    await imported(bank, content)
    whole, one, two, wrong, back = [line["id"] for line in await waiting_lines(bank)]
    short = await bank.post(f"{ACCOUNT}/matches", {"pairs": [{"line": one, "entry": entries[2]}]})
    assert (short.status_code, short.json()["code"]) == (409, "match_sums_differ")
    assert (short.json()["statement_fen"], short.json()["book_fen"]) == (200, 555)
    pairs = [
        {"line": whole, "entry": entries[0]},
        {"line": one, "entry": entries[2]},
        {"line": whole, "entry": entries[1]},
        {"line": two, "entry": entries[2]},
        {"line": wrong, "other_line": back},
    ]
    matches = (await bank.made(f"{ACCOUNT}/matches", pairs=pairs))["matches"]
    assert [(match["amount_fen"], len(match["lines"]), len(match["entries"])) for match in matches] == [
        (1_000, 1, 2),
        (555, 2, 1),
        (0, 2, 0),
    ]
    assert (await bank.read(f"{ACCOUNT}/reconciliation", on="2021-03-04"))["status"] == "reconciled"


async def test_pairs_that_name_nothing_here_are_refused_by_their_place(matched_book: LedgerCalls) -> None:
    line = (await waiting_lines(matched_book))[0]["id"]
    without_cash = await matched_book.entry(
        "2021-03-01", ("health", "1218", "debit", 5), ("health", "2307", "credit", 5)
    )
    elsewhere = await receive(matched_book, 5, "2021-03-01", fund="health")
    for pair, field in (
        ({"line": str(uuid4()), "entry": elsewhere}, "pairs[0].line"),
        ({"line": line, "entry": str(uuid4())}, "pairs[0].entry"),
        ({"line": line, "entry": without_cash["id"]}, "pairs[0].entry"),
        ({"line": line, "entry": elsewhere}, "pairs[0].entry"),
        ({"line": line, "other_line": str(uuid4())}, "pairs[0].other_line"),
        ({"line": line, "other_line": line}, "pairs[0]"),
        ({"line": line}, "pairs[0]"),
    ):
        refused = await matched_book.post(f"{ACCOUNT}/matches", {"pairs": [pair]})
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert len(await waiting_lines(matched_book)) == 3


async def test_a_wrong_entry_and_its_reversal_are_set_off_until_one_is_matched(bank: LedgerCalls) -> None:
    wrong = await receive(bank, 500, "2021-03-01")
    await bank.made(f"/funds/insurance/receipts/{wrong}/reversal", effective_on="2021-03-03", reason="误记")
    before = await bank.read(f"{ACCOUNT}/reconciliation", on="2021-03-02")
    after = await bank.read(f"{ACCOUNT}/reconciliation", on="2021-03-03")
    assert (before["booked_received_not_bank"]["sum_fen"], after["booked_received_not_bank"]["count"]) == (500, 0)
    assert after["booked_paid_not_bank"]["count"] == 0
    await imported(bank, statement(("2021-03-02", None, "5.00", None, None, None, "到账")).encode())
    assert await proposals(bank) == []
    (line,) = await waiting_lines(bank)
    await bank.made(f"{ACCOUNT}/matches", pairs=[{"line": line["id"], "entry": wrong}])
    matched = await bank.read(f"{ACCOUNT}/reconciliation", on="2021-03-03")
    assert (matched["booked_paid_not_bank"]["sum_fen"], matched["balanced"]) == (500, True)


async def test_takeover_balance_and_opening_entry_match_like_any_other(ledger: LedgerCalls) -> None:
    lines = [
        {"fund": "insurance", "account": "1002", "side": "debit", "amount_fen": 900, "source": "county"},
        {"fund": "insurance", "account": "3001", "side": "credit", "amount_fen": 900},
        {"fund": "insurance", "account": "8001", "side": "debit", "amount_fen": 900},
        {"fund": "insurance", "account": "8101", "side": "credit", "amount_fen": 900},
    ]
    opening = await ledger.made("/opening-balances", effective_on="2021-01-01", lines=lines)
    await open_account(ledger, opening_balance_fen=900, opening_on="2021-01-01")
    (line,) = await waiting_lines(ledger)
    assert (line["amount_fen"], line["text"]) == (900, "期初余额")
    entry = str(opening.get("entry", opening)["id"])
    await ledger.made(f"{ACCOUNT}/matches", pairs=[{"line": line["id"], "entry": entry}])
    read = await ledger.read(f"{ACCOUNT}/reconciliation", on="2021-01-31")
    assert (read["book_balance_fen"], read["statement_balance_fen"], read["balanced"]) == (900, 900, True)


async def test_the_bank_journal_shows_every_movement_with_its_voucher_and_balance(bank: LedgerCalls) -> None:
    await bank.made("/funds", code="insurance.a", parent="insurance", name_zh="子基金")
    await receive(bank, 1_000, "2021-02-27")
    wrong = await receive(bank, 300, "2021-03-01", fund="insurance.a")
    await pay(bank, 400, "2021-03-01", reference="ZF-7")
    await bank.made(f"/funds/insurance.a/receipts/{wrong}/reversal", effective_on="2021-03-02", reason="误记")
    await receive(bank, 50, "2021-03-01", fund="health")
    await pay(bank, 100, "2021-03-31")
    page = await bank.read(f"{ACCOUNT}/journal", from_="2021-03-01", to="2021-03-30")
    assert (page["opening_balance_fen"], page["closing_balance_fen"]) == (1_000, 600)
    assert (page["received_fen"], page["paid_fen"]) == (0, 400)
    assert [(one["received_fen"], one["paid_fen"], one["balance_fen"], one["red"]) for one in page["items"]] == [
        (300, 0, 1_300, False),
        (0, 400, 900, False),
        (-300, 0, 600, True),
    ]
    assert [(one["voucher_type"], one["voucher_number"], one["period"]) for one in page["items"][1:2]] == [
        ("记", 2, "2021-03")
    ]
    assert page["items"][1]["reference"] == "ZF-7"

    whole = await bank.read(f"{ACCOUNT}/journal", from_="2021-01-01", to="2021-12-31")
    pages, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        one = await bank.read(f"{ACCOUNT}/journal", from_="2021-01-01", to="2021-12-31", **query)
        pages += one["items"]
        if len(pages) == 2:  # what is posted meanwhile is not in the picture
            await receive(bank, 9, "2021-03-02")
        assert (one["closing_balance_fen"], one["seq"]) == (whole["closing_balance_fen"], whole["seq"])
        cursor = one["next_cursor"]
        if cursor is None:
            break
    assert pages == whole["items"]
    for query, field in (
        ({"from_": "2021-03-02", "to": "2021-03-01"}, "to"),
        ({"from_": "2199-01-01"}, "from"),
        ({"cursor": "x"}, "cursor"),
    ):
        refused = await bank.get(f"{ACCOUNT}/journal", **query)
        assert (refused.status_code, refused.json()["field"]) == (422, field)


async def test_unknown_accounts_are_not_found(bank: LedgerCalls) -> None:
    for path in ("reconciliation", "journal", "statement-lines"):
        assert (await bank.get(f"/bank-accounts/nobody/{path}")).status_code == 404
    for path, body in (
        ("column-mapping", MAPPING),
        ("match-proposals", {}),
        ("matches", {"pairs": [{"line": str(uuid4()), "entry": str(uuid4())}]}),
        (f"matches/{uuid4()}/undo", {"reason": "x"}),
    ):
        assert (await bank.post(f"/bank-accounts/nobody/{path}", body)).status_code == 404, path
    assert (await upload(bank, THREE.encode(), "nobody")).status_code == 404
    future = await bank.get(f"{ACCOUNT}/reconciliation", on="2199-01-01")
    assert (future.status_code, future.json()["field"]) == (422, "on")


async def test_a_month_is_reconciled_once_the_statement_covers_it_and_all_its_lines_are_matched(
    ledger: LedgerCalls, ledger_database: Database
) -> None:
    async def status(month: str) -> str:
        engine = create_engine(ledger_database.service_url, application_name="test")
        async with snapshot(engine) as connection:
            found = await reconciliation_status(connection, BOOK, month)
        await engine.dispose()
        return found

    assert await status("2021-03") == "not_applicable"
    await open_account(ledger)
    assert await status("2021-03") == "unreconciled"
    await ledger.made(f"{ACCOUNT}/column-mapping", **MAPPING)
    await receive(ledger, 100_000, "2021-03-01")
    await pay(ledger, 25_050, "2021-03-04", reference="ZF-1")
    await imported(ledger, THREE.encode())
    await confirm(ledger, await proposals(ledger))
    assert await status("2021-03") == "unreconciled"
    await ledger.made("/funds/insurance/receipts", amount_fen=37, source="interest", effective_on="2021-03-31")
    await confirm(ledger, await proposals(ledger))
    assert await status("2021-03") == "reconciled"
    assert await status("2021-04") == "unreconciled"
    # A line the bank's balances prove to be missing shows: the next balance is 1.00 too low.
    late = statement(("2021-04-01", None, "1.00", "749.87", "X", None, "收款")).encode()
    await receive(ledger, 100, "2021-04-01", reference="X")
    await imported(ledger, late, covers_to="2021-04-30")
    await confirm(ledger, await proposals(ledger))
    assert await status("2021-04") == "unreconciled"
    read = await ledger.read(f"{ACCOUNT}/reconciliation", on="2021-04-30")
    assert (read["balanced"], read["adjusted_book_balance_fen"] - read["adjusted_statement_balance_fen"]) == (
        False,
        100,
    )


async def test_readers_of_the_database_see_no_sealed_column(bank: LedgerCalls, ledger_database: Database) -> None:
    await imported(bank, THREE.encode())
    connection = await connect(ledger_database.reader_url)
    assert len(await connection.fetch("SELECT id, text, counterparty_mask FROM bank_line")) == 3
    assert len(await connection.fetch("SELECT code, number_mask FROM bank_account")) == 1
    for query in (
        "SELECT * FROM bank_line",
        "SELECT counterparty_sealed FROM bank_line",
        "SELECT mark FROM bank_line",
        "SELECT number_sealed FROM bank_account",
        "SELECT number_index FROM bank_account",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(query)
    await connection.close()
