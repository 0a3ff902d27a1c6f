"""What the API document shows for the payouts room: one batch of two credits on its way through the bank. All people are invented."""

from __future__ import annotations

from typing import Any, Final

BATCH_ID: Final = "01957c6e-8f1a-7c3e-9b1d-2f4a6c8e0b12"
CLAIM_ID: Final = "01957c6e-1111-7c3e-9b1d-2f4a6c8e0b12"
ENCUMBRANCE_ID: Final = "01957c6e-2222-7c3e-9b1d-2f4a6c8e0b12"
_ENTRY_HASH: Final = "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455"

ITEM: Final[dict[str, Any]] = {
    "item_id": "01957c6e-3333-7c3e-9b1d-2f4a6c8e0b12",
    "number": "B2021-0001-0001",
    "item_number": "B2021-0001-0001",
    "claim_id": CLAIM_ID,
    "amount_fen": 509_800,
    "account_masked": "***************0003",
    "account_standing": "first",
    "replaces": None,
    "unchanged_reason": None,
    "status": "open",
    "paid_on": None,
    "failed_on": None,
    "refusal_code": None,
    "refusal_detail": None,
}
SUMMARY: Final[dict[str, Any]] = {
    "id": BATCH_ID,
    "number": "B2021-0001",
    "status": "prepared",
    "note": "七月第一批",
    "control_count": 1,
    "control_total_fen": 509_800,
    "prepared_by": "payer-1",
    "prepared_at": "2021-07-20T02:15:00Z",
    "decided_by": None,
    "decided_at": None,
    "decision_note": None,
}
WARNING: Final[dict[str, Any]] = {
    "code": "account_unchanged",
    "item_number": "B2021-0002-0001",
    "detail_zh": "上次支付失败，户名和账号未变更，也未说明理由。",
    "detail_en": "The last credit failed; holder and account are the same, and no reason is given.",
}
BATCH: Final[dict[str, Any]] = SUMMARY | {"items": [ITEM], "warnings": []}
ISSUE: Final[dict[str, Any]] = {
    "number": 1,
    "issued_to": "payer-1",
    "issued_at": "2021-07-20T03:10:00Z",
    "template": "utf8",
    "item_count": 1,
    "total_fen": 509_800,
    "sha256": _ENTRY_HASH,
}
BATCH_EVENT: Final[dict[str, Any]] = {
    "position": 1,
    "event": "prepared",
    "by_person": "payer-1",
    "at": "2021-07-20T02:15:00Z",
    "control_count": 1,
    "control_total_fen": 509_800,
    "reason": None,
    "template": None,
    "items": [],
}
REISSUE: Final[dict[str, Any]] = {
    "batch_id": BATCH_ID,
    "issue": 2,
    "allowed_by": "payer-1",
    "reason": "下载中断，银行尚未收到文件",
    "template": "utf8",
}
DETAIL: Final[dict[str, Any]] = SUMMARY | {
    "items": [ITEM | {"failure_reason": None, "account_changed": False}],
    "warnings": [],
    "issues": [ISSUE],
    "history": [BATCH_EVENT],
}
ROW: Final[dict[str, Any]] = {
    "item_number": "B2021-0001-0001",
    "outcome": "success",
    "amount_fen": 509_800,
    "booked_on": "2021-07-22",
    "reason": None,
}
BANK_RETURN: Final[dict[str, Any]] = {"rows": [ROW], "control_count": 1, "control_total_fen": 509_800}
_RETURNED_ITEM: Final = ITEM | {"status": "liquidating", "paid_on": "2021-07-22"}
_DECIDED: Final = {"decided_by": "payer-2", "decided_at": "2021-07-20T03:00:00Z", "decision_note": None}
_SETTLED: Final = SUMMARY | _DECIDED | {"status": "settled", "items": [_RETURNED_ITEM], "warnings": []}
BANK_RETURN_DONE: Final[dict[str, Any]] = {
    "id": "01957c6e-4444-7c3e-9b1d-2f4a6c8e0b12",
    "paid": 1,
    "failed": 0,
    "given_back": 0,
    "batch": _SETTLED,
}
RETRIED: Final[dict[str, Any]] = {"retried": 1, "batch": _SETTLED}
TRAIL: Final[dict[str, Any]] = {
    "encumbrance_id": ENCUMBRANCE_ID,
    "operations": [
        {
            "operation": "encumber",
            "attempt": 1,
            "status": "done",
            "amount_fen": 509_800,
            "effective_on": "2021-07-15",
            "bank_booked_on": None,
            "item_number": None,
            "ledger_id": ENCUMBRANCE_ID,
            "entry_id": "01957c6e-5555-7c3e-9b1d-2f4a6c8e0b12",
            "seq": 412,
            "voucher_number": 17,
            "hash": _ENTRY_HASH,
            "refusal_code": None,
            "refusal_detail": None,
            "tries": 1,
        }
    ],
    "items": [ITEM],
}
RECONCILED: Final[dict[str, Any]] = {
    "matched": False,
    "differences": [
        {
            "claim_id": CLAIM_ID,
            "encumbrance_id": ENCUMBRANCE_ID,
            "kind": "in_flight",
            "claims_fen": 0,
            "ledger_fen": 509_800,
            "explanation_zh": "有入账请求尚未得到账务系统确认，稍后再对。",
            "explanation_en": "A request to the ledger is not confirmed yet; compare again later.",
        }
    ],
    "totals": {
        "claims_encumbered_fen": 509_800,
        "ledger_encumbered_fen": 509_800,
        "claims_liquidated_fen": 0,
        "ledger_liquidated_fen": 509_800,
        "claims_returned_fen": 0,
        "ledger_returned_fen": 0,
        "difference_count": 1,
    },
    "as_of": "2021-07-22T06:30:00Z",
}
PAYMENT_FILE: Final = (
    "\ufeff序号,明细编号,户名,账号,金额（元）,用途\r\n"
    "1,B2021-0001-0001,钱示例,6217000000000000003,5098.00,防贫保险理赔款\r\n合计,1,5098.00\r\n"
)
RETURN_FILE: Final = (
    "明细编号,结果,金额（元）,入账日期,失败原因\r\nB2021-0001-0001,成功,5098.00,2021-07-22,\r\n合计,1,5098.00\r\n"
)
