"""Lists of invented households for tests of imports: as large as wanted, with broken rows of every kind planted at known places."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import xlsxwriter

HEADINGS: Final = (
    "户编号", "乡镇", "村", "农户类别", "姓名", "身份证号码", "与户主关系", "出生日期", "联系电话", "家庭年收入（元）", "收入年度",
    "银行账号", "帮扶责任人",
)  # fmt: skip
NUMBER, TOWN, VILLAGE, CATEGORY, NAME, ID, RELATION, BIRTH, PHONE, INCOME, YEAR, ACCOUNT, CADRE = range(13)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RELATIONS: Final = ("户主", "配偶", "长子", "女儿")
_FIRST: Final = dt.date(1940, 1, 1)
_MEMBERS: Final = (1, 3, 2, 4)

Row = list[str]
Said = list[tuple[int, int, str]]
"""What a kind must be refused for: index of the row within its household, column, code."""


def check_digit(body: str) -> str:
    """The check digit of GB 11643."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def nobody(order: int) -> str:
    """An ID number of nobody, another one for each order: its area code, 99…, is no place."""
    born = _FIRST + dt.timedelta(days=order % 20_000)
    body = f"99{order // 20_000 % 10_000:04d}{born:%Y%m%d}{order % 1000:03d}"
    return body + check_digit(body)


def household(order: int) -> list[Row]:
    """A good household of one to four members: what is said of the household stands on the head's row."""
    rows = []
    for place in range(_MEMBERS[order % 4]):
        number = nobody(order * 4 + place)
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        row = [
            f"NS-{order:06d}",
            "",
            "",
            "",
            f"示例{order}号{place}",
            number,
            _RELATIONS[place],
            born,
            "",
            "",
            "",
            "",
            "",
        ]
        if place == 0:
            row[TOWN:NAME] = ["城关镇", "610923100213", "边缘易致贫户"]
            row[PHONE] = f"199{order % 100_000_000:08d}"
            row[INCOME:] = [f"{order % 90 + 10},{order % 1000:03d}.50", "2025", f"999999{order:013d}", "示例干部"]
        rows.append(row)
    return rows


def _set(place: int, column: int, value: str, code: str, *, said: int | None = None) -> Callable[[list[Row]], Said]:
    """A kind that writes a value into one cell."""

    def plant(rows: list[Row]) -> Said:
        rows[place][column] = value
        return [(place, column if said is None else said, code)]

    return plant


def _wrong_check_digit(rows: list[Row]) -> Said:
    number = rows[1][ID]
    rows[1][ID] = number[:17] + ("0" if number[17] != "0" else "1")
    return [(1, ID, "id_number_checksum")]


def _no_such_day(rows: list[Row]) -> Said:
    body = rows[1][ID][:10] + "0230" + rows[1][ID][14:17]
    rows[1][ID] = body + check_digit(body)
    return [(1, ID, "id_number_birth")]


def _born_tomorrow(rows: list[Row]) -> Said:
    body = rows[1][ID][:6] + "20990101" + rows[1][ID][14:17]
    rows[1][ID], rows[1][BIRTH] = body + check_digit(body), ""
    return [(1, ID, "id_number_birth_future")]


def _same_person(rows: list[Row]) -> Said:
    rows[1][ID], rows[1][BIRTH] = rows[0][ID], ""
    return [(1, ID, "person_twice")]


def _number_is_an_id(rows: list[Row]) -> Said:
    for row in rows:
        row[NUMBER] = rows[0][ID]
    return [(place, NUMBER, "personal_data_in_text") for place in range(len(rows))]


def _two_faults(rows: list[Row]) -> Said:
    rows[1][NAME], rows[1][PHONE] = "", "12345"
    return [(1, NAME, "required"), (1, PHONE, "phone_invalid")]


