"""A bank template is proved when it is loaded: what could not be written and read back exactly does not load."""

import copy
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
import yaml

from claims.payouts.bank_templates import load_templates, templates

SHIPPED = resources.files("claims.payouts").joinpath("bank_templates.yaml").read_text(encoding="utf-8")
Data = dict[str, Any]


def changed(change: Callable[[Data], object], code: str = "utf8") -> str:
    """The shipped templates with one of them changed, as YAML."""
    data: list[Data] = copy.deepcopy(yaml.safe_load(SHIPPED))
    change(next(template for template in data if template["code"] == code))
    return yaml.safe_dump(data, allow_unicode=True)


def without(columns: list[Data], value: str) -> list[Data]:
    return [column for column in columns if column["value"] != value]


def test_the_shipped_templates_cover_both_encodings_and_a_separator_of_several_characters() -> None:
    files = [file for template in templates().values() for file in (template.payment, template.returned)]
    assert {file.charset for file in files} == {"utf-8", "gb18030"}
    assert {file.separator for file in files} >= {",", "|!"}
    assert {file.line_end for file in files} == {"crlf", "lf"}
    assert {file.totals for file in files} == {"header", "trailer"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["payment"].update(separator="|!"), "cannot be quoted"),
        (lambda t: t["payment"].update(separator="a"), "separator"),
        (lambda t: t["payment"].update(separator=""), "separator"),
        (lambda t: t["payment"].update(encoding="gbk"), "encoding"),
        (lambda t: t["payment"].update(colour="red"), "colour"),
        (lambda t: t["payment"].update(columns=without(t["payment"]["columns"], "account")), "account"),
        (lambda t: t["payment"]["columns"].append({"heading": "账号2", "value": "account"}), "stands twice: account"),
        (lambda t: t["payment"]["columns"].append({"heading": "账号", "value": "fixed", "text": "x"}), "heading"),
        (lambda t: t["payment"]["columns"].append({"heading": "备注", "value": "fixed"}), "has its text"),
        (lambda t: t["payment"].update(totals_row=["count"]), "count and total"),
        (lambda t: t["payment"].update(totals_row=["count", "total"]), "label"),
        (lambda t: t["returned"].update(columns=without(t["returned"]["columns"], "booked_on")), "booking day"),
        (lambda t: t["returned"].update(outcomes={"成功": "success"}), "failure"),
        (lambda t: t["returned"].update(outcomes={"成功": "success", "失败 ": "failure"}), "cannot stand"),
        (lambda t: t.update(code="gb18030"), "a template stands twice"),
    ],
)
def test_a_template_that_cannot_be_right_does_not_load(change: Callable[[Data], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_templates(changed(change))


def test_without_quotes_no_word_of_the_template_may_hold_a_character_of_the_separator() -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        load_templates(
            changed(lambda t: t["returned"].update(outcomes={"0|0": "success", "01": "failure"}), "bar_gb18030")
        )
