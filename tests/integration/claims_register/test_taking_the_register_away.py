"""The register as a file: masked for who reads, unmasked for who may and says why, and every time written down."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from tests.integration.claims_households.register import household, member
from tests.integration.claims_register.office import Office, csv_of
from tests.support.household_lists import ID, PHONE
from tests.support.household_lists import household as listed

pytestmark = pytest.mark.anyio


async def test_exports_are_masked_unless_somebody_may_unmask_and_says_why(office: Office) -> None:
    rows = [row for order in range(3) for row in listed(order)]
    await office.imported(csv_of(rows))
    await office.registered(household([member(1) | {"name": "＝1+1"}]))
    answer = await office.get("/households/export", format="csv", who="auditor")
    assert answer.content.startswith("\ufeff户编号".encode())
    shown = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["户编号"] for row in shown] == [*(row[0] for row in rows), ""]
    assert shown[-1]["姓名"].startswith("'")
    assert rows[0][ID] not in answer.text
    assert rows[0][PHONE] not in answer.text
    spreadsheet = await office.get("/households/export", format="xlsx", village="610923100213", who="auditor")
    page = load_workbook(io.BytesIO(spreadsheet.content)).worksheets[0]
    assert page.max_row == 2 + len(shown)
    asked = {"format": "csv", "reason": "移交审计局核查"}
    assert (await office.post("/households/exports", asked, who="intake")).status_code == 403
    assert (await office.post("/households/exports", {"format": "csv", "reason": " "}, who="county")).status_code == 422
    clear = await office.post("/households/exports", asked, who="county")
    assert [row["身份证号码"] for row in csv.DictReader(io.StringIO(clear.content.decode("utf-8-sig")))][:6] == [
        row[ID] for row in rows[:6]
    ]
    log = (await office.get("/access-log", who="auditor")).json()["items"]
    assert [(one["action"], one["subject"], one["reason"]) for one in log] == [
        ("unmask", "register", "移交审计局核查"), ("export", "register", None), ("export", "register", None),
    ]  # fmt: skip
