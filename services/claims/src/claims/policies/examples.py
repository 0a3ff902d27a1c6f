"""Examples of the policies room for the API document. The figures are Qingdao's of 2022 (docs/domain/insurance.md)."""

from __future__ import annotations

POLICY_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a101"
TERMS_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a102"

POLICY_IN: dict[str, object] = {
    "year": 2021,
    "insurer": "演示保险公司（虚构）",
    "name": "2021年精准防贫保险",
    "funding": "county_paid",
}

POLICY: dict[str, object] = {
    "id": POLICY_ID,
    **POLICY_IN,
    "valid_from": "2021-01-01",
    "valid_to": "2021-12-31",
    "pool_fen": None,
    "fee_bp": None,
    "surplus_rule": None,
    "sources": {"pool_fen": None, "fee_bp": None, "surplus_rule": None},
    "created_at": "2021-01-04T01:30:00Z",
    "created_by": "county-1",
}

TERMS_IN: dict[str, object] = {
    "cause": "serious_illness",
    "valid_from": "2021-01-01",
    "valid_to": "2021-12-31",
    "deductible_fen": 300_000,
    "tiers": [
        {"from_fen": 0, "rate_bp": 7_000},
        {"from_fen": 1_000_000, "rate_bp": 8_000},
        {"from_fen": 2_000_000, "rate_bp": 9_000},
    ],
    "tier_mode": "marginal",
    "base": "person",
    "cap_fen": 10_000_000,
    "waiting_days": 0,
    "reporting_days": 180,
    "loss_kinds": ["medical_bill"],
    "sources": {
        "deductible_fen": "Qingdao 2022",
        "tiers": "Qingdao 2022; limits counted above the deductible: assumed",
        "tier_mode": "assumed",
        "base": "Qingdao 2022",
        "cap_fen": "Qingdao 2022",
        "waiting_days": "assumed",
        "reporting_days": "assumed",
        "loss_kinds": "assumed",
    },
}

_NOT_SET: dict[str, object] = dict.fromkeys(
    (
        "warning_fen",
        "claim_cap_fen",
        "person_cap_fen",
        "household_cap_fen",
        "person_year_cap_fen",
        "household_year_cap_fen",
    )
)
_EMPTY: dict[str, list[object]] = {
    name: [] for name in ("grades", "exclusions", "prior_payers", "required_documents", "evidence_kinds")
}

TERMS: dict[str, object] = {
    "id": TERMS_ID,
    "policy_id": POLICY_ID,
    **TERMS_IN,
    **_NOT_SET,
    **_EMPTY,
    "third_party": "deducted",
    "sources": {
        **_NOT_SET,
        **dict.fromkeys((*(name for name in _EMPTY if name != "exclusions"), "third_party")),
        "deductible_fen": "Qingdao 2022",
        "tiers": "Qingdao 2022; limits counted above the deductible: assumed",
        "tier_mode": "assumed",
        "base": "Qingdao 2022",
        "cap_fen": "Qingdao 2022",
        "waiting_days": "assumed",
        "reporting_days": "assumed",
        "loss_kinds": "assumed",
    },
    "status": "draft",
    "version": 1,
    "supersedes": None,
    "tiers_measured_on": "excess_over_deductible",
    "created_at": "2021-01-04T01:40:00Z",
    "created_by": "county-1",
    "decided_at": None,
    "decided_by": None,
    "reason": None,
}

APPROVAL_IN: dict[str, object] = {"outcome": "approved", "reason": "与县政府文件一致"}
