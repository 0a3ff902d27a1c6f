"""Wire types of the audit room."""

from common.web import Wire, example

_HASH = "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455"


class ChainHeadOut(Wire):
    """Where the book's chain stands: note it elsewhere, and verification tells later whether anything before it changed."""

    model_config = example({"position": 437, "seq": 412, "hash": _HASH, "suite": "sha256"})

    position: int
    """How many records the chain has."""
    seq: int
    """How many entries the book has."""
    hash: str
    """The last record's hash, hexadecimal."""
    suite: str
    """The hash function."""


class VerificationOut(Wire):
    """What verifying the chain found."""

    model_config = example(
        {
            "verified": True,
            "records": 437,
            "head": {"position": 437, "seq": 412, "hash": _HASH, "suite": "sha256"},
            "first_broken_position": None,
        }
    )

    verified: bool
    records: int
    """How many records were recomputed and found sound, up to the first that was not."""
    head: ChainHeadOut
    first_broken_position: int | None
    """The first position that does not hold what it must; one past the last record if the tail is missing."""
