"""Finding personal numbers in free text: Chinese ID numbers, mobile numbers, bank cards.

Owns the detection used to refuse such text (``personal_data_in_text``) and to redact logs. It is a net, not a
proof: it is meant to catch what people paste, also with full-width digits, blanks or hyphens in between, and
to leave dates, amounts, UUIDs, hashes and voucher or claim numbers alone.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

PersonalDataKind = Literal["id_number", "mobile", "bank_card"]

# GB/T 2260, first two digits of an area code: the provinces and the special regions.
_PROVINCES: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
# GB 11643-1999: weights of the first seventeen digits, and the check characters by remainder.
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"

_UUID: Final = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE
)
_HEX_WORD: Final = re.compile(r"(?<![0-9a-z])(?=(?:[0-9]*[a-f]){3})[0-9a-f]{24,}(?![0-9a-z])", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(?<![0-9])(?:19|20|21)[0-9]{2}([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
)
_RUN: Final = re.compile(r"[0-9]+(?:[ -]{1,2}[0-9]+)*(?:[ -]{0,2}[Xx](?![0-9A-Za-z]))?")
_LONGEST_NAME: Final = 4
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_MOBILE_PREFIXES: Final = ("", "86", "0086")
_COMPACT_DATE: Final = re.compile(r"(?:19|20|21)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_SHORTEST_NUMBER: Final = 11
# Most texts hold too few digits for any number, and the check runs on every text posted and every line logged.
_MANY_DIGITS: Final = re.compile(r"(?:[^0-9]*[0-9]){11}")
_LONGEST_NUMBER: Final = 19

# Where people put gaps into a number. Without this, a voucher number like C-610923-2026-0000123 is a card now and then.
_ID_GAPS: Final = (frozenset({6, 10, 12, 14, 17}), frozenset({4, 8, 12, 16}), frozenset({3, 6, 9, 12, 15}))
_OLD_ID_GAPS: Final = (frozenset({6, 8, 10, 12}), frozenset({3, 6, 9, 12}))
_MOBILE_GAPS: Final = (frozenset({3, 7}), frozenset({4, 8}), frozenset({3, 6, 9}))
_CARD_GAPS: Final = (frozenset({4, 8, 12, 16}),)
_NEVER_FIRST: Final = frozenset({1, 2, 5})


@dataclass(frozen=True, slots=True)
class _Number:
    """Digits that may be one number, and after how many of them a blank or hyphen stood."""

    digits: str
    gaps: frozenset[int]
    is_whole_run: bool

    def is_written_in(self, groupings: tuple[frozenset[int], ...], offset: int = 0) -> bool:
        """Tell whether the gaps stand where people put them; `offset` digits of a prefix come before the number."""
        gaps = {gap - offset for gap in self.gaps} - {0}
        one_by_one = self.is_whole_run and len(gaps) == len(self.digits) - 1
        return one_by_one or any(gaps <= grouping for grouping in groupings)


def personal_data_in(text: str) -> PersonalDataKind | None:
    """Say which kind of personal number a text contains, or None.

    An ID number is 18 characters with a province, and a possible birth date or a right check character (15 digits
    for the old form); a mobile number is ``1[3-9]`` and nine digits, with or without +86; a bank card is 16 to 19
    digits passing Luhn's check.
    """
    if text.isascii() and _MANY_DIGITS.match(text) is None:
        return None
    if not any(map(str.isnumeric, text)):
        return None
    plain = _HEX_WORD.sub("|", _UUID.sub("|", normalised(text)))
    if any(_is_id_number(number) for number in _numbers(plain)):
        return "id_number"
    # Dates go only now: an ID number written 612424-1990-01-01-1234 has one inside.
    undated = _DATE.sub("|", plain)
    for number in _numbers(undated):
        if _is_mobile(number):
            return "mobile"
        if _is_bank_card(number):
            return "bank_card"
    return None


def masked(text: str) -> str:
    """Return a text in which every personal number is stars but for its last four characters.

    A text without one comes back as it was; of others, digits and blanks come back in their plain form. What is left passes
    `personal_data_in`: where the number found cannot be told from its neighbours, every long row of digits is masked.
    """
    if personal_data_in(text) is None:
        return text
    plain = normalised(text)
    plain = _RUN.sub(lambda run: _stars(run.group()) if personal_data_in(run.group()) else run.group(), plain)
    if personal_data_in(plain) is not None:
        plain = _RUN.sub(lambda run: _stars(run.group()), plain)
    return plain if personal_data_in(plain) is None else re.sub("[0-9]", "*", plain)


def masked_name(name: str) -> str:
    """Return a name as it may be shown: a person's but for its first character hidden, an organisation's whole, numbers masked.

    Up to four characters are taken for a person's name, as is any with the dot of foreign ones [assumed].
    """
    plain = masked(name)
    is_person = len(plain) <= _LONGEST_NAME or "·" in plain
    return plain[0] + "*" * (len(plain) - 1) if is_person else plain


def _stars(run: str) -> str:
    """Mask a row of digits; blanks in it stay, short rows have nothing to hide."""
    length = sum(character.isalnum() for character in run)
    if length < _SHORTEST_NUMBER:
        return run
    seen = 0
    shown = ""
    for character in run:
        seen += character.isalnum()
        shown += "*" if character.isalnum() and seen <= length - 4 else character
    return shown


def normalised(text: str) -> str:
    """Write digits of every script as 0-9, dashes as ``-``, blanks as one space; drop invisible characters."""
    return "".join(map(_normal_character, unicodedata.normalize("NFKC", text)))


def id_number_checksum_is_valid(number: str) -> bool:
    """Tell whether 18 characters carry the right check character of GB 11643-1999."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK_CHARACTERS[total % 11] == number[17]


