"""A sealed content opens whole and in order, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.crypto import DecryptionError
from common.sealed_stream import CHUNK_BYTES, Opener, Sealer, new_content_key, sealed_size

KEY = new_content_key()
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]


def seal(content: bytes, piece: int = 100_000, *, key: bytes = KEY, context: str = "a") -> bytes:
    sealer = Sealer(key, context)
    parts = [sealer.feed(content[start : start + piece]) for start in range(0, len(content), piece)]
    return b"".join(parts) + sealer.finish()


def opened(sealed: bytes, piece: int = 50_000, *, key: bytes = KEY, context: str = "a") -> bytes:
    opener = Opener(key, context)
    parts = [opener.feed(sealed[start : start + piece]) for start in range(0, len(sealed), piece)]
    return b"".join(parts) + opener.finish()


def content_of(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [4_099, 1_000_000])
def test_what_was_sealed_opens_whatever_the_pieces(size: int, piece: int) -> None:
    content = content_of(size)
    sealed = seal(content, piece)
    assert opened(sealed, piece) == content
    assert len(sealed) == sealed_size(size)
    assert content[:64] not in sealed or not size


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_content_cut_at_any_chunk_or_near_it_does_not_open(size: int) -> None:
    sealed = seal(content_of(size))
    ends = {0, 3, 4, 5, len(sealed) - 1, len(sealed) - 16}
    ends |= {4 + (CHUNK_BYTES + 16) * number + off for number in range(1, 4) for off in (-1, 0, 1)}
    for end in sorted(end for end in ends if 0 <= end < len(sealed)):
        with pytest.raises(DecryptionError):
            opened(sealed[:end])


def test_chunks_do_not_move_within_a_content_or_between_two() -> None:
    size = 3 * CHUNK_BYTES
    one, other = seal(content_of(size)), seal(content_of(size)[::-1], key=new_content_key())
    step = CHUNK_BYTES + 16
    chunks = [one[4 + step * number : 4 + step * (number + 1)] for number in range(3)]
    swapped = one[:4] + chunks[1] + chunks[0] + chunks[2]
    doubled = one[:4] + chunks[0] + chunks[0] + chunks[1] + chunks[2]
    shorter = one[:4] + chunks[0] + chunks[2]
    spliced = one[: 4 + step] + other[4 + step :]
    for sealed in (swapped, doubled, shorter, spliced, one + b"\x00", one + chunks[2]):
        with pytest.raises(DecryptionError):
            opened(sealed)
    with pytest.raises(DecryptionError):
        opened(one, context="b")
    with pytest.raises(DecryptionError):
        opened(one, key=new_content_key())


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, sealed_size(CHUNK_BYTES + 9) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_found(place: int, bit: int) -> None:
    sealed = bytearray(seal(content_of(CHUNK_BYTES + 9)))
    sealed[place] ^= 1 << bit
    with pytest.raises(DecryptionError):
        opened(bytes(sealed))
