"""Amounts: integers of fen (1/100 yuan), never floats.

Owns the wire types of amounts and their printed form. It does no arithmetic: adding and comparing integers
needs no help.
"""

from typing import Annotated, Final

from pydantic import Field

MAX_FEN: Final = 10**15
"""The largest amount accepted anywhere: ten trillion yuan; a sum of nine thousand of them still fits bigint."""

Fen = Annotated[
    int,
    Field(
        strict=True, ge=1, le=MAX_FEN, description="Amount in fen (1/100 yuan), a positive integer. 金额，单位：分。"
    ),
]
"""A positive amount on the wire. Booleans, texts and 5.0 are refused."""

FenOrZero = Annotated[
    int,
    Field(
        strict=True, ge=0, le=MAX_FEN, description="Amount in fen (1/100 yuan), zero allowed. 金额，单位：分，可为零。"
    ),
]
"""An amount that may be zero."""

SignedFen = Annotated[
    int,
    Field(strict=True, description="Amount in fen (1/100 yuan), negative allowed. 金额，单位：分，可为负。"),
]
"""A difference or a balance in an answer: unbounded, because sums of amounts exceed MAX_FEN."""


def yuan(fen: int) -> str:
    """Print an amount of fen as yuan with thousands separators: ``509800`` becomes ``"5,098.00"``."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{cents:02d}"
