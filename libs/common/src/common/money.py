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


def plain_yuan(fen: int) -> str:
    """Print an amount of fen as a plain decimal of yuan, for files and programs: ``509800`` becomes ``"5098.00"``."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    return f"{sign}{whole}.{cents:02d}"


_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万")
"""Groups of four digits; the fourth counts in 亿 too, so 万亿 is written 万 with the 亿 of the group below it."""
CAPITALS_BELOW_FEN: Final = 10**18
"""Amounts below this can be written in capitals."""


def capitals(fen: int) -> str:
    """Write an amount in capitals 大写, as vouchers and bank forms do: ``168032`` becomes ``"人民币壹仟陆佰捌拾元零叁角贰分"``.

    As the rules for filling in payment instruments 正确填写票据和结算凭证的基本规定 (支付结算办法, 银发〔1997〕393号) have it:
    整 after 元 and 角, none after 分; zeros within the number are read once; where the units of yuan or the 角 are zero,
    零 stands before what follows; where the units of 万 are zero and the thousands are not, none does.
    A negative (red) amount begins with 负 [assumed]. Raises ``ValueError`` from ten quadrillion yuan on.
    """
    if abs(fen) >= CAPITALS_BELOW_FEN:
        message = "the amount is too large to be written in capitals"
        raise ValueError(message)
    whole, cents = divmod(abs(fen), 100)
    jiao, rest = divmod(cents, 10)
    text = "人民币" + ("负" if fen < 0 else "")
    if whole or not cents:
        text += (_whole_capitals(whole) or "零") + "元"
    if not cents:
        return text + "整"
    if whole and (not jiao or whole % 10 == 0):
        text += "零"
    if jiao:
        text += _DIGITS[jiao] + "角"
    return text + (_DIGITS[rest] + "分" if rest else "整")


def _whole_capitals(number: int) -> str:
    text, zero = "", False
    for place in range(15, -1, -1):
        group, within = divmod(place, 4)
        digit = number // 10**place % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + _PLACES[within]
            zero = False
        else:
            zero = True
        if within == 0 and text and _is_said(number, group):
            text += _GROUPS[group]
            zero = False
    return text


def _is_said(number: int, group: int) -> bool:
    """Tell whether the unit of a group of four digits is spoken: its own digits, and 亿 for everything above it."""
    return bool(number // 10**8) if group == 2 else bool(number // 10 ** (4 * group) % 10_000)  # noqa: PLR2004 - the group 亿
