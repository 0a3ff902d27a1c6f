"""What was erased of a claim reads `erased`; it never fails to open."""

from __future__ import annotations

from uuid import UUID

import pytest

from claims.claims.sealing import ClaimSeal
from common.crypto import ERASED, ERASED_TEXT, FieldCipher, KeyRing, SealingKey

CLAIM = UUID(int=1)
RING = KeyRing("k1", {"k1": SealingKey(b"k" * 32)}, b"i" * 32)


@pytest.mark.parametrize("part", ["raised", "ruling"])
def test_an_objection_that_was_erased_says_so_and_any_other_opens(part: str) -> None:
    seal = ClaimSeal(FieldCipher(RING), "610923")
    assert seal.open_objection(CLAIM, 1, ERASED, part) == ERASED_TEXT
    assert seal.open_objection(CLAIM, 1, seal.seal_objection(CLAIM, 1, "不属实", part), part) == "不属实"
