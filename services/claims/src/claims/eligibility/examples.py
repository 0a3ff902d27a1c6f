"""Example of a decision for the API document: a bill of 50,000.00 yuan of which others paid 32,000.00."""

from __future__ import annotations

from claims.policies.examples import POLICY_ID, TERMS_ID


def _step(step: str, amount_fen: int, zh: str, en: str) -> dict[str, object]:
    return {"step": step, "amount_fen": amount_fen, "explanation": en, "explanation_zh": zh, "explanation_en": en}


DECISION: dict[str, object] = {
    "outcome": "eligible",
    "benefit_fen": 1_100_000,
    "cause": "serious_illness",
    "policy_id": POLICY_ID,
    "terms_id": TERMS_ID,
    "terms_version": 1,
    "rule_version": 2,
    "checks": [
        {
            "code": "deductible",
            "outcome": "pass",
            "inputs": {"net_loss_fen": 1_800_000, "deductible_fen": 300_000, "tiers_total_fen": 1_100_000},
            "reason": "The loss exceeds the deductible of 3,000.00 yuan",
            "reason_zh": "自付损失超过起付线3,000.00元",
            "reason_en": "The loss exceeds the deductible of 3,000.00 yuan",
            "source": "Qingdao 2022",
        }
    ],
    "computation": [
        _step("net_loss", 1_800_000, "自付损失", "Loss left to the household"),
        _step("deductible", 300_000, "减：起付线", "Less the deductible"),
        _step("tiers_total", 1_100_000, "各段合计", "Sum of the tiers"),
        _step("benefit", 1_100_000, "理赔金额", "Benefit"),
    ],
}

PREVIEW_IN: dict[str, object] = {"samples": [{"loss_fen": 1_800_000}]}


def _terms_preview(version: int, benefit_fen: int) -> dict[str, object]:
    return {
        "terms_version": version,
        "benefit_fen": benefit_fen,
        "limited_by": None,
        "computation": [_step("benefit", benefit_fen, "理赔金额", "Benefit")],
    }


PREVIEW: dict[str, object] = {
    "terms_id": TERMS_ID,
    "terms_version": 2,
    "compared_with": 1,
    "compared_on": "2021-07-01",
    "samples": [
        {
            "loss_fen": 1_800_000,
            "other_payments_fen": 0,
            "disability_grade": None,
            "old": _terms_preview(1, 1_100_000),
            "new": _terms_preview(2, 940_000),
            "change_fen": -160_000,
        }
    ],
}
