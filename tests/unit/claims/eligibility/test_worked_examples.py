"""Worked examples from published schemes, to the fen."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from claims.eligibility.codec import inputs_from_text, to_text
from claims.eligibility.model import CheckCode, CheckOutcome, Consumption, Inputs, LossItem, OtherPayment, Outcome
from claims.eligibility.rules import RULES, decide
from claims.policies.rules import Base, Cap, Cause, Exclusion, ThirdParty, Tier, TierMode
from claims.policies.soundness import terms_faults
from tests.support.decision_inputs import ELIGIBLE, POLICY, SOURCES, TERMS

BOOK = yaml.safe_load(Path(__file__).with_name("worked_examples.yaml").read_text(encoding="utf-8"))

VERSION_1 = [
    json.loads(line)
    for line in Path(__file__).with_name("rule_version_1.jsonl").read_text(encoding="utf-8").splitlines()
]
WORDS = ("loss_kinds", "prior_payers", "required_documents", "evidence_kinds")


def fen(yuan: str) -> int:
    amount = Decimal(yuan) * 100
    assert amount == int(amount), f"{yuan} is not a whole number of fen"
    return int(amount)


def inputs_of(case: dict[str, Any]) -> Inputs:
    scheme = BOOK["schemes"][case["scheme"]]
    words: dict[str, Any] = {name: tuple(scheme.get(name, ())) for name in WORDS}
    caps: dict[str, Any] = {name: fen(amount) for name, amount in scheme.get("caps", {}).items()}
    grades = tuple(fen(amount) for amount in scheme.get("grades", ()))
    warning = fen(scheme["warning"]) if "warning" in scheme else None
    third_party = ThirdParty(scheme.get("third_party", "deducted"))
    given = [*caps, *(name for name in WORDS if words[name])]
    given += [
        name
        for name, is_given in (
            ("grades", grades),
            ("warning_fen", warning),
            ("third_party", third_party is ThirdParty.EXCLUDED),
        )
        if is_given
    ]
    terms = replace(
        TERMS,
        cause=Cause(scheme["cause"]),
        deductible_fen=fen(scheme["deductible"]),
        tiers=tuple(Tier(fen(start), fen(rate)) for start, rate in scheme["tiers"]),
        tier_mode=TierMode(scheme["tier_mode"]),
        base=Base(scheme["base"]),
        cap_fen=fen(scheme["cap"]),
        warning_fen=warning,
        grade_fen=grades,
        third_party=third_party,
        exclusions=tuple(
            Exclusion(code, "责任免除", code, TERMS.valid_from, TERMS.valid_to, scheme["source"])
            for code in scheme.get("exclusions", ())
        ),
        sources=replace(
            SOURCES,
            tiers=scheme["source"] if scheme["tiers"] else None,
            **dict.fromkeys(given, scheme["source"]),
        ),
        **words,
        **caps,
    )
    assert terms_faults(terms, POLICY) == ()
    claim = replace(
        ELIGIBLE.claim,
        cause=terms.cause,
        losses=tuple(LossItem(kind, fen(amount), *number) for kind, amount, *number in case["losses"]),
        other_payments=tuple(OtherPayment(payer, fen(amount)) for payer, amount in case.get("others", [])),
        liable_third_party=case.get("liable"),
        disability_grade=case.get("grade"),
        circumstances=tuple(case.get("circumstances", ())),
    )
    facts = replace(
        ELIGIBLE.facts,
        consumed_fen=fen(case.get("consumed", "0")),
        running=tuple(Consumption(Cap(name), fen(amount), ()) for name, amount in case.get("used", {}).items()),
        documents_present=tuple(case.get("documents", ())),
    )
    return replace(ELIGIBLE, claim=claim, terms=terms, facts=facts)


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_worked_example_comes_out_to_the_fen(case: dict[str, Any]) -> None:
    decision = decide(inputs_of(case))
    found = {outcome: [c.code.value for c in decision.checks if c.outcome is outcome] for outcome in CheckOutcome}
    assert found[CheckOutcome.FAIL] == case.get("fails", [])
    assert found[CheckOutcome.NEEDS_REVIEW] == case.get("reviews", [])
    open_or_eligible = Outcome.NEEDS_REVIEW if "reviews" in case else Outcome.ELIGIBLE
    assert decision.outcome is (Outcome.REFUSED if "fails" in case else open_or_eligible)
    assert decision.benefit_fen == fen(case["benefit"])
    assert decision.computation[-1].amount_fen == decision.benefit_fen
    if "slices" in case:
        slices = [step.amount_fen for step in decision.computation if step.step.split("_")[-1].isdigit()]
        assert slices == [fen(amount) for amount in case["slices"]]
    if "limited_by" in case:
        cap = next(check for check in decision.checks if check.code is CheckCode.CAP)
        assert cap.inputs["limited_by"] == case["limited_by"]


def test_there_are_cases_of_every_scheme_cause_mode_and_base_and_every_scheme_names_its_source() -> None:
    schemes = BOOK["schemes"].values()
    assert len({case["name"] for case in BOOK["cases"]}) == len(BOOK["cases"]) >= 60
    assert {case["scheme"] for case in BOOK["cases"]} == BOOK["schemes"].keys()
    assert {scheme["cause"] for scheme in schemes} == {cause.value for cause in Cause}
    assert {(scheme["tier_mode"], scheme["base"]) for scheme in schemes} == {
        (mode.value, base.value) for mode in TierMode for base in Base
    }
    for scheme in schemes:
        assert "[pub]" in scheme["source"] or "assumed" in scheme["source"]


@pytest.mark.parametrize("line", VERSION_1, ids=lambda line: line["name"])
def test_a_decision_stored_under_rule_version_1_is_made_again_byte_for_byte(line: dict[str, str]) -> None:
    # The lines were written by the service before rule version 2 existed.
    assert to_text(RULES[1](inputs_from_text(line["inputs"]))) == line["decision"]
    again = decide(inputs_from_text(line["inputs"]))
    assert again.rule_version == 2
