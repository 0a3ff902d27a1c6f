"""Examples of the calendar room for the API document."""

from __future__ import annotations

YEAR_IN: dict[str, object] = {
    "year": 2027,
    "days_off": ["2027-01-01", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11", "2027-02-12"],
    "working_weekends": ["2027-02-14"],
    "authority": "国务院办公厅",
    "document": "国办发明电〔2026〕1号（示例）",
}

YEAR: dict[str, object] = {
    **YEAR_IN,
    "revision": 1,
    "working_days": 256,
    "origin": "recorded",
    "correction_reason": None,
    "recorded_at": "2026-11-10T02:00:00Z",
    "recorded_by": "admin-1",
}
