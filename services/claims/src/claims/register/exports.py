"""The register as a file: a row a member, headings as in the lists that are imported, masked unless the caller may see and says why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from claims.access.rules import Action
from claims.access.service import record_access
from claims.divisions.table import table_of
from claims.households import reference, store
from claims.households.answers import CADRE_COLUMN
from common.crypto import mask_account, mask_id_number, mask_phone
from common.database import transaction
from common.dates import today_in_shanghai
from common.spreadsheets.writing import Column, Line, Sheet
from common.web.files import as_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi.responses import StreamingResponse

    from claims.context import Context
    from claims.households.personal import PersonalData
    from claims.households.store import HouseholdFilter, HouseholdRow

_AT_ONCE: Final = 500
_COLUMNS: Final = (
    Column("户编号", "text", 16),
    Column("乡镇", "text", 12),
    Column("村", "text", 14),
    Column("农户类别", "text", 16),
    Column("姓名", "text", 12),
    Column("身份证号码", "text", 22),
    Column("与户主关系", "text", 12),
    Column("联系电话", "text", 16),
    Column("家庭年收入（元）", "amount", 16),
    Column("收入年度", "whole", 10),
    Column("银行账号", "text", 24),
    Column("帮扶责任人", "text", 14),
)


async def export_households(
    context: Context,
    wanted: HouseholdFilter,
    book: str,
    file_format: Literal["csv", "xlsx"],
    person: str,
    *,
    reason: str | None = None,
) -> StreamingResponse:
    """Answer with the present members of the households wanted; with a reason unmasked. Who takes it is written down first.

    What is said of the household stands on the row of its first member, so that sums over a column are right; its place and category stand
    on every row.
    """
    detail = {
        "format": file_format,
        "town": wanted.town_code or "",
        "village": wanted.village_code or "",
        "category": wanted.category or "",
    }
    async with transaction(context.engine) as conn:
        await record_access(
            conn,
            book=book,
            person=person,
            action=Action.EXPORT if reason is None else Action.UNMASK,
            subject="register",
            subject_id=None,
            reason=reason,
            detail={name: value for name, value in detail.items() if value},
        )
    sheet = Sheet("农户名册", () if reason is None else ("含个人信息，请妥善保管",), _COLUMNS)
    lines = _lines(context, wanted, book, masked=reason is None)
    return await as_file(file_format, "households", sheet, lines, book, today_in_shanghai())


async def _lines(context: Context, wanted: HouseholdFilter, book: str, *, masked: bool) -> AsyncIterator[list[Line]]:
    personal = context.personal(book)
    table = table_of(book)
    names = {} if table is None else {code: row.name for code, row in table.by_code.items()}
    while True:
        async with transaction(context.engine) as conn:
            rows = await store.list_households(conn, book, wanted, _AT_ONCE)
        if not rows:
            return
        yield [line for row in rows for line in _household(personal, names, row, masked=masked)]
        wanted = replace(wanted, after=rows[-1].id)


def _household(personal: PersonalData, names: dict[str, str], row: HouseholdRow, *, masked: bool) -> list[Line]:
    number, account, cadre = row.external_number_cipher, row.bank_account_cipher, row.responsible_cadre_cipher
    place = (
        None if number is None else personal.open_text(number, "household.external_number", row.id),
        names.get(row.town_code, row.town_code),
        names.get(row.village_code, row.village_code),
        reference.stored_category(row.category).name_zh,
    )
    opened = None if account is None else personal.open_bank_account(row.id, account)
    once: tuple[str | int | None, ...] = (
        row.annual_income_fen,
        row.income_year,
        mask_account(opened) if masked and opened is not None else opened,
        None if cadre is None else personal.open_text(cadre, CADRE_COLUMN, row.id),
    )
    lines: list[Line] = []
    for member in row.present_members:
        person = personal.open_member(member.id, member.name_cipher, member.id_number_cipher, member.phone_cipher)
        phone = None if person.phone is None else person.phone.removeprefix("+86")
        who = (
            person.name,
            mask_id_number(person.id_number) if masked else person.id_number,
            reference.relation_name_zh(member.relation),
            mask_phone(phone) if masked and phone is not None else phone,
        )
        lines.append(Line((*place, *who, *(once if not lines else (None,) * len(once)))))
    return lines
