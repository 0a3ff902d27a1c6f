"""Wire types of imports and exports. Faults name rows and columns and never repeat a value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.households.schemas import Place
from claims.register import examples
from common.spreadsheets.bad_rows import BadRowOut
from common.text import Code, PlainText
from common.web import example
from common.wire import Wire

Mode = Literal["all", "good"]
JobStatus = Literal["waiting", "running", "done", "refused", "failed"]
DuplicateKind = Literal["id_number", "bank_account", "phone", "name_birth"]


class FileFault(Wire):
    """Why a file as a whole was not taken."""

    field: str
    code: str
    detail_zh: str
    detail_en: str


class ImportOut(Wire):
    """An import: how far it is and what became of the rows."""

    model_config = example(examples.IMPORT_JOB)

    id: UUID
    status: JobStatus
    """`refused`: nothing was taken, `faults` or the refused rows say why; `failed`: ask an administrator. 状态。"""
    phase: Literal["checking", "importing", "flagging"]
    """What is being done: judging rows, taking households, looking for possible duplicates. 阶段。"""
    mode: Mode
    preview: bool
    rows_total: int | None
    """Rows below the headings, blank ones not counted. 总行数。"""
    rows_done: int
    """Number of the last row this phase is through with. 已处理到的行号。"""
    accepted_rows: int
    """Rows of households that are taken (in a preview: would be), known ones included. 可导入的行数。"""
    new_households: int
    known_households: int
    """Registered before with this number and this content: nothing changes for them. 已登记且内容相同的户数。"""
    refused_rows: int
    possible_duplicates: int
    """Records that share a value with another household's; GET /possible-duplicates lists both. 疑似重复数。"""
    faults: Sequence[FileFault]
    created_at: datetime
    created_by: str
    finished_at: datetime | None


class DuplicateFound(Wire):
    """A household just imported that shares a value with another one."""

    kind: DuplicateKind
    row: int
    """First row of the household in the file. 户的首行行号。"""
    household_id: UUID
    other_household_id: UUID


class Imported(ImportOut):
    """The answer to a file: at once for small ones (201); for large ones (202) the lists are empty and the job says how far it is."""

    model_config = example(examples.IMPORTED)

    refused: Sequence[BadRowOut]
    """Every fault of every refused row, the first 1,000. 未导入的行及原因。"""
    duplicates: Sequence[DuplicateFound]
    """The first 100."""


class RefusedRow(Wire):
    """A row that was not taken, and all that is wrong with it."""

    row: int
    faults: Sequence[BadRowOut]


class UnmaskedExport(Wire):
    """The wish for a file that shows everything."""

    model_config = example(examples.UNMASKED_EXPORT)

    format: Literal["csv", "xlsx"]
    reason: Annotated[PlainText, Field(min_length=4, max_length=500)]
    """What the file is for; kept in the access log. 导出原因。"""
    town: Place | None = None
    village: Place | None = None
    category: Code | None = None
