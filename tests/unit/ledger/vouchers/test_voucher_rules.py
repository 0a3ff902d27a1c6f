"""What a printed voucher says, also of lines nobody knows and sums beyond all capitals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from ledger.journal.drafts import PostedEntry, PostedLine, Side
from ledger.vouchers.page import page, policy
from ledger.vouchers.rules import AccountName, Names, Voucher, voucher_of

ID = UUID("01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b")
NAMES = Names(
    "账套",
    {
        ("health", "1002"): AccountName("financial", "银行存款", "Bank deposits", "健康保障", "Health"),
        ("health", "expended"): AccountName("control", "已用指标", "Expended", "健康保障", "Health"),
    },
    {"county": "县级财政"},
)


def line(number: int, account: str, side: Side, fen: int, *, red: bool = False, memo: str | None = None) -> PostedLine:
    year, source, purpose = (2021, "county", "meds") if account.isalpha() else (0, "", "")
    return PostedLine(number, "health", account, side, fen, red, year, source, None, memo, purpose)


def printed(*lines: PostedLine, red: bool = False) -> Voucher:
    entry = PostedEntry(
        book="610923", seq=7, id=ID, kind="journal", fiscal_year=2021, period="2021-13", voucher_type="转", voucher_number=3,
        effective_on=date(2021, 12, 31), posted_at=datetime(2022, 1, 5, 16, 30, tzinfo=UTC), description="年末", reference=None,
        metadata={}, payee_ref=None, non_budget=False, non_budget_reason=None, red=red, undoes=None, prepared_by="a",
        reviewed_by=None, posted_by="c", attachment_count=0, attachment_hashes=(), postings=lines, position=9, hash=bytes(32),
    )  # fmt: skip
    return voucher_of(entry, NAMES, takes_back=None, taken_back_by=None)


def test_a_block_for_each_basis_in_its_order_with_sums_and_capitals() -> None:
    voucher = printed(
        line(1, "expended", "credit", 5),
        line(2, "1002", "debit", 100, memo="行"),
        line(3, "available", "debit", 5),
        line(4, "2307", "credit", 100),
    )
    assert (voucher.number, voucher.period) == ("转字第3号", "2021-13")
    assert [(block.basis, block.debit_fen, block.credit_fen, block.in_capitals) for block in voucher.blocks] == [
        ("financial", 100, 100, "人民币壹元整"),
        ("control", 5, 5, "人民币伍分"),
    ]
    first, second = voucher.blocks[0].lines
    assert (first.summary, first.account_name_zh, first.fund_name, first.detail) == ("行", "银行存款", "健康保障", "")
    assert (second.summary, second.account_name_zh, second.fund_name) == ("年末", "", "health")
    assert voucher.blocks[1].lines[0].detail == "县级财政 2021年 meds"


def test_red_lines_are_negative_on_their_side() -> None:
    voucher = printed(line(1, "1002", "debit", 123, red=True), line(2, "2307", "credit", 123, red=True), red=True)
    assert [(one.debit_fen, one.credit_fen) for one in voucher.blocks[0].lines] == [(-123, None), (None, -123)]
    assert voucher.blocks[0].in_capitals == "人民币负壹元贰角叁分"


def test_a_sum_beyond_all_capitals_is_still_printed_in_figures() -> None:
    lines = [line(number, "1002", "debit", 10**15) for number in range(1, 1001)]
    voucher = printed(*lines, line(1001, "2307", "credit", 10**15))
    assert voucher.blocks[0].in_capitals == ""
    text = page(voucher, "a5")
    assert "10,000,000,000,000,000.00" in text
    assert "大写" not in text


def test_the_instant_is_shown_in_business_time_and_each_paper_has_its_policy() -> None:
    assert "2022-01-06 00:30:00" in page(printed(line(1, "1002", "debit", 1)), "a4")
    assert policy("a4") != policy("a5")
