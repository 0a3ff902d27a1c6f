"""The values of the first visible sheet of an XLSX file, read part by part with every size counted.

An XLSX file is a ZIP of XML, and hostile ones are cheap to make: a few kilobytes unpack to gigabytes, one cell at XFD1048576 makes
a dense grid of seventeen billion cells, and a ``count`` attribute makes native readers ask for memory until the process dies (tried;
docs/adr/0011). So nothing here believes what a file says about sizes: parts are counted while they unpack, cells live in a
sparse grid, document types are refused, and counts are not read at all.
"""

import lzma
import os
import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import BinaryIO, Final
from xml.parsers import expat

from common.spreadsheets.text import LONGEST_CELL, cell_text, cell_too_long, fault, not_a_spreadsheet, too_many

Value = str | Decimal | date | datetime | None

_CHUNK: Final = 64 * 1024
MOST_ELEMENTS: Final = 4_000_000
# What Python's zipfile and its decompressors raise for broken, encrypted or exotic archives, and the XML parser for broken parts.
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError,
    IndexError, expat.ExpatError,
)  # fmt: skip
_PLACE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_ROW: Final = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
# ECMA-376 part 1, 18.8.30: the formats every program knows without being told, and the East Asian dates.
_DAY_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_FORMAT: Final = re.compile(r'"[^"]*"|\\.|_.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_MOST_DIGITS: Final = 400
"""More digits before or behind the point than a spreadsheet program's numbers have: such a one is read as a text."""
_MOST_CHARACTERS: Final = 8 * LONGEST_CELL
"""Of a cell while it is read: a character may be written as `_x0041_`."""
_DIRECTORY_BYTES: Final = 512 * 1024
"""Of an archive: each entry takes at least 46."""
_END_BYTES: Final = 22
_END64_BYTES: Final = 76
"""The ZIP64 end record and its locator, before the end record."""
_COMMENT_BYTES: Final = 64 * 1024
_LAST_SERIAL: Final = 2_958_466  # 10000-01-01
_LEAP_BUG: Final = 60  # the day 1900-02-29, which only spreadsheets know
_NOTHING: Final[dict[str, str]] = {}


def sheet_rows(content: bytes, *, unpacked_bytes: int, rows: int, columns: int) -> dict[int, dict[int, Value]]:
    """Return the first visible sheet's cells by row and column, both from 1. Raises ``invalid_request`` naming ``file``."""
    try:
        with _archive(BytesIO(content)) as archive:
            book = _Book(archive, unpacked_bytes, MOST_ELEMENTS)
            sheet, shared, day_styles = book.open()
            grid = _Grid(rows, columns, shared, day_styles, since_1904=book.since_1904)
            book.walk(sheet, grid.start, grid.end)
            return grid.cells
    except _BROKEN:
        raise not_a_spreadsheet() from None


def sheet_rows_in_order(
    file: BinaryIO, *, unpacked_bytes: int, rows: int, columns: int, elements: int
) -> Iterator[tuple[int, dict[int, Value]]]:
    """Yield the first visible sheet's rows that hold something, one after the other.

    In memory are the rows of one piece and the sheet's shared texts, packed. Raises as `sheet_rows`, and refuses a sheet whose rows do
    not ascend (no program writes such).
    """
    try:
        with _archive(file) as archive:
            book = _Book(archive, unpacked_bytes, elements)
            sheet, shared, day_styles = book.open()
            grid = _Grid(rows, columns, shared, day_styles, since_1904=book.since_1904)
            last = 0
            for _ in book.pieces(sheet, grid.start, grid.end):
                # The row the piece ends in may go on in the next.
                for number in [number for number in grid.cells if number != grid.row]:
                    if number <= last:
                        raise _out_of_order()
                    yield number, grid.cells.pop(number)
                    last = number
            for number, cells in grid.cells.items():
                if number <= last:
                    raise _out_of_order()
                yield number, cells
    except _BROKEN:
        raise not_a_spreadsheet() from None


def _archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open an archive whose directory is small: Python builds an object for each of its entries at once.

    Looks for the directory's size where `zipfile` does (APPNOTE 4.3.14 to 4.3.16), in the ZIP64 record if there is one.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES - _COMMENT_BYTES - _END64_BYTES))
    tail = file.read()
    file.seek(0)
    at = len(tail) - _END_BYTES
    if not (tail[at:].startswith(b"PK\x05\x06") and tail.endswith(b"\x00\x00")):
        at = tail.rfind(b"PK\x05\x06", max(0, at - _COMMENT_BYTES))
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    larger = tail[at - _END64_BYTES : at] if at >= _END64_BYTES else b""
    if larger.startswith(b"PK\x06\x06") and larger[56:].startswith(b"PK\x06\x07"):
        directory = int.from_bytes(larger[40:48], "little")
    if at < 0 or directory > _DIRECTORY_BYTES:
        raise not_a_spreadsheet()
    return zipfile.ZipFile(file)


@dataclass(slots=True)
class _Text:
    """Collects the characters of an element while it is open."""

    pieces: list[str] | None = None
    length: int = 0
    """Characters since the last cell or shared text began, in whichever elements; more than any cell has are refused."""

    def begin(self) -> None:
        self.pieces = []

    def add(self, data: str) -> None:
        if self.pieces is not None:
            self.length += len(data)
            if self.length > _MOST_CHARACTERS:
                raise cell_too_long()
            self.pieces.append(data)

    def take(self) -> str:
        found = "".join(self.pieces or ())
        self.pieces = None
        return found


class _Texts:
    """The shared texts of a workbook in one run of bytes: a list of strings would take several times as much."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str | None) -> None:
        """Add a text; None is an empty one."""
        if text is not None:
            self._bytes += text.encode("utf-8")
        self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str | None:
        """Return the text of an index. Raises IndexError."""
        if not 0 <= index < len(self._ends) - 1:
            raise IndexError(index)
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode("utf-8") or None


class _Book:
    """The parts of one archive."""

    def __init__(self, archive: zipfile.ZipFile, left: int, elements_left: int) -> None:
        self._archive = archive
        self._left = left
        self._elements_left = elements_left
        self.since_1904 = False

    def open(self) -> tuple[str, _Texts, frozenset[int]]:
        """Find the sheet; read shared texts and the styles that mean a day."""
        book = next(iter(self._related("", "officeDocument").values()), "xl/workbook.xml")
        wanted = self._first_visible(book)
        sheet = self._related(book, "worksheet")[wanted]
        shared = _Texts()
        for part in self._related(book, "sharedStrings").values():
            self._read_texts(part, shared)
        styles = [style for part in self._related(book, "styles").values() for style in self._day_styles(part)]
        return sheet, shared, frozenset(styles)

    def walk(
        self,
        part: str,
        start: Callable[[str, dict[str, str], _Text], None],
        end: Callable[[str, _Text], None],
    ) -> None:
        """Read one part, counted, and hand its elements out by their local names."""
        for _ in self.pieces(part, start, end):
            pass

    def pieces(
        self,
        part: str,
        start: Callable[[str, dict[str, str], _Text], None],
        end: Callable[[str, _Text], None],
    ) -> Iterator[None]:
        """As `walk`, pausing after each piece of the part."""
        text = _Text()

        def started(name: str, attributes: dict[str, str]) -> None:
            self._elements_left -= 1
            if self._elements_left < 0:
                raise _too_large()
            start(name.rpartition(" ")[2], attributes, text)

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = started
        parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2], text)
        parser.CharacterDataHandler = text.add
        parser.StartDoctypeDeclHandler = _refuse_doctype
        with self._archive.open(part) as packed:
            while piece := packed.read(_CHUNK):
                self._left -= len(piece)
                if self._left < 0:
                    raise _too_large()
                parser.Parse(piece, False)
                yield
        parser.Parse(b"", True)

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of a kind that a part is related to, by relation id; the archive itself is the part ``""``."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, str] = {}
        if relations not in self._archive.NameToInfo:
            return found

        def start(element: str, attributes: dict[str, str], _text: _Text) -> None:
            if element == "Relationship" and attributes["Type"].endswith(f"/{kind}"):
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
                found[attributes["Id"]] = target.lstrip("/")

        self.walk(relations, start, _ignore)
        return found

    def _first_visible(self, book: str) -> str:
        visible: list[str] = []
        sheets = self._related(book, "worksheet")

        def start(element: str, attributes: dict[str, str], _text: _Text) -> None:
            if element == "workbookPr":
                self.since_1904 = attributes.get("date1904") in {"1", "true"}
            elif element == "sheet" and attributes.get("state", "visible") == "visible":
                visible.extend(value for name, value in attributes.items() if name.endswith(" id") and value in sheets)

        self.walk(book, start, _ignore)
        return visible[0]

    def _read_texts(self, part: str, texts: _Texts) -> None:
        runs: list[str] = []
        phonetic = 0

        def start(element: str, _attributes: dict[str, str], text: _Text) -> None:
            nonlocal phonetic
            if element == "t" and not phonetic:
                text.begin()
            elif element == "rPh":  # how the text is pronounced
                phonetic += 1

        def end(element: str, text: _Text) -> None:
            nonlocal phonetic
            if element == "t" and text.pieces is not None:
                runs.append(text.take())
            elif element == "rPh":
                phonetic -= 1
            elif element == "si":
                texts.append(_clean("".join(runs)))
                runs.clear()
                text.length = 0

        self.walk(part, start, end)

    def _day_styles(self, part: str) -> list[int]:
        day_formats = set(_DAY_FORMATS)
        formats_of_styles: list[int] = []
        within: list[str] = []

        def start(element: str, attributes: dict[str, str], _text: _Text) -> None:
            if element == "numFmt" and _is_day_format(attributes["formatCode"]):
                day_formats.add(int(attributes["numFmtId"]))
            elif element == "xf" and within[-1:] == ["cellXfs"]:
                formats_of_styles.append(int(attributes.get("numFmtId", "0")))
            within.append(element)

        def end(_element: str, _text: _Text) -> None:
            within.pop()

        self.walk(part, start, end)
        return [number for number, used in enumerate(formats_of_styles) if used in day_formats]


@dataclass(slots=True)
class _Grid:
    """Collects the cells of a sheet."""

    most_rows: int
    most_columns: int
    shared: _Texts
    day_styles: frozenset[int]
    since_1904: bool
    cells: dict[int, dict[int, Value]] = field(default_factory=dict)
    row: int = 0
    column: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    value: str = ""
    is_phonetic: bool = False

    def start(self, element: str, attributes: dict[str, str], text: _Text) -> None:
        """Take note of where the next cell stands, and of what is written in it."""
        match element:
            case "row":
                stated = _stated(_ROW, attributes)
                self.row = self.row + 1 if stated is None else int(stated[0])
                self.column = 0
            case "c":
                stated = _stated(_PLACE, attributes)
                self.column = self.column + 1 if stated is None else _column_number(stated[1])
                self.row = self.row if stated is None else int(stated[2])
                self.attributes, self.value = attributes, ""
                text.length = 0
            case "v":
                text.begin()
            case "t" if not self.is_phonetic:
                text.begin()
            case "rPh":
                self.is_phonetic = True

    def end(self, element: str, text: _Text) -> None:
        """Put a finished cell into the grid."""
        match element:
            case "v" | "t" if text.pieces is not None:
                self.value += text.take()
            case "rPh":
                self.is_phonetic = False
            case "c":
                self._put(self._read())

    def _put(self, value: Value) -> None:
        if value is None:
            return
        if self.row > self.most_rows:
            raise too_many("rows", self.most_rows)
        if self.column > self.most_columns:
            raise too_many("columns", self.most_columns)
        self.cells.setdefault(self.row, {})[self.column] = value

    def _read(self) -> Value:
        match self.attributes.get("t", "n"):
            case "s":
                return self.shared[int(self.value)] if self.value else None
            case "b":
                return "TRUE" if self.value.strip() == "1" else "FALSE"
            case "d":
                return datetime.fromisoformat(self.value.strip()).replace(tzinfo=None)
            case "n":
                return self._number()
            case _:
                return _clean(self.value)

    def _number(self) -> Value:
        """The exact decimal the file holds, or the day where the cell's style says that it counts days."""
        if not self.value.strip():
            return None
        try:
            number = Decimal(self.value.strip())
        except InvalidOperation:
            return _clean(self.value)
        if not number.is_finite() or not -_MOST_DIGITS < number.adjusted() < _MOST_DIGITS:
            # No number anybody counts with. As a text it is refused where an amount is meant, and costs nothing where a text is.
            return _clean(self.value)
        if int(self.attributes.get("s", "0")) not in self.day_styles:
            return number
        return self._day(number)

    def _day(self, serial: Decimal) -> Value:
        if not 1 <= serial < _LAST_SERIAL or int(serial) == _LEAP_BUG:
            return serial
        first = (1904, 1, 1) if self.since_1904 else (1899, 12, 31 if serial < _LEAP_BUG else 30)
        epoch = datetime(*first)  # noqa: DTZ001 - a spreadsheet knows no zone
        try:
            moment = epoch + timedelta(seconds=int((serial * 86_400).to_integral_value()))
        except OverflowError:
            return serial
        return moment.date() if serial == int(serial) else moment


def _stated(form: re.Pattern[str], attributes: dict[str, str]) -> re.Match[str] | None:
    """Where an element says it stands, if it does."""
    if "r" not in attributes:
        return None
    found = form.fullmatch(attributes["r"])
    if found is None:
        raise ValueError("a place no spreadsheet has")
    return found


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _is_day_format(code: str) -> bool:
    return re.search("[ymdhs]", _NOT_FORMAT.sub("", code), re.IGNORECASE) is not None


def _clean(value: str) -> str | None:
    return cell_text(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), value))


def _ignore(_element: str, _text: _Text) -> None:
    pass


def _refuse_doctype(*_declaration: object) -> None:
    raise ValueError("a spreadsheet declares no document type")


def _out_of_order() -> Exception:
    return fault("rows_out_of_order", "工作表的行次序混乱。", "The rows of the sheet do not ascend.")


def _too_large() -> Exception:
    return fault("file_too_large", "文件解压后过大。", "The file is too large once unpacked.")
