"""The benchmarks run and prove what they measure. No figure is judged."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deploy.local.state import CHECKOUT
from tests.bench.proof import Holdings, ProofFailedError, check_sums

EMPTY = Holdings(0, 0, 0, 0, 0, 0)


def test_a_tiny_run_prints_every_case_as_a_ratio_and_proves_its_sums() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "fsync=on, synchronous_commit=on" in done.stdout
    for lines in (2, 6):
        for case in ("HTTP single", "HTTP bulk of 50", "engine single", "engine groups of 100"):
            [row] = [row for row in done.stdout.splitlines() if row.startswith(f"{case}, {lines} lines")]
            assert row.split()[-5].endswith("x")
    assert "\nproved: " in done.stdout


@pytest.mark.parametrize(
    "after",
    [
        Holdings(9, 9, 1_000, 1_000, 1_000, 1_000),
        Holdings(10, 10, 999, 999, 999, 999),
        Holdings(10, 11, 1_000, 1_000, 1_000, 1_000),
        Holdings(10, 10, 1_000, 1_000, 1_000, 999),
    ],
    ids=["an entry lost", "a fen lost", "a gap in seq", "a balance that missed a posting"],
)
def test_a_run_that_lost_something_fails(after: Holdings) -> None:
    with pytest.raises(ProofFailedError):
        check_sums(EMPTY, after, 10, 1_000)


def test_a_run_that_lost_nothing_passes() -> None:
    check_sums(EMPTY, Holdings(10, 10, 1_000, 1_000, 1_000, 1_000), 10, 1_000)
