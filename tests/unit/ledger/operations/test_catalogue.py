"""The shipped catalogue: examples that fit, accounts that exist, refusals that are known, a page in step."""

from __future__ import annotations

import pytest

from common.errors import SHARED
from ledger.accounts.chart import chart_account
from ledger.operations import document
from ledger.operations.catalogue import Catalogue, Operation, Take, catalogue
from ledger.operations.service import Desk
from ledger.problems import PROBLEMS
from tests.unit.ledger.funds.test_templates import ROOT

SHIPPED = catalogue()


@pytest.mark.parametrize("operation", SHIPPED.operations, ids=lambda one: one.operation)
def test_an_operation_fits_its_example_its_accounts_and_its_refusals(operation: Operation) -> None:
    Desk(Catalogue([operation])).types[operation.operation].model_validate(operation.example)
    for line in operation.lines:
        account = chart_account(line.account)
        assert account is not None
        assert account.basis == line.basis
    known = {problem.code for problem in (*PROBLEMS, *SHARED)}
    assert operation.refusals
    assert set(operation.refusals) <= known


@pytest.mark.parametrize(
    ("of", "bp", "fen"),
    [
        (203, 1_500, 30),
        (100, 1_550, 16),
        (1, 5_000, 1),
        (1, 4_999, 0),
        (10**15, 10_000, 10**15),
        (10**15 - 1, 1, 10**11),
    ],
)
def test_half_a_fen_of_a_share_rounds_up(of: int, bp: int, fen: int) -> None:
    take = Take.model_validate({"share": {"of": "whole", "bp": "rate"}})
    assert take.fen({"whole": of, "rate": bp}) == fen


def test_the_page_is_in_step_with_the_data() -> None:
    stored = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert stored == document.page(SHIPPED), "run: python -m ledger.operations.document > docs/operations.md"
