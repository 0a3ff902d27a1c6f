"""A list of households as a town hands it in: one CSV file, of which one household has a mistyped ID number and stays out."""

from __future__ import annotations

import csv
import io

from deploy.demo.api import Api, DemoLoadError
from deploy.demo.load_funds import FEN
from deploy.demo.load_register import INCOME_YEAR, cadre_name
from deploy.demo.plan import Household

HEADINGS = [
    "户编号",
    "乡镇",
    "村",
    "农户类别",
    "姓名",
    "身份证号码",
    "与户主关系",
    "出生日期",
    "联系电话",
    "家庭年收入（元）",
    "收入年度",
    "银行账号",
    "帮扶责任人",
]
_RELATIONS = {"head": "户主", "spouse": "配偶", "son": "子", "daughter": "女", "parent": "父母"}


async def load_list(api: Api, households: tuple[Household, ...]) -> None:
    """Import the list, good households only. Raises ``DemoLoadError`` where another number than all but the last is taken."""
    answer = await api.upload(
        "/households/import", "intake", "list", "demo-list.csv", list_file(households), mode="good"
    )
    if answer["new_households"] != len(households) - 1:
        message = f"the list of households was not taken as planned: {answer}"
        raise DemoLoadError(message)


def list_file(households: tuple[Household, ...]) -> bytes:
    """The list as a spreadsheet program saves it; the last household's ID number has a wrong check character."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(HEADINGS)
    for household in households:
        for member in household.members:
            number = member.id_number
            if household is households[-1]:
                number = number[:-1] + ("1" if number[-1] == "0" else "0")
            is_head = member.relation == "head"
            rows.writerow(
                [
                    f"NS-{household.number:06d}",
                    household.village.town if is_head else "",
                    household.village.code if is_head else "",
                    household.category if is_head else "",
                    member.name,
                    number,
                    _RELATIONS[member.relation],
                    member.birth_on.isoformat(),
                    household.phone if is_head else "",
                    f"{household.annual_income_fen // FEN:,}.00" if is_head else "",
                    INCOME_YEAR if is_head else "",
                    household.bank_account if is_head else "",
                    cadre_name(household) if is_head else "",
                ]
            )
    return text.getvalue().encode("utf-8-sig")
