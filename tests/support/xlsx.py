"""Small XLSX files for tests, written part by part, so that a test can also write what no spreadsheet program would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PARTS: Mapping[str, str] = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r"'
    f' Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="hidden" sheetId="2" state="hidden" r:id="r2"/>'
        '<sheet name="明细" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="r3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>666</v></c></row></sheetData></worksheet>',
}


def xlsx(rows: Sequence[Sequence[object]], **replaced: str) -> bytes:
    """A workbook with these rows; `replaced` parts (``xl_styles=…`` is not one: give names as in `PARTS`) stand in for ours."""
    return packed({"xl/worksheets/sheet1.xml": sheet(rows), **PARTS, **replaced})


def packed(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def sheet(rows: Sequence[Sequence[object]]) -> str:
    """A worksheet's XML."""
    lines = (
        f'<row r="{number}">{"".join(_cell(letter, number, value) for letter, value in zip("ABCDEFGHIJ", row, strict=False))}</row>'
        for number, row in enumerate(rows, 1)
        if row
    )
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(letter: str, number: int, value: object) -> str:
    place = f'r="{letter}{number}"'
    match value:
        case None:
            return ""
        case date():
            return f'<c {place} s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
        case int() | float() | Decimal():
            return f"<c {place}><v>{value}</v></c>"
        case ("formula", text, result):
            return f"<c {place}><f>{escape(str(text))}</f><v>{result}</v></c>"
        case _:
            return f'<c {place} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
