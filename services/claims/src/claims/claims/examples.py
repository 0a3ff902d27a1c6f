"""Examples of the claims room for the API document. The people do not exist."""

from __future__ import annotations

from claims.eligibility.examples import DECISION
from claims.policies.examples import POLICY_ID

CLAIM_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a103"
HOUSEHOLD_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
MEMBER_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f1"

CLAIM_IN: dict[str, object] = {
    "household_id": HOUSEHOLD_ID,
    "claimant_member_id": MEMBER_ID,
    "cause": "serious_illness",
    "event_on": "2021-06-01",
    "reported_on": "2021-06-10",
    "loss": [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "INV-2021-00017"}],
    "other_payments": [{"payer": "medical_insurance", "amount_fen": 3_200_000}],
}

CLAIM: dict[str, object] = {
    "id": CLAIM_ID,
    "number": "610923-2021-000001",
    "status": "under_review",
    "waiting_for": "county",
    "household_id": HOUSEHOLD_ID,
    "claimant_member_id": MEMBER_ID,
    "town": "610923100",
    "village": "610923100213",
    "policy_id": POLICY_ID,
    "cause": "serious_illness",
    "event_on": "2021-06-01",
    "reported_on": "2021-06-10",
    "filed_at": "2021-06-10T02:00:00Z",
    "filed_by": "intake-1",
    "outcome": "eligible",
    "benefit_fen": 1_100_000,
    "decision_version": 1,
    "approved_on": None,
}

CLAIM_DETAIL: dict[str, object] = {
    **CLAIM,
    "loss": [
        {"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "********0017", "settlement_number": None}
    ],
    "other_payments": [{"payer": "medical_insurance", "amount_fen": 3_200_000}],
    "liable_third_party": None,
    "disability_grade": None,
    "circumstances": [],
    "next_steps": ["county_approval", "withdrawal"],
    "history": [
        {
            "position": 2,
            "event": "town_passed",
            "step": "town_check",
            "outcome": "passed",
            "status_before": "reported",
            "status_after": "under_review",
            "by_person": "town-1",
            "duty": "town_check",
            "done_on": "2021-06-15",
            "at": "2021-06-15T03:00:00Z",
            "note": "入户核实，材料齐全",
            "reference": None,
            "decision_version": None,
        }
    ],
    "money": {"encumbrance_id": None, "operations": [], "items": []},
}

STEP_IN: dict[str, object] = {
    "step": "town_check",
    "outcome": "passed",
    "note": "入户核实，材料齐全",
    "done_on": "2021-06-15",
}

STEP_TAKEN: dict[str, object] = {
    "step": "town_check",
    "outcome": "passed",
    "position": 2,
    "done_on": "2021-06-15",
    "by_person": "town-1",
    "claim": CLAIM,
}

STORED_DECISION: dict[str, object] = {
    **DECISION,
    "version": 1,
    "occasion": "intake",
    "final": False,
    "decided_at": "2021-06-10T02:00:00Z",
    "decided_by": "intake-1",
}

RECOMPUTATION: dict[str, object] = {
    "version": 1,
    "rule_version": 1,
    "same_answer": True,
    "differences": [],
    "stored_outcome": "eligible",
    "stored_benefit_fen": 1_100_000,
    "recomputed_outcome": "eligible",
    "recomputed_benefit_fen": 1_100_000,
}
