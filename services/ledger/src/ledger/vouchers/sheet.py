"""The voucher as a table for a spreadsheet: a line for each of its own, the sum of each basis in figures and capitals. Pure."""

from collections.abc import Iterator

from common.spreadsheets.writing import Column, Line, Sheet
from ledger.statements.sheets import BASIS_ZH
from ledger.vouchers.rules import Block, Voucher

_COLUMNS = (
    Column("日期", "day", 12),
    Column("凭证字号", width=14),
    Column("核算基础", width=12),
    Column("摘要", width=40),
    Column("基金代码", width=24),
    Column("基金名称", width=40),
    Column("科目编码", width=12),
    Column("科目名称", width=26),
    Column("来源、年度与用途", width=24),
    Column("借方（元）", "amount", 18),
    Column("贷方（元）", "amount", 18),
    Column("制单", width=14),
    Column("复核", width=14),
    Column("记账", width=14),
)


def sheet_of(voucher: Voucher) -> tuple[Sheet, Iterator[Line]]:
    """Return the table and its lines."""
    notes = (
        f"账套：{voucher.book} {voucher.book_name}",
        f"会计期间：{voucher.period}　凭证序号：{voucher.seq}　附件：{voucher.attachment_count} 张　单位：元",
    )
    return Sheet("记账凭证", notes, _COLUMNS), _lines(voucher)


def _lines(voucher: Voucher) -> Iterator[Line]:
    head = (voucher.effective_on, voucher.number)
    people = (voucher.prepared_by, voucher.reviewed_by, voucher.posted_by)
    for block in voucher.blocks:
        basis = BASIS_ZH[block.basis]
        for line in block.lines:
            account = (line.fund, line.fund_name, line.account, line.account_name_zh, line.detail or None)
            yield Line((*head, basis, line.summary, *account, line.debit_fen, line.credit_fen, *people))
        yield Line((*head, basis, _sum(block), *[None] * 5, block.debit_fen, block.credit_fen, *people), strong=True)


def _sum(block: Block) -> str:
    return f"合计 {block.in_capitals}".rstrip()
