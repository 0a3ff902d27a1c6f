"""Walking a chain made by hand: what is sound, what is broken, and where."""

from dataclasses import replace
from hashlib import sha256

import pytest

from ledger.audit.registers import Registers
from ledger.audit.rules import Expectation, Head, StoredRecord, Walk, broken_end, read_content
from ledger.journal.chain import GENESIS, Link, canonical, content_hash
from ledger.journal.drafts import Json

BOOK = "610923"


def chain(*contents: dict[str, Json]) -> list[StoredRecord]:
    records, before = [], GENESIS
    for position, content in enumerate(contents, start=1):
        digest = content_hash(Link(BOOK, position, before), "period", content)
        records.append(StoredRecord(position, "period", None, 1, canonical(content).decode(), before, digest))
        before = digest
    return records


RECORDS = chain({"period": "2021-01", "action": "close"}, {"period": "2021-02", "action": "close"}, {"n": 3})


def walked(records: list[StoredRecord], expected: Expectation | None = None) -> Walk:
    walk = Walk(BOOK, 1, GENESIS, 0)
    walk.take(records, {}, expected)
    return walk


def test_a_sound_chain_is_walked_to_its_end() -> None:
    walk = walked(RECORDS)
    assert (walk.records, walk.broken_position, walk.last_hash) == (3, None, RECORDS[-1].hash)


@pytest.mark.parametrize(
    "broken",
    [
        {"content": '{"period":"2021-02","action":"close"}'},
        {"content": '{"action":"close","period":"2021-03"}'},
        {"content": '{"action": "close","period":"2021-02"}'},
        {"content": "[]"},
        {"content": "nonsense"},
        {"content": '{"n":1e999}'},
        {"content": None},
        {"kind": "fund"},
        {"kind": "entry"},
        {"kind": "proposal"},
        {"format": 2},
        {"seq": 1},
        {"position": 4},
        {"prev_hash": sha256(b"x").digest()},
        {"hash": sha256(b"x").digest()},
    ],
)
def test_a_record_with_anything_changed_is_where_the_chain_breaks(broken: dict[str, object]) -> None:
    walk = walked([RECORDS[0], replace(RECORDS[1], **broken), RECORDS[2]])  # type: ignore[arg-type]
    assert (walk.records, walk.broken_position) == (1, 2)


def test_a_gap_is_broken_where_the_missing_record_should_stand() -> None:
    assert walked([RECORDS[0], RECORDS[2]]).broken_position == 2


def test_another_hash_than_noted_is_found_where_it_was_noted() -> None:
    assert walked(RECORDS, Expectation(2, RECORDS[1].hash)).broken_position is None
    assert walked(RECORDS, Expectation(2, RECORDS[0].hash)).broken_position == 2
    assert walked(RECORDS, Expectation(2, None)).broken_position is None


def test_the_end_of_the_chain_must_be_its_head_and_reach_what_was_noted() -> None:
    walk, last = walked(RECORDS), RECORDS[-1].hash
    assert broken_end(walk, Head(3, 0, last), 3, None) is None
    assert broken_end(walk, Head(4, 0, last), 3, None) == 4
    assert broken_end(walk, Head(2, 0, last), 3, None) == 3
    assert broken_end(walk, Head(3, 1, last), 3, None) == 3
    assert broken_end(walk, Head(3, 0, GENESIS), 3, None) == 3
    assert broken_end(walk, None, 3, None) == 1
    assert broken_end(walk, Head(3, 0, last), 3, Expectation(5, None)) == 4


def test_only_the_canonical_text_of_an_object_is_content() -> None:
    assert read_content('{"a":1,"b":"ä"}') == {"a": 1, "b": "ä"}
    for text in ('{"b":1,"a":2}', '{"a":1} ', '"a"', "", '{"a":9007199254740993}', '{"a":1,"a":1}'):
        assert read_content(text) is None, text


def test_registers_remember_the_last_word_on_every_subject() -> None:
    told = Registers()
    told.learn(1, "book", {"code": BOOK, "name": "x", "first_period": "2021-01", "funds": [], "accounts": []})
    told.learn(2, "period", {"period": "2021-01", "action": "close"})
    told.learn(3, "period", {"period": "2021-01", "action": "reopen"})
    rows: dict[tuple[str, ...], dict[str, Json]] = {
        ("book",): {"code": BOOK, "name": "x", "first_period": "2021-01"},
        ("period", "2021-01"): {"status": "open"},
    }
    assert told.first_difference(rows) is None
    assert told.first_difference(rows | {("period", "2021-01"): {"status": "closed"}}) == 3
    assert told.first_difference(rows | {("fund", "ghost"): {}}) == 1
    assert told.first_difference({("book",): rows["book",]}) == 3
