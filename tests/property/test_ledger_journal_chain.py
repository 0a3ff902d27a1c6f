"""The chain's canonical form is RFC 8785, and a hash covers every single column."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.chain import Link, canonical, content_bytes, content_hash, entry_bytes, entry_hash, instant
from ledger.journal.drafts import Json, PostedEntry, PostedLine

EXACT = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)
leaves = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=30)


@given(values)
def test_canonical_is_what_rfc_8785_says(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(names, leaves))
def test_a_content_record_is_what_rfc_8785_says(content: dict[str, Json]) -> None:
    link = Link("610923", 7, bytes(range(32)))
    expected: dict[str, Json] = {
        "format": 1,
        "book": "610923",
        "position": 7,
        "kind": "fund",
        "prev_hash": bytes(range(32)).hex(),
        "content": content,
    }
    assert content_bytes(link, "fund", content) == rfc8785.dumps(expected)


def test_an_integer_json_cannot_carry_exactly_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical({"a": 2**53})


LINE = PostedLine(1, "repair", "1002", "debit", 5, False, 0, "county", None, "备注")
ENTRY = PostedEntry(
    "610923", 3, UUID(int=1), "journal", 2026, "2026-01", "记", 2, date(2026, 1, 5), datetime(2026, 1, 5, 1, 2, 3, 4, UTC),
    "摘要", None, {"k": 1}, None, False, None, False, None, "a", None, "b", 0, (), (LINE,), 4, b"", None,
)  # fmt: skip
CHANGED_ENTRY: dict[str, object] = {
    "seq": 4, "id": UUID(int=2), "kind": "receipt", "fiscal_year": 2025, "period": "2026-02", "voucher_type": "付", "voucher_number": 3,
    "effective_on": date(2026, 1, 6), "posted_at": datetime(2026, 1, 5, 1, 2, 3, 5, UTC), "description": "摘 要", "reference": "",
    "metadata": {"k": True}, "payee_ref": "p", "non_budget": True, "non_budget_reason": "r", "red": True, "undoes": UUID(int=3),
    "prepared_by": "c", "reviewed_by": "c", "posted_by": "c", "attachment_count": 1, "attachment_hashes": ("0" * 64,), "postings": (),
}  # fmt: skip
CHANGED_LINE: dict[str, object] = {
    "line": 2, "fund": "health", "account": "1201", "side": "credit", "amount_fen": 6, "red": True, "budget_year": 2026, "source": "city",
    "encumbrance": UUID(int=4), "memo": None, "purpose_code": "training", "item": UUID(int=5),
}  # fmt: skip
OUTSIDE = {"book", "position", "hash", "undone_by"}  # in the link, the hash itself, and what comes later
LINK = Link("610923", 4, bytes(32))


def test_every_column_of_an_entry_is_hashed() -> None:
    assert CHANGED_ENTRY.keys() == set(PostedEntry._fields) - OUTSIDE
    assert CHANGED_LINE.keys() == set(PostedLine._fields)
    changed = [ENTRY._replace(**{name: value}) for name, value in CHANGED_ENTRY.items()]  # type: ignore[arg-type]
    lines = [LINE._replace(**{name: value}) for name, value in CHANGED_LINE.items()]  # type: ignore[arg-type]
    changed += [ENTRY._replace(postings=(line,)) for line in lines]
    hashes = {entry_hash(LINK, entry) for entry in changed}
    assert len(hashes) == len(changed)
    assert entry_hash(LINK, ENTRY) not in hashes


def test_a_record_is_bound_to_its_place() -> None:
    links = [LINK, Link("610924", 4, bytes(32)), Link("610923", 5, bytes(32)), Link("610923", 4, b"\x01" * 32)]
    assert len({entry_hash(link, ENTRY) for link in links}) == 4
    assert len({content_hash(link, "fund", {}) for link in links} | {content_hash(LINK, "book", {})}) == 5


def test_the_hashed_form_of_format_1_never_changes() -> None:
    """Chains live for decades: this form is a promise. A new form gets a new number."""
    parsed = orjson.loads(entry_bytes(LINK, ENTRY))
    assert list(parsed) == ["book", "entry", "format", "kind", "position", "prev_hash"]
    assert entry_hash(LINK, ENTRY).hex() == "dd613c479ee1ef77e918534fe2746bec949a62462701fd069cb1a2e7ffd0dad8"


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 - the zone follows
def test_an_instant_is_written_one_way(moment: datetime, hours: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    written = instant(aware.astimezone(timezone(timedelta(hours=hours))))
    assert written == instant(aware)
    assert datetime.fromisoformat(written) == aware
    assert len(written) == 27
