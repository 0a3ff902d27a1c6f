"""One running system for the contract tests of a test process: starting it costs more than they do."""

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, StackSeed, running_stack


@pytest.fixture(scope="package")
def running(seed: StackSeed) -> Iterator[Stack]:
    """The whole system, shared; tests use books or ids of their own."""
    with running_stack(seed=seed) as made:
        yield made