APART: Final = "apart"
KINDS: Final[dict[str, Callable[[list[Row]], Said]]] = {
    "check digit": _wrong_check_digit,
    "too short an ID number": _set(1, ID, "99000019800101", "id_number_shape"),
    "no such day of birth": _no_such_day,
    "born in the future": _born_tomorrow,
    "ID number missing": _set(1, ID, "", "required"),
    "another day of birth": _set(1, BIRTH, "1977-07-07", "birth_on_disagrees"),
    "no day at all": _set(1, BIRTH, "七月", "not_a_date"),
    "phone": _set(0, PHONE, "12345", "phone_invalid"),
    "unknown relation": _set(1, RELATION, "邻居", "unknown_relation"),
    "no head": _set(0, RELATION, "配偶", "one_head"),
    "two heads": _set(1, RELATION, "户主", "one_head"),
    "one person twice": _same_person,
    "unknown town": _set(0, TOWN, "无此镇", "unknown_division"),
    "unknown village": _set(0, VILLAGE, "无此村", "unknown_division"),
    "village missing": _set(0, VILLAGE, "", "required"),
    "unknown category": _set(0, CATEGORY, "贫困户", "unknown_category"),
    "no amount": _set(0, INCOME, "一万元", "not_an_amount"),
    "negative amount": _set(0, INCOME, "-1.00", "too_small"),
    "parts of a fen": _set(0, INCOME, "1.005", "parts_of_a_fen"),
    "amount missing": _set(0, INCOME, "", "required"),
    "year to come": _set(0, YEAR, "2199", "future_year"),
    "no year": _set(0, YEAR, "去年", "not_a_year"),
    "account": _set(0, ACCOUNT, "1234", "bank_account_shape"),
    "phone in the cadre": _set(0, CADRE, "示例 13800000000", "personal_data_in_text"),
    "name missing": _set(1, NAME, "", "required"),
    "name too long": _set(1, NAME, "长" * 101, "too_long"),
    "formula": _set(1, NAME, "=1+1", "formula"),
    "error value": _set(1, NAME, "#N/A", "formula"),
    "number missing": _set(1, NUMBER, "", "required"),
    "differs from the head": _set(1, YEAR, "2019", "differs_from_head"),
    "number is an ID number": _number_is_an_id,
    "two faults": _two_faults,
    APART: lambda _rows: [],
}


@dataclass(slots=True)
class Listed:
    """What a list holds: its rows in order (row 1 is the headings), and what must become of them."""

    households: int = 0
    rows: int = 0
    good: set[str] = field(default_factory=set)
    """Numbers of the good households."""
    refused: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    """By row number: heading and code of everything the row must be refused for."""
    kinds: set[str] = field(default_factory=set)


def lines(households: int, broken_every: int, listed: Listed) -> Iterator[Row]:
    """Yield the rows of a list with one broken household in so many, noting what must become of them."""
    kinds = list(KINDS)
    number, broken = 1, 0
    strays: list[tuple[Row, int]] = []
    for order in range(households):
        rows = household(order)
        said: Said = []
        if broken_every and order % broken_every == broken_every - 1:
            while len(rows) < 2:
                rows.append(_second(order))
            kind = kinds[broken % len(kinds)]
            broken += 1
            listed.kinds.add(kind)
            said = KINDS[kind](rows)
            if kind == APART:
                stray = rows.pop()
                stray[TOWN:NAME], stray[INCOME : YEAR + 1] = rows[0][TOWN:NAME], rows[0][INCOME : YEAR + 1]
                strays.append((stray, len(listed.refused)))
                said = [(place, NUMBER, "household_not_together") for place in range(len(rows))]
            _expect(listed, rows, said, number)
        else:
            listed.good.add(rows[0][NUMBER])
        for row in rows:
            number += 1
            yield row
    for stray, _ in strays:
        number += 1
        listed.refused[number] = sorted([("与户主关系", "one_head"), ("户编号", "household_not_together")])
        yield stray
    listed.households, listed.rows = households, number - 1


def _second(order: int) -> Row:
    number = nobody(order * 4 + 1)
    return [f"NS-{order:06d}", "", "", "", f"示例{order}号1", number, "配偶", "", "", "", "", "", ""]


def _expect(listed: Listed, rows: list[Row], said: Said, last: int) -> None:
    for place in range(len(rows)):
        faults = [(HEADINGS[column], code) for at, column, code in said if at == place]
        listed.refused[last + 1 + place] = sorted(faults or [("户编号", "household_refused")])


def write_csv(path: Path, households: int, broken_every: int = 0, encoding: str = "utf-8-sig") -> Listed:
    """Write a list as CSV, row by row."""
    listed = Listed()
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(lines(households, broken_every, listed))
    return listed


def write_xlsx(path: Path, households: int, broken_every: int = 0) -> Listed:
    """Write a list as XLSX, row by row; every cell is a text, kept among the shared texts as spreadsheet programs do."""
    listed = Listed()
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False})
    page = book.add_worksheet("名单")
    page.write_row(0, 0, HEADINGS)
    for place, row in enumerate(lines(households, broken_every, listed), 1):
        for column, value in enumerate(row):
            if value:
                page.write_string(place, column, value)
    book.close()
    return listed
