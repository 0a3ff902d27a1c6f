"""The shipped voucher templates, and what the loader refuses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from common.errors import SHARED
from ledger.funds import document
from ledger.funds.templates import TemplateBook, load, prove_balance, shipped
from ledger.problems import PROBLEMS

ROOT = Path(__file__).parents[4]
CHART = ROOT / "services/ledger/src/ledger/accounts/chart.yaml"


def one_template(lines: str, more: str = "") -> str:
    head = dedent("""
        sources: {central: fiscal}
        templates:
          - operation: trial
            kind: journal
            title_zh: 试
            title_en: Trial
            amounts: {paid: all of it, part: a part, rest: the rest}
        """)
    return head + "".join(
        f"    {line}\n" for line in [*dedent(more).strip().splitlines(), "lines:", *dedent(lines).strip().splitlines()]
    )


GOOD = """
- {basis: financial, side: debit, account: "5001", amount: part, mark: published}
- {basis: financial, side: debit, account: "2303", amount: rest, mark: published}
- {basis: financial, side: credit, account: "1002", amount: paid, mark: published}
"""
SUMS = "sums: {paid: [part, rest]}"


def test_every_shipped_template_balances_on_each_basis_under_every_condition() -> None:
    for template in shipped().templates:
        prove_balance(template)
        for world in template.worlds():
            for basis in {line.basis for line in template.lines if line.applies(world)}:
                debit: list[str] = []
                credit: list[str] = []
                for line in template.lines:
                    if line.basis == basis and line.applies(world):
                        (debit if line.side == "debit" else credit).extend(template.plain_amounts(line.amount))
                assert sorted(debit) == sorted(credit) != [], (template.operation, world, basis)


def test_the_operations_that_have_code_of_their_own_have_a_template() -> None:
    operations = [template.operation for template in shipped().templates]
    assert operations == [
        "receipt",
        "allotment",
        "payment",
        "encumber",
        "liquidation",
        "return",
        "release",
        "budget_increase",
        "budget_decrease",
        "fund_transfer",
        "transfer_settlement",
    ]


def test_the_refusals_of_an_operation_are_codes_of_the_ledger() -> None:
    codes = {problem.code for problem in (*SHARED, *PROBLEMS)}
    for template in shipped().templates:
        assert template.refusals
        assert set(template.refusals) <= codes


def test_templates_use_accounts_of_the_chart_on_their_own_basis() -> None:
    chart = {row["code"]: row["basis"] for row in yaml.safe_load(CHART.read_text(encoding="utf-8"))["accounts"]}
    for template in shipped().templates:
        for line in template.lines:
            assert chart[line.account] == line.basis, (template.operation, line.account)


def test_money_and_what_it_was_received_as_and_spent_on_carry_their_source_and_other_lines_do_not() -> None:
    """Year-end parts budget revenue and expenditure by source, so these carry it as cash does."""
    for template in shipped().templates:
        for line in template.lines:
            assert line.sourced == (line.account in {"1002", "expended", "6001", "6609", "7101"}), (
                template.operation,
                line.account,
            )


def test_the_page_for_accountants_is_in_step_with_the_data() -> None:
    stored = (ROOT / "docs/voucher-templates.md").read_text(encoding="utf-8")
    assert stored == document.page(shipped()), "run: python -m ledger.funds.document > docs/voucher-templates.md"


def test_the_page_names_every_operation_and_account() -> None:
    page = document.page(shipped())
    places = [page.index(f"## `{template.operation}`") for template in shipped().templates]
    assert all(earlier < later for earlier, later in pairwise(places))
    for template in shipped().templates:
        assert all(f"| {line.account} |" in page for line in template.lines)


def test_a_balanced_template_loads() -> None:
    book = load(one_template(GOOD, SUMS))
    assert isinstance(book, TemplateBook)
    assert book.operation("trial").plain_amounts("paid") == ["part", "rest"]


@pytest.mark.parametrize(
    ("name", "lines", "more", "says"),
    [
        ("unbalanced amounts", GOOD, "sums: {rest: [part]}", "do not balance"),
        ("a sum of itself", GOOD, "sums: {paid: [paid, rest]}", "not made of plain amounts"),
        ("a sum of sums", GOOD, "sums: {paid: [part, rest], part: [rest]}", "not made of plain amounts"),
        ("a sum of nothing", GOOD, "sums: {paid: []}", "not made of plain amounts"),
        ("an amount nobody books", GOOD.replace("rest", "part"), "sums: {paid: [part, part]}", "no line books rest"),
        ("an unknown amount", GOOD.replace("rest", "other"), SUMS, "unknown amount other"),
        ("a condition nobody states", GOOD.replace("part,", "part, when: {year: [this]},"), SUMS, "unknown year"),
        ("a condition nobody asks for", GOOD, SUMS + "\nconditions: {year: [this, prior]}", "no line asks for year"),
        (
            "a line missing in one world",
            GOOD.replace("part,", "part, when: {year: [this]},"),
            SUMS + "\nconditions: {year: [this, prior]}",
            "do not balance under {'year': 'prior'}",
        ),
        (
            "a control account on the financial basis",
            GOOD.replace('"1002"', "available"),
            SUMS,
            "not of the financial basis",
        ),
        ("a budget year on cash", GOOD.replace("paid,", "paid, year: budget,"), SUMS, "carry a budget year"),
        ("two funds that do not balance", GOOD.replace("rest,", "rest, fund: taker,"), SUMS, "do not balance"),
        ("an unknown side", GOOD.replace("credit", "left"), SUMS, "credit"),
        ("an unknown mark", GOOD.replace("published", "guessed"), SUMS, "mark"),
        ("an unknown field", GOOD.replace("mark", "colour: red, mark"), SUMS, "colour"),
        ("a code that is a number", GOOD.replace('"1002"', "1002"), SUMS, "account"),
        ("one line", GOOD.splitlines()[1], SUMS, "at least 2"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 45 and "{" not in value else "",
)
def test_wrong_template_data_is_refused(name: str, lines: str, more: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        load(one_template(lines, more))
    assert says in str(refusal.value), name


def test_an_encumbered_line_must_name_its_encumbrance() -> None:
    lines = """
    - {basis: control, side: debit, account: available, amount: paid, year: budget, mark: published}
    - {basis: control, side: credit, account: encumbered, amount: paid, year: budget, mark: published}
    - {basis: control, side: debit, account: available, amount: part, year: budget, mark: published}
    - {basis: control, side: credit, account: available, amount: part, year: budget, mark: published}
    - {basis: control, side: debit, account: available, amount: rest, year: budget, mark: published}
    - {basis: control, side: credit, account: available, amount: rest, year: budget, mark: published}
    """
    with pytest.raises(ValueError, match="must name its encumbrance"):
        load(one_template(lines))


def test_an_operation_cannot_stand_twice() -> None:
    text = one_template(GOOD, SUMS)
    twice = text + text[text.index("  - operation") :]
    with pytest.raises(ValueError, match="trial: stands more than once"):
        load(twice)


def test_an_operation_without_a_template_is_an_error() -> None:
    with pytest.raises(ValueError, match="lend: has no template"):
        shipped().operation("lend")
