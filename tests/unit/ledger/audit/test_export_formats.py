"""The four export formats, on entries made by hand.

Hostile texts stay texts, other programs accept the files, balances agree to the fen.
"""

import csv
import io
import json
import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data, realization
from hypothesis import given, settings
from hypothesis import strategies as st

from common.spreadsheets.writing import safe_cell
from ledger.audit import beancount, csv_text, hledger, jsonl
from ledger.audit.entries import ExportedAccount, ExportedEntry, ExportedPosting, ExportHeader, one_line, yuan_text

HOSTILE_TEXTS = (
    "=cmd|' /C calc'!A0",
    "2021-13-45 open Nonsense",
    'quote " backslash \\ end',
    "ends with a backslash \\",
    "; comment, date:2021-99-99, [2021-13-45]",
    "(not a code) * ! text  two blanks",
    "line one\nline two\n  Assets:1002:Repair  1.00 CNY",
    "tab\there",
    "| pipe | #tag ^link key: value",
    "单位“公章”；备注：无",
    "-1+1",
    "@SUM(A1)",
    "%percent ~tilde P 2021-01-01",
)


def posting(line: int, account: str, side: str, amount_fen: int, **changes: object) -> ExportedPosting:
    basis = "control" if account.isalpha() else ("budgetary" if account[0] in "678" else "financial")
    made = ExportedPosting(
        line=line, fund="safety_net.custodial_care", account=account, basis=basis, side=side, amount_fen=amount_fen,  # type: ignore[arg-type]
        red=False, budget_year=0, source="", encumbrance=None, memo=None, purpose_code="", item=None,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def entry(seq: int, *postings: ExportedPosting, **changes: object) -> ExportedEntry:
    made = ExportedEntry(
        book="610923", seq=seq, id=f"0190-{seq}", kind="journal", fiscal_year=2021, period="2021-03", voucher_type="记",
        voucher_number=seq, effective_on=date(2021, 3, 4), posted_at=datetime(2021, 3, 4, 5, 6, 7, 89, tzinfo=UTC),
        description="补助发放", reference=None, metadata={}, payee_ref=None, non_budget=False, non_budget_reason=None,
        red=False, undoes=None, prepared_by="officer-1", reviewed_by=None, posted_by="officer-1", attachment_count=0,
        attachment_hashes=(), position=seq + 8, hash="ab" * 32, postings=postings,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def header_for(*entries: ExportedEntry) -> ExportHeader:
    used = sorted({(p.fund, p.account, p.basis) for e in entries for p in e.postings})
    accounts = tuple(
        ExportedAccount(fund=fund, account=account, basis=basis, name_zh="科目") for fund, account, basis in used
    )
    return ExportHeader(
        book="610923",
        book_name='演示 "账套"; x',
        effective_from=date(2021, 1, 1),
        effective_to=date(2021, 12, 31),
        seq=len(entries),
        accounts=accounts,
    )


def hostile_journal() -> list[ExportedEntry]:
    """Every hostile text in every free field, a payment on three bases, and its red reversal."""
    entries = []
    for number, text in enumerate(HOSTILE_TEXTS, start=1):
        lines = (
            posting(1, "5001", "debit", 123_456, memo=text),
            posting(2, "1002", "credit", 123_456, source="central"),
        )
        entries.append(
            entry(
                number,
                *lines,
                description=text,
                reference=text,
                payee_ref=text,
                prepared_by=text,
                reviewed_by=text,
                metadata={"note": text},
            )
        )
    six = (
        posting(1, "5001", "debit", 10**15),
        posting(2, "1002", "credit", 10**15, source="central"),
        posting(3, "7101", "debit", 10**15),
        posting(4, "8001", "credit", 10**15),
        posting(5, "available", "debit", 10**15, budget_year=2021),
        posting(6, "expended", "credit", 10**15, budget_year=2021, source="central"),
    )
    red = (
        posting(1, "5001", "debit", 123_456, red=True),
        posting(2, "1002", "credit", 123_456, source="central", red=True),
    )
    count = len(entries)
    return [*entries, entry(count + 1, *six), entry(count + 2, *red, red=True, undoes="0190-1", kind="reversal")]


def expected_balances(entries: list[ExportedEntry]) -> dict[tuple[str, str], int]:
    balances: dict[tuple[str, str], int] = defaultdict(int)
    for one in entries:
        for line in one.postings:
            signed = line.amount_fen if line.side == "debit" else -line.amount_fen
            balances[line.fund, line.account] += -signed if line.red else signed
    return dict(balances)


def test_yuan_text_has_two_decimals_and_its_sign() -> None:
    assert [yuan_text(fen) for fen in (0, 5, -5, 100, -123_456, 10**15)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1.00",
        "-1234.56",
        "10000000000000.00",
    ]


def test_one_line_removes_every_kind_of_line_break() -> None:
    assert one_line(" a\r\nb\u2028c\x85d\te  f ") == "a b c d e f"


def test_json_lines_carry_every_field_of_an_entry_and_its_postings() -> None:
    made = entry(
        1,
        posting(1, "1002", "debit", 7, source="donation", encumbrance="0190-9", memo="m"),
        metadata={"a": 1, "b": True},
    )
    text = jsonl.entry(made)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    read = json.loads(text)
    assert set(read) == set(ExportedEntry.__dataclass_fields__)
    assert set(read["postings"][0]) == set(ExportedPosting.__dataclass_fields__)
    assert read["metadata"] == {"a": 1, "b": True}
    assert read["effective_on"] == "2021-03-04"
    assert read["posted_at"] == "2021-03-04T05:06:07.000089Z"
    assert read["postings"][0]["amount_fen"] == 7


def test_csv_has_one_row_a_posting_and_red_turnover_is_negative() -> None:
    entries = hostile_journal()
    text = csv_text.header(header_for(*entries)) + "".join(csv_text.entry(one) for one in entries)
    assert text.startswith("\ufeffbook,seq,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == sum(len(one.postings) for one in entries)
    balances: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        balances[row["fund"], row["account"]] += int(row["debit_fen"]) - int(row["credit_fen"])
    assert balances == expected_balances(entries)
    assert [row["debit_fen"] for row in rows[-2:]] == ["-123456", "0"]


def test_no_csv_text_cell_begins_like_a_formula() -> None:
    entries = hostile_journal()
    rows = csv.DictReader(
        io.StringIO("".join([",".join(csv_text.COLUMNS) + "\r\n", *map(csv_text.entry, entries)]), newline="")
    )
    numbers = {"amount_fen", "debit_fen", "credit_fen"}
    cells = [value for row in rows for column, value in row.items() if column not in numbers and value]
    assert cells
    assert [cell for cell in cells if cell[0] in "=+-@\t\r\n＝＋－＠"] == []
    assert safe_cell("  =1") == "'  =1"
    assert safe_cell("ordinary") == "ordinary"


def test_beancount_accepts_hostile_texts_and_its_balances_are_ours() -> None:
    entries = hostile_journal()
    text = beancount.header(header_for(*entries)) + "".join(beancount.entry(one) for one in entries)
    directives, errors, _ = loader.load_string(text)
    assert errors == []
    assert len([one for one in directives if isinstance(one, data.Transaction)]) == len(entries)
    real = realization.realize(directives)  # type: ignore[no-untyped-call]
    for (fund, account), fen in expected_balances(entries).items():
        basis = next(p.basis for e in entries for p in e.postings if p.account == account)
        name = beancount.account_name(basis, account, fund)
        inventory = realization.get(real, name).balance  # type: ignore[no-untyped-call]
        assert inventory.get_currency_units("CNY").number == Decimal(fen) / 100


def test_an_unbalanced_entry_would_be_seen_by_beancount() -> None:
    broken = entry(1, posting(1, "5001", "debit", 100), posting(2, "1002", "credit", 99))
    _, errors, _ = loader.load_string(beancount.header(header_for(broken)) + beancount.entry(broken))
    assert len(errors) == 1


@pytest.mark.skipif(
    shutil.which("hledger") is None,
    reason="hledger is not installed: the hledger export was not checked by hledger itself",
)
def test_hledger_accepts_hostile_texts_and_its_balances_are_ours(tmp_path: Path) -> None:
    entries = hostile_journal()
    journal = tmp_path / "book.journal"
    journal.write_text(
        hledger.header(header_for(*entries)) + "".join(hledger.entry(one) for one in entries), encoding="utf-8"
    )
    subprocess.run(
        ["hledger", "-f", str(journal), "check", "--strict", "ordereddates"], check=True, capture_output=True
    )
    shown = subprocess.run(
        ["hledger", "-f", str(journal), "balance", "--flat", "-N", "-E", "-O", "csv"],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip
    read = {name: amount for name, amount in csv.reader(io.StringIO(shown)) if name != "account"}
    bases = {p.account: p.basis for e in entries for p in e.postings}
    assert read == {
        hledger.account_name(bases[account], account, fund): f"{yuan_text(fen)} CNY"
        for (fund, account), fen in expected_balances(entries).items()
    }


@pytest.mark.skipif(
    shutil.which("hledger") is None,
    reason="hledger is not installed: the hledger export was not checked by hledger itself",
)
def test_no_mark_at_the_beginning_or_inside_a_text_means_anything_to_hledger(tmp_path: Path) -> None:
    marks = [chr(code) for code in range(0x21, 0x7F)] + list("。，：；（）【】“”‘’、￥－＝")
    texts = [
        text
        for mark in marks
        for text in (f"{mark}x", f"x{mark}", f"x {mark} y", f"{mark}{mark}2021-99-99{mark}", f"date{mark}x")
    ]
    entries = [
        entry(
            n,
            posting(1, "5001", "debit", 100, memo=text),
            posting(2, "1002", "credit", 100),
            description=text,
            reference=text,
            voucher_type=text,
        )
        for n, text in enumerate(texts, start=1)
    ]
    journal = tmp_path / "book.journal"
    journal.write_text(
        hledger.header(header_for(*entries)) + "".join(hledger.entry(one) for one in entries), encoding="utf-8"
    )
    checked = subprocess.run(
        ["hledger", "-f", str(journal), "check", "--strict"], check=False, capture_output=True, encoding="utf-8"
    )
    assert checked.stderr == ""
    listed = subprocess.run(
        ["hledger", "-f", str(journal), "print", "-O", "csv"], check=True, capture_output=True, encoding="utf-8"
    )
    rows = list(csv.DictReader(io.StringIO(listed.stdout)))
    assert len({row["txnidx"] for row in rows}) == len(texts)
    assert {row["date2"] for row in rows} == {""}


def test_accounts_of_the_second_bases_stay_out_of_assets_and_expenses() -> None:
    assert hledger.account_name("financial", "1002", "repair.overhaul.c01") == "assets:1002:repair:overhaul:c01"
    assert hledger.account_name("budgetary", "7101", "repair") == "equity:budgetary:7101:repair"
    assert beancount.account_name("control", "available", "safety_net") == "Equity:Control:Available:Safety-net"


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), min_size=1))
def test_any_allowed_text_leaves_beancount_text_readable(text: str) -> None:
    made = entry(
        1,
        posting(1, "5001", "debit", 100, memo=text),
        posting(2, "1002", "credit", 100),
        description=text,
        reference=text,
    )
    directives, errors, _ = loader.load_string(beancount.header(header_for(made)) + beancount.entry(made))
    assert errors == []
    transaction = next(one for one in directives if isinstance(one, data.Transaction))
    assert transaction.narration == one_line(text)
