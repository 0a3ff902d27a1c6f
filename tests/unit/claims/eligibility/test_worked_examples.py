"""Worked examples from published schemes, to the fen."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from claims.eligibility.model import CheckOutcome, Inputs, LossItem, OtherPayment, Outcome
from claims.eligibility.rules import decide
from claims.policies.rules import Base, Cause, Tier, TierMode
from claims.policies.soundness import terms_faults
from tests.support.decision_inputs import ELIGIBLE, POLICY, SOURCES, TERMS

BOOK = yaml.safe_load(Path(__file__).with_name("worked_examples.yaml").read_text(encoding="utf-8"))


def fen(yuan: str) -> int:
    amount = Decimal(yuan) * 100
    assert amount == int(amount), f"{yuan} is not a whole number of fen"
    return int(amount)


def inputs_of(case: dict[str, Any]) -> Inputs:
    scheme = BOOK["schemes"][case["scheme"]]
    kinds = tuple(scheme.get("loss_kinds", ()))
    terms = replace(
        TERMS,
        cause=Cause(scheme["cause"]),
        deductible_fen=fen(scheme["deductible"]),
        tiers=tuple(Tier(fen(start), fen(rate)) for start, rate in scheme["tiers"]),
        tier_mode=TierMode(scheme["tier_mode"]),
        base=Base(scheme["base"]),
        cap_fen=fen(scheme["cap"]),
        loss_kinds=kinds,
        sources=replace(SOURCES, loss_kinds=scheme["source"] if kinds else None),
    )
    assert terms_faults(terms, POLICY) == ()
    claim = replace(
        ELIGIBLE.claim,
        cause=terms.cause,
        losses=tuple(LossItem(kind, fen(amount)) for kind, amount in case["losses"]),
        other_payments=tuple(OtherPayment(payer, fen(amount)) for payer, amount in case.get("others", [])),
    )
    facts = replace(ELIGIBLE.facts, consumed_fen=fen(case.get("consumed", "0")))
    return replace(ELIGIBLE, claim=claim, terms=terms, facts=facts)


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_worked_example_comes_out_to_the_fen(case: dict[str, Any]) -> None:
    decision = decide(inputs_of(case))
    failing = [check.code.value for check in decision.checks if check.outcome is not CheckOutcome.PASS]
    assert failing == case.get("fails", [])
    assert decision.outcome is (Outcome.REFUSED if failing else Outcome.ELIGIBLE)
    assert decision.benefit_fen == fen(case["benefit"])
    assert decision.computation[-1].amount_fen == decision.benefit_fen
    if "slices" in case:
        slices = [step.amount_fen for step in decision.computation if step.step.split("_")[-1].isdigit()]
        assert slices == [fen(amount) for amount in case["slices"]]


def test_every_scheme_is_used_and_names_its_source() -> None:
    assert {case["scheme"] for case in BOOK["cases"]} == BOOK["schemes"].keys()
    assert {scheme["cause"] for scheme in BOOK["schemes"].values()} == {cause.value for cause in Cause}
    for scheme in BOOK["schemes"].values():
        assert "[pub]" in scheme["source"] or "assumed" in scheme["source"]
