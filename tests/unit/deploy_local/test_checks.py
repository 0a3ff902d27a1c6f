"""The project's own checks find what they are for."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from deploy.checks import door, lock
from deploy.local.account import Account
from deploy.local.state import CHECKOUT

GOOD = "click==8.1.0 \\\n    --hash=sha256:aa\n"


def test_the_lock_of_this_checkout_is_whole() -> None:
    assert lock.faults() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("click==8.1.0\n", "click==8.1.0 has no hash"),
        ("click>=8 \\\n    --hash=sha256:aa\n", "click>=8 is not pinned"),
        ("click @ https://example.org/click.whl \\\n    --hash=sha256:aa\n", "an address"),
        ("--index-url https://example.org/simple\n" + GOOD, "an address or an option"),
        ("-e ./libs/common\n" + GOOD, "an address or an option"),
    ],
)
def test_a_lock_with_a_fault_is_found_out(text: str, fault: str) -> None:
    assert any(fault in found for found in lock.lock_faults(text))


def test_a_good_lock_has_no_faults() -> None:
    assert list(lock.lock_faults(GOOD)) == []


@pytest.mark.parametrize(
    "code",
    [
        "connection.execute(insert(posting))",
        "connection.execute(sa.insert(tables.journal_entry).values(x))",
        "connection.execute(posting.insert())",
        "connection.execute(tables.chain_record.delete())",
        "connection.execute(update(posting))",
        "raw.copy_records_to_table('posting', records=rows)",
        "raw.copy_records_to_table(table_name='posting', records=rows)",
        "text('INSERT INTO posting VALUES (1)')",
        "text('truncate table public.chain_record')",
        "f'delete from journal_entry where book = {book}'",
    ],
)
def test_writing_the_journal_outside_its_door_is_found(code: str) -> None:
    assert list(door.writes(ast.parse(code))) != []


@pytest.mark.parametrize(
    "code",
    ["select(posting)", "insert(encumbrance)", "text('SELECT * FROM posting')", "state.update(posting_count=1)"],
)
def test_reading_the_journal_is_nobodys_fault(code: str) -> None:
    assert list(door.writes(ast.parse(code))) == []


def test_nobody_but_the_door_writes_the_journal() -> None:
    assert door.faults() == []


def test_an_account_reaches_a_folder_only_through_passable_parents(tmp_path: Path) -> None:
    stranger = Account("stranger", 12345, 12345)
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "outer").chmod(0o700)
    assert not stranger.reaches(inner)
    owner = Account("owner", (tmp_path / "outer").stat().st_uid, 12345)
    assert owner.may_pass(tmp_path / "outer")


def test_make_alone_explains_every_command() -> None:
    told = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    named = {"setup", "run", "test", "test-long", "check", "bench", "token", "lock", "format", "migrate", "clean"}
    assert named <= {line.split()[0] for line in told.splitlines() if line.startswith("  ")}


def test_the_openapi_documents_are_json_with_sorted_keys() -> None:
    for path in (CHECKOUT / "docs" / "openapi").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n" == text
