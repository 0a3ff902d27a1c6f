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
    "path": "short",
    "next_step": "county_approval",
    "waiting_since": "2021-06-15",
    "due_on": "2021-06-30",
    "appeal_of": None,
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
    "appealed_by": None,
    "findings": [],
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
            "reason_code": None,
            "decision_version": None,
        }
    ],
    "money": {"encumbrance_id": None, "operations": [], "items": [], "recoveries": []},
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

NOTICE_IN: dict[str, object] = {"published_on": "2021-06-20"}

OBJECTION_IN: dict[str, object] = {"reason": "该户另有固定收入，请核实", "raised_on": "2021-06-22"}

RULING_IN: dict[str, object] = {
    "outcome": "dismissed",
    "reason": "经核实为一次性劳务收入",
    "resolved_on": "2021-06-24",
}

NOTICE: dict[str, object] = {
    "claim_id": CLAIM_ID,
    "version": 1,
    "published_on": "2021-06-20",
    "days": 5,
    "benefit_fen": 1_100_000,
    "text_zh": "精准防贫保险理赔公示\n编号：610923-2021-000001\n农户：孙**（示例镇示例村）\n事由：家庭必要支出较大",
    "text_en": "Public notice of an insurance claim\nNumber: 610923-2021-000001",
    "published_by": "village-2",
    "runs_until": None,
    "upheld": False,
    "objections": [
        {
            "position": 1,
            "raised_on": "2021-06-22",
            "recorded_by": "intake-1",
            "reason": "该户另有固定收入，请核实",
            "outcome": None,
            "resolved_on": None,
            "resolved_by": None,
            "resolution": None,
        }
    ],
}

APPEAL_IN: dict[str, object] = {"reason": "新提供住院结算单，请重新核定", "appealed_on": "2021-07-20"}

STEP_BATCH_IN: dict[str, object] = {
    "steps": [{"claim_id": CLAIM_ID, "idempotency_key": "town-1/2021-06-15/0001", **STEP_IN}],
}

STEP_BATCH: dict[str, object] = {
    "taken": 1,
    "results": [{"claim_id": CLAIM_ID, "status": "taken", "step": STEP_TAKEN, "problem": None}],
}

TASK: dict[str, object] = {
    "claim_id": CLAIM_ID,
    "number": "610923-2021-000001",
    "town": "610923100",
    "village": "610923100213",
    "status": "under_review",
    "waiting_for": "county",
    "task": "county_approval",
    "waiting_since": "2021-06-15",
    "due_on": "2021-06-30",
    "days_overdue": 0,
}
