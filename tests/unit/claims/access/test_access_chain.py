"""The access log's chain: every field is hashed, and a record that is changed, missing or added is found where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import rfc8785

from claims.access.rules import EMPTY, Access, Action, Head, Record, Walk, next_record
from common.canonical import CanonicalJson, canonical

AT = datetime(2026, 3, 18, 2, 10, 44, 120331, tzinfo=UTC)
SUBJECT = UUID("0198c5a2-7c1e-7f7e-9d53-0a54b3a5a301")


def chain(count: int = 3) -> list[Record]:
    head, records = EMPTY, list[Record]()
    for number in range(count):
        access = Access("payer-1", Action.UNMASK, "household", SUBJECT, "核对身份", {"fields": "phone", "rows": number})
        records.append(next_record("610923", head, AT + timedelta(seconds=number), access))
        head = Head(records[-1].position, records[-1].hash)
    return records


def broken(records: list[Record], head: Head | None = None) -> int | None:
    walk = Walk()
    walk.take(records)
    last = chain()[-1]
    walk.end(head or Head(last.position, last.hash))
    return walk.broken_position


def test_a_whole_chain_verifies() -> None:
    assert broken(chain()) is None
    assert broken([], EMPTY) is None


@pytest.mark.parametrize(
    "change",
    [
        {"book": "610922"},
        {"position": 4},
        {"at": AT},
        {"person": "payer-2"},
        {"action": "export"},
        {"subject": "register"},
        {"subject_id": None},
        {"reason": None},
        {"detail": {"fields": "phone", "rows": 2}},
        {"detail": {"fields": "phone", "rows": "1"}},
        {"detail": {"rows": 1.5}},
        {"prev_hash": bytes(32)},
        {"hash": bytes(32)},
    ],
    ids=str,
)
def test_a_change_of_any_field_is_found_where_it_is(change: dict[str, object]) -> None:
    first, second, third = chain()
    assert broken([first, replace(second, **change), third]) == 2  # type: ignore[arg-type] # wrong values on purpose


def test_missing_and_cut_off_records_are_found() -> None:
    first, second, third = chain()
    assert broken([second, third]) == 1
    assert broken([first, third]) == 2
    assert broken([first, second]) == 3
    assert broken([first, second, third], EMPTY) == 1


def test_what_is_hashed_is_canonical_json() -> None:
    said: CanonicalJson = {"reason": '核对"身份"\n', "z": 1, "a": {"ä": None, "b": [True, 2**53 - 1]}}
    assert canonical(said) == rfc8785.dumps(said)
