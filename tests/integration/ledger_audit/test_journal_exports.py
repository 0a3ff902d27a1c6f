"""The journal's four formats over HTTP: other programs accept them, and their balances are the trial balance's to the fen."""

import csv
import io
import json
import shutil
import subprocess
import sys
import tracemalloc
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import structlog
from beancount import loader
from beancount.core import data, realization

from common.dates import today_in_shanghai
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from ledger.audit import beancount, hledger, service
from ledger.audit.entries import yuan_text
from ledger.journal.drafts import Basis
from tests.support.ledger_calls import Json, LedgerCalls, small_book
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

HLEDGER = shutil.which("hledger")
Balances = dict[tuple[str, str, Basis], int]


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    await small_book(calls)
    return calls


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run another program over a file it only reads."""
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8")


async def exported(ledger: LedgerCalls, format_name: str, **question: object) -> str:
    response = await ledger.get("/audit/journal", format=format_name, **question)
    assert response.status_code == 200, response.text
    return response.content.decode("utf-8")


async def trial_balances(ledger: LedgerCalls) -> Balances:
    report = await ledger.read("/reports/trial-balance")
    return {(line["fund"], line["account"], line["basis"]): line["balance_fen"] for line in report["items"]}


async def moved(ledger: LedgerCalls) -> list[tuple[str, str, Basis]]:
    """Every account an entry of the book names, also one whose turnover a reversal took back."""
    lines = [json.loads(line) for line in (await exported(ledger, "jsonl")).splitlines()]
    return sorted({(p["fund"], p["account"], p["basis"]) for line in lines for p in line["postings"]})


async def test_json_lines_hold_every_entry_with_all_that_was_hashed(ledger: LedgerCalls) -> None:
    lines = [json.loads(line) for line in (await exported(ledger, "jsonl")).splitlines()]
    head = await ledger.read("/chain")
    assert sorted(line["seq"] for line in lines) == list(range(1, head["seq"] + 1))
    order = [(line["effective_on"], line["seq"]) for line in lines]
    assert order == sorted(order)
    balances: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        for posting in line["postings"]:
            signed = -posting["amount_fen"] if posting["red"] else posting["amount_fen"]
            balances[posting["fund"], posting["account"], posting["basis"]][posting["side"] == "credit"] += signed
    report = await ledger.read("/reports/trial-balance")
    shown = {
        (line["fund"], line["account"], line["basis"]): [line["debit_fen"], line["credit_fen"]]
        for line in report["items"]
    }
    assert {key: pair for key, pair in balances.items() if any(pair)} == shown
    by_seq = {line["seq"]: line for line in lines}
    for line in lines:
        entry = (await ledger.read(f"/journal-entries/{line['id']}")) if line["seq"] in {1, 5, head["seq"]} else None
        if entry is not None:
            assert {name: line[name] for name in entry if name != "postings"} == {
                name: value for name, value in entry.items() if name != "postings"
            }
            assert [{k: v for k, v in one.items() if k != "basis"} for one in line["postings"]] == entry["postings"]
    assert by_seq[head["seq"]]["hash"] == head["hash"]


async def test_csv_adds_up_to_the_trial_balance(ledger: LedgerCalls) -> None:
    text = await exported(ledger, "csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    balances: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        balances[row["fund"], row["account"], row["basis"]] += int(row["debit_fen"]) - int(row["credit_fen"])
    expected = await trial_balances(ledger)
    assert {key: fen for key, fen in balances.items() if fen or key in expected} == expected
    assert any(row["description"] == '\'=误记, "引号" ; 分号' for row in rows)


async def test_beancount_text_passes_bean_check_and_agrees_to_the_fen(ledger: LedgerCalls, tmp_path: Path) -> None:
    text = await exported(ledger, "beancount")
    file = tmp_path / "book.beancount"
    file.write_text(text, encoding="utf-8")
    checked = run(Path(sys.executable).with_name("bean-check"), file)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    directives, errors, _ = loader.load_string(text)
    assert errors == []
    assert sum(isinstance(one, data.Transaction) for one in directives) == (await ledger.read("/chain"))["seq"]
    real = realization.realize(directives)  # type: ignore[no-untyped-call]
    expected = await trial_balances(ledger)
    for fund, account, basis in await moved(ledger):
        name = beancount.account_name(basis, account, fund)
        number = realization.get(real, name).balance.get_currency_units("CNY").number  # type: ignore[no-untyped-call]
        assert number == Decimal(expected.get((fund, account, basis), 0)) / 100, name
    # Nothing stands anywhere else in the tree either.
    assert sum(isinstance(one, data.Open) for one in directives) == len(await moved(ledger))


@pytest.mark.skipif(
    HLEDGER is None, reason="hledger is not installed: the hledger export of a book was not checked by hledger"
)
async def test_hledger_text_passes_hledger_check_and_agrees_to_the_fen(ledger: LedgerCalls, tmp_path: Path) -> None:
    file = tmp_path / "book.journal"
    file.write_text(await exported(ledger, "hledger"), encoding="utf-8")
    for check in (["check"], ["check", "--strict"], ["check", "ordereddates"]):
        done = run("hledger", "-f", file, *check)
        assert (done.returncode, done.stderr) == (0, "")
    shown = run("hledger", "-f", file, "balance", "--flat", "-N", "-E", "-O", "csv").stdout
    read = dict(list(csv.reader(io.StringIO(shown)))[1:])
    expected = await trial_balances(ledger)
    names = {key: hledger.account_name(key[2], key[1], key[0]) for key in await moved(ledger)}
    assert set(read) == set(names.values())
    for key, name in names.items():
        fen = expected.get(key, 0)
        assert read[name] == (f"{yuan_text(fen)} CNY" if fen else "0"), name


async def test_a_range_holds_its_days_and_no_others(ledger: LedgerCalls) -> None:
    everything = [json.loads(line) for line in (await exported(ledger, "jsonl")).splitlines()]
    for first, last in (("2021-03-31", "2021-04-01"), ("2021-05-11", "2021-05-11"), ("2021-09-01", "2021-11-30")):
        text = await exported(ledger, "jsonl", **{"from": first, "to": last})
        within = [line for line in everything if first <= line["effective_on"] <= last]
        assert [json.loads(line) for line in text.splitlines()] == within
    for format_name in ("beancount", "hledger", "csv"):
        text = await exported(ledger, format_name, **{"from": "2021-09-01", "to": "2021-11-30"})
        assert "补助" not in text
    nothing = await exported(ledger, "beancount", **{"from": "2021-09-01", "to": "2021-11-30"})
    assert loader.load_string(nothing)[1] == []


async def test_an_export_reads_in_chunks_without_losing_or_doubling_an_entry(
    ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {name: await exported(ledger, name) for name in ("jsonl", "csv", "hledger", "beancount")}
    for chunk in (1, 2, 7):
        monkeypatch.setattr(service, "CHUNK_ENTRIES", chunk)
        for name, text in whole.items():
            assert await exported(ledger, name) == text


async def test_what_is_posted_while_an_export_runs_is_not_in_it(
    ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await exported(ledger, "jsonl")
    monkeypatch.setattr(service, "CHUNK_ENTRIES", 5)
    context = ledger.client._transport.app.state.context  # type: ignore[attr-defined]
    question = service.ExportQuestion(None, None, "jsonl", "auditor-1")
    export = await service.export_journal(context.database, ledger.book, question)
    pieces = []
    async for piece in export.pieces:
        pieces.append(piece)
        await ledger.made(
            "/funds/health/receipts", amount_fen=1, source="county", effective_on=today_in_shanghai().isoformat()
        )
    assert b"".join(pieces).decode() == before


async def test_the_memory_of_an_export_does_not_grow_with_the_book(
    ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CHUNK_ENTRIES", 50)
    context = ledger.client._transport.app.state.context  # type: ignore[attr-defined]
    question = service.ExportQuestion(None, None, "jsonl", "auditor-1")

    async def peak() -> tuple[int, int]:
        tracemalloc.start()
        export = await service.export_journal(context.database, ledger.book, question)
        size = 0
        async for piece in export.pieces:
            size += len(piece)
        peaked = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, peaked

    await grow(ledger, 200)
    await peak()  # what is made once, such as compiled statements, is made here
    small, small_peak = await peak()
    await grow(ledger, 2_000)
    large, large_peak = await peak()
    assert large > 5 * small
    assert large_peak < 1.5 * small_peak


async def grow(ledger: LedgerCalls, entries: int) -> None:
    """Post many equal entries."""
    lines = [
        {"fund": "health", "account": "1218", "side": "debit", "amount_fen": 5},
        {"fund": "health", "account": "2307", "side": "credit", "amount_fen": 5},
    ]
    batch = [
        {
            "idempotency_key": f"grow-{entries}-{number}",
            "effective_on": "2021-10-10",
            "description": "批量凭证" * 20,
            "postings": lines,
        }
        for number in range(entries)
    ]
    results = await ledger.made("/journal-entries/bulk", atomic=True, entries=batch)
    assert {result["status"] for result in results["results"]} == {"posted"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"format": ""}, "format"),
        ({"from": "2021-13-01"}, "from"),
        ({"from": "2021-06-01", "to": "2021-05-01"}, "to"),
        ({"from": (today_in_shanghai() + timedelta(days=1)).isoformat()}, "from"),
        ({"to": "20211231"}, "to"),
        ({"form": "csv"}, "form"),
    ],
)
async def test_a_malformed_question_for_an_export_is_refused(
    ledger_client: httpx.AsyncClient, issuer: Issuer, query: dict[str, str], field: str
) -> None:
    calls = LedgerCalls(ledger_client, issuer)
    await calls.open_book()
    response = await calls.get("/audit/journal", **query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in {error["field"] for error in response.json()["errors"]}


async def test_an_export_needs_its_scope_and_its_book(ledger_client: httpx.AsyncClient, issuer: Issuer) -> None:
    calls = LedgerCalls(ledger_client, issuer)
    await calls.open_book()
    for token, status in (
        (issuer.token("officer"), 403),
        (issuer.token("checker"), 403),
        (issuer.token("auditor", book="610924"), 403),
        (issuer.token("auditor"), 200),
    ):
        response = await ledger_client.get(
            "/v1/books/610923/audit/journal", headers={"Authorization": f"Bearer {token}"}
        )
        assert response.status_code == status
    assert (await ledger_client.get("/v1/books/610923/audit/journal")).status_code == 401


async def test_an_export_says_in_the_log_who_took_what(ledger: LedgerCalls) -> None:
    with structlog.testing.capture_logs() as logs:
        await exported(ledger, "csv", **{"from": "2021-03-01", "to": "2021-03-31"})
    begins = next(one for one in logs if one["event"] == "journal_export_begins")
    ended = next(one for one in logs if one["event"] == "journal_export_ended")
    assert (begins["book"], begins["asked_by"], begins["format"]) == ("610923", "auditor-1", "csv")
    assert (begins["effective_from"], begins["effective_to"]) == ("2021-03-01", "2021-03-31")
    assert (ended["whole"], ended["entries"] > 0) == (True, True)


async def test_media_types_and_file_names_fit_the_formats(ledger: LedgerCalls) -> None:
    seq = (await ledger.read("/chain"))["seq"]
    for format_name, media_type, suffix in (
        ("jsonl", "application/jsonl", "jsonl"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("hledger", "text/plain; charset=utf-8", "journal"),
        ("beancount", "text/plain; charset=utf-8", "beancount"),
    ):
        response = await ledger.get("/audit/journal", format=format_name, to="2021-12-31")
        assert response.headers["Content-Type"] == media_type
        name = f"610923-2021-01-01-2021-12-31-{seq}.{suffix}"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


async def test_what_somebody_tampered_with_is_still_exported(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    postgres.sql(
        ledger_database,
        """
        SET session_replication_role = replica;
        DELETE FROM chain_record WHERE seq = 3;
        UPDATE posting SET account = '7777', fund = 'ghost' WHERE seq = 5 AND line = 1;
        """,
    )
    lines: list[Json] = [json.loads(line) for line in (await exported(ledger, "jsonl")).splitlines()]
    by_seq = {line["seq"]: line for line in lines}
    assert by_seq[3]["hash"] == ""
    forged = by_seq[5]["postings"][0]
    assert (forged["fund"], forged["account"], forged["basis"]) == ("ghost", "7777", "budgetary")