def luhn_is_valid(number: str) -> bool:
    """Tell whether the digits pass Luhn's check (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(map(int, reversed(number))):
        total += digit if index % 2 == 0 else sum(divmod(2 * digit, 10))
    return total % 10 == 0


def _normal_character(character: str) -> str:
    if character.isascii():
        return " " if character.isspace() else character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in {"Cf", "Mn"}:
        return ""
    return {"Pd": "-", "Zs": " ", "Zl": " ", "Zp": " "}.get(category, character)


def _numbers(plain: str) -> Iterator[_Number]:
    """Yield every number that neighbouring groups of digits could form together, with the places of its gaps."""
    for run in _RUN.finditer(plain):
        groups = [group for group in re.split(r"[ -]+", run.group().upper()) if group]
        for start, first in enumerate(groups):
            if len(first) in _NEVER_FIRST and first != "86" and len(groups) > _LONGEST_NUMBER:
                continue  # a long row of short numbers: a table, not one number
            digits = ""
            gaps: list[int] = []
            for end, group in enumerate(groups[start : start + _LONGEST_NUMBER], start + 1):
                digits += group
                if len(digits) > _LONGEST_NUMBER:
                    break
                if len(digits) >= _SHORTEST_NUMBER:
                    yield _Number(digits, frozenset(gaps), is_whole_run=start == 0 and end == len(groups))
                gaps.append(len(digits))


def _is_id_number(number: _Number) -> bool:
    digits = number.digits
    if not _PROVINCES.match(digits):
        return False
    if len(digits) == 18 and number.is_written_in(_ID_GAPS):  # noqa: PLR2004 - the length of an ID number, GB 11643-1999
        return _is_birth_date(digits[6:14]) or id_number_checksum_is_valid(digits)
    # The old form of GB 11643-1989: fifteen digits with a two-digit year.
    return (
        len(digits) == 15  # noqa: PLR2004
        and digits.isdecimal()
        and number.is_written_in(_OLD_ID_GAPS)
        and _is_birth_date("19" + digits[6:12])
    )


def _is_mobile(number: _Number) -> bool:
    return any(
        _MOBILE.fullmatch(number.digits.removeprefix(prefix)) is not None
        and number.digits.startswith(prefix)
        and number.is_written_in(_MOBILE_GAPS, offset=len(prefix))
        for prefix in _MOBILE_PREFIXES
    )


def _is_birth_date(digits: str) -> bool:
    if not digits.isdecimal():
        return False
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1850 <= born.year < 2100  # noqa: PLR2004 - nobody living is outside


def _is_bank_card(number: _Number) -> bool:
    # A number that starts with zero or with a date is a voucher, serial or time stamp, not a card.
    digits = number.digits
    return (
        16 <= len(digits) <= _LONGEST_NUMBER  # noqa: PLR2004 - ISO/IEC 7812-1 lengths in use in China
        and digits.isdecimal()
        and digits[0] != "0"
        and number.is_written_in(_CARD_GAPS)
        and not _COMPACT_DATE.match(digits)
        and luhn_is_valid(digits)
    )
