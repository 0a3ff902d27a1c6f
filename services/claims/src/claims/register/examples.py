"""Examples in the API document of imports and exports. Every person is invented."""

from __future__ import annotations

from typing import Final

JOB_ID: Final = "019b2f6e-0000-7000-8000-00000000a001"
HOUSEHOLD: Final = "019b2f6e-0000-7000-8000-00000000a002"
OTHER: Final = "019b2f6e-0000-7000-8000-00000000a003"

IMPORT_JOB: Final = {
    "id": JOB_ID,
    "status": "done",
    "phase": "flagging",
    "mode": "good",
    "preview": False,
    "rows_total": 5,
    "rows_done": 6,
    "accepted_rows": 3,
    "new_households": 1,
    "known_households": 0,
    "refused_rows": 2,
    "possible_duplicates": 1,
    "faults": [],
    "created_at": "2026-01-05T02:00:00Z",
    "created_by": "intake-1",
    "finished_at": "2026-01-05T02:00:01Z",
}
BAD_ROW: Final = {
    "row": 5,
    "column": "身份证号码",
    "code": "id_number_checksum",
    "detail_zh": "身份证号码校验码不符。",
    "detail_en": "Its check digit is wrong.",
}
IMPORTED: Final = {
    **IMPORT_JOB,
    "refused": [BAD_ROW],
    "duplicates": [{"kind": "phone", "row": 2, "household_id": HOUSEHOLD, "other_household_id": OTHER}],
}
UNMASKED_EXPORT: Final = {"format": "csv", "reason": "移交审计局核查", "town": "城关镇"}
