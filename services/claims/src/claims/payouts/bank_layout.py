"""How rows of text become a bank's file and back: encoding, separator, quoting, line ends. Pure.

A separator of one character is CSV (RFC 4180) with or without quotes. A separator of several characters, such as `|!`, has no quoting
in any bank's format we know: a cell must then hold none of the separator's characters, and one that does is refused, never altered.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Separator = Annotated[str, StringConstraints(pattern=r"^[,;|!~^#$\t]{1,4}$", strip_whitespace=False)]
_LINE_ENDS: dict[str, str] = {"crlf": "\r\n", "lf": "\n"}


class Data(BaseModel):
    """A piece of the template file: nothing unknown, nothing changed after it is loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Layout(Data):
    """How a file is written; the head of `bank_templates.yaml` explains each field."""

    encoding: Literal["utf-8", "utf-8-sig", "gb18030"]
    separator: Separator
    quoting: Literal["minimal", "all", "never"]
    line_end: Literal["crlf", "lf"]
    closing_separator: bool = False

    @model_validator(mode="after")
    def _can_be_read_back(self) -> Self:
        if len(self.separator) > 1 and self.quoting != "never":
            message = f"a separator of several characters ({self.separator}) cannot be quoted"
            raise ValueError(message)
        return self

    @property
    def charset(self) -> str:
        """The name of the encoding in a Content-Type header."""
        return "gb18030" if self.encoding == "gb18030" else "utf-8"

    @property
    def media_type(self) -> str:
        """`text/csv` for commas, `text/plain` for anything else."""
        return "text/csv" if self.separator == "," else "text/plain"

    def can_hold(self, cell: str) -> bool:
        """Whether a cell survives the way through the file unchanged."""
        if cell != cell.strip() or not (cell == "" or cell.isprintable()):
            return False
        try:
            cell.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return self.quoting != "never" or not set(cell) & {*self.separator, '"'}


@dataclass(frozen=True, slots=True)
class Line:
    """A row as read: the number of its first line in the file, and its cells without surrounding blanks."""

    number: int
    cells: tuple[str, ...]


class UnreadableLayoutError(ValueError):
    """The file is not in this layout; `line` is where, 0 for the file as a whole."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def write_rows(layout: Layout, rows: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """The rows as the bytes of a file, line by line. The caller has made sure that each cell can be held."""
    for number, row in enumerate(rows):
        cells = [*row, ""] if layout.closing_separator else list(row)
        # Only the first line may carry the byte order mark.
        encoding = layout.encoding if number == 0 else layout.charset
        yield (_joined(layout, cells) + _LINE_ENDS[layout.line_end]).encode(encoding)


def _joined(layout: Layout, cells: Sequence[str]) -> str:
    if layout.quoting == "never":
        return layout.separator.join(cells)
    text = io.StringIO()
    all_or_some: Literal[0, 1] = csv.QUOTE_ALL if layout.quoting == "all" else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=layout.separator, lineterminator="", quoting=all_or_some).writerow(cells)
    return text.getvalue()


def read_rows(layout: Layout, content: bytes) -> list[Line]:
    """The rows of a file, without empty ones. Either line end and, for UTF-8, a byte order mark or none are understood.

    Raises `UnreadableLayoutError` for another encoding, a quote that never ends, a row without its closing separator.
    """
    try:
        text = content.decode("gb18030" if layout.encoding == "gb18030" else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableLayoutError(content.count(b"\n", 0, error.start) + 1) from None
    split = _split(layout, text)
    return [_line(layout, number, cells) for number, cells in split if any(cell.strip() for cell in cells)]


def _split(layout: Layout, text: str) -> Iterator[tuple[int, list[str]]]:
    if layout.quoting == "never":
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
            yield number, line.split(layout.separator)
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator, strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error:
        raise UnreadableLayoutError(before + 1) from None


def _line(layout: Layout, number: int, cells: Sequence[str]) -> Line:
    stripped = [cell.strip() for cell in cells]
    if layout.closing_separator and stripped.pop() != "":
        raise UnreadableLayoutError(number)
    return Line(number, tuple(stripped))
