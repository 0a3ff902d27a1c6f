"""Bank files and returns as text: by template, to the fen, with control figures; every unreadable place is named."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.payouts.bank_files import Credit, day_of, fen_of, read_return_file, write_payment_file, yuan_text
from claims.payouts.bank_templates import Template, templates
from claims.payouts.rules import BankOutcome, Control, ReturnRow
from common.errors import Problem
from common.money import MAX_FEN

UTF8 = templates()["utf8"]
GB = templates()["gb18030"]
CREDITS = [
    Credit(1, "B2021-0001-0001", "钱示例", "9999990000000000003", 509_800),
    Credit(2, "B2021-0001-0002", "=郑㐀示例", "9999990000000000011", 7),
]
HEAD = "明细编号,结果,金额（元）,入账日期,失败原因\r\n"
GOOD = (
    HEAD
    + "B2021-0001-0001,成功,5098.00,2021-07-22,\r\nB2021-0001-0002,失败,0.07,20210722,账号不存在\r\n合计,2,5098.07\r\n"
)


def read(text: str, template: Template = UTF8) -> tuple[list[ReturnRow], Control] | tuple[str, str | None, int | None]:
    found = read_return_file(template.returned, text.encode(template.returned.charset))
    return (found.code, found.field, found.line) if isinstance(found, Problem) else (found.rows, found.control)


def test_the_payment_file_has_a_mark_headings_rows_and_its_total_last() -> None:
    content = b"".join(write_payment_file(UTF8.payment, "B1", CREDITS))
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert content.decode("utf-8-sig").split("\r\n") == [
        "序号,明细编号,户名,账号,金额（元）,用途",
        "1,B2021-0001-0001,钱示例,9999990000000000003,5098.00,防贫保险理赔款",
        "2,B2021-0001-0002,郑㐀示例,9999990000000000011,0.07,防贫保险理赔款",
        "合计,2,5098.07",
        "",
    ]


def test_the_other_template_is_gb18030_with_its_total_first() -> None:
    lines = b"".join(write_payment_file(GB.payment, "B1", CREDITS)).decode("gb18030").split("\r\n")
    assert lines[0] == "合计,2,5098.07"
    assert "郑㐀示例" in lines[3]


def test_no_name_can_run_as_a_formula() -> None:
    text = b"".join(write_payment_file(UTF8.payment, "B1", [Credit(1, "B1-1", "=+-@示例", "1", 1)])).decode("utf-8-sig")
    assert ",示例,1," in text


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_return_is_read_with_and_without_a_byte_order_mark(mark: str) -> None:
    found = read(mark + GOOD)
    assert found == (
        [
            ReturnRow("B2021-0001-0001", BankOutcome.SUCCESS, 509_800, dt.date(2021, 7, 22), None),
            ReturnRow("B2021-0001-0002", BankOutcome.FAILURE, 7, dt.date(2021, 7, 22), "账号不存在"),
        ],
        Control(2, 509_807),
    )


def test_a_return_in_gb18030_with_its_columns_in_another_order_is_read() -> None:
    text = "结果,明细编号,入账日期,失败原因,金额（元）\n成功,B2021-0001-0001,2021-07-22,,5098\n合计,1,5098\n"
    found = read(text, GB)
    assert found == (
        [ReturnRow("B2021-0001-0001", BankOutcome.SUCCESS, 509_800, dt.date(2021, 7, 22), None)],
        Control(1, 509_800),
    )


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("", "明细编号/结果/金额（元）/入账日期/失败原因", 1),
        ("a,b\r\n", "明细编号/结果/金额（元）/入账日期/失败原因", 1),
        (HEAD + "合计,0,0.00\r\n", "合计", 2),
        (GOOD.replace("合计,2,5098.07\r\n", ""), "合计", 3),
        (GOOD.replace("合计,2,5098.07", "合计,two,5098.07"), "合计", 4),
        (GOOD.replace("合计,2,5098.07", "合计,2"), "合计", 4),
        (GOOD.replace("成功", "好"), "结果", 2),
        (GOOD.replace(",5098.00,", ',"5,098.00",'), "金额（元）", 2),
        (GOOD.replace("0.07,", "0.075,"), "金额（元）", 3),
        (GOOD.replace("0.07,", "-0.07,"), "金额（元）", 3),
        (GOOD.replace("0.07,", "0.00,"), "金额（元）", 3),
        (GOOD.replace("0.07,", "1e3,"), "金额（元）", 3),
        (GOOD.replace("20210722", "20210231"), "入账日期", 3),
        (GOOD.replace("账号不存在", "账" * 201), "失败原因", 3),
        (GOOD.replace("账号不存在", "账\x00号"), "失败原因", 3),
        (GOOD.replace("2021-07-22,\r\n", "2021-07-22\r\n"), "明细编号/结果/金额（元）/入账日期/失败原因", 2),
    ],
)
def test_an_unreadable_place_is_named_by_row_and_column(text: str, field: str, line: int) -> None:
    assert read(text) == ("bank_return_unreadable", field, line)


def test_a_file_in_another_encoding_is_refused() -> None:
    found = read_return_file(UTF8.returned, GOOD.encode("gb18030"))
    assert isinstance(found, Problem)
    assert found.code == "bank_return_unreadable"


@given(st.integers(min_value=1, max_value=MAX_FEN))
def test_amounts_survive_the_way_through_the_file_to_the_fen(fen: int) -> None:
    assert fen_of(yuan_text(fen)) == fen


@pytest.mark.parametrize("text", ["", "1.", ".5", "1.234", "+1", "１", "1 ", "10000000000000.01", "0"])
def test_what_is_not_a_plain_positive_amount_is_none(text: str) -> None:
    assert fen_of(text) is None


@pytest.mark.parametrize("text", ["2021-7-1", "2021-13-01", "20210732", "2021/07/01", "２０２１0701"])
def test_what_is_not_a_date_is_none(text: str) -> None:
    assert day_of(text) is None
