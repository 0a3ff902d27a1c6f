import pytest

from claims.claims.rules import Status
from claims.reports.rules import GRANTED, UNDER_WAY, By, RefusedBy, fee_of, parsed_by


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status", (By.STATUS,)),
        ("town,cause", (By.TOWN, By.CAUSE)),
        ("status,cause,town,month", tuple(By)),
        ("", None),
        ("status,", None),
        ("status,status", None),
        ("person", None),
        ("status, cause", None),
    ],
)
def test_what_to_count_by_is_each_known_word_once(text: str, found: tuple[By, ...] | None) -> None:
    assert parsed_by(text) == found


@pytest.mark.parametrize(
    ("paid_fen", "fee_bp", "fee_fen"),
    [
        (0, 1_500, 0),
        (50_980_000, 1_500, 7_647_000),
        (1, 9_999, 0),
        (6, 1_700, 1),
        (5, 1_999, 0),
        (10**15, 10_000, 10**15),
    ],
)
def test_the_fee_is_rounded_down_once_for_the_whole(paid_fen: int, fee_bp: int, fee_fen: int) -> None:
    assert fee_of(paid_fen, fee_bp) == fee_fen


def test_every_status_is_counted_in_one_way() -> None:
    parts = [UNDER_WAY, GRANTED, {Status.REFUSED}, {Status.WITHDRAWN}]
    assert sorted(status for part in parts for status in part) == sorted(Status)


def test_a_claim_counts_once_under_each_of_its_reasons() -> None:
    assert RefusedBy(("deductible", "cap"), None).reasons == (("check", "deductible"), ("check", "cap"))
    assert RefusedBy((), "late_report").reasons == (("reason", "late_report"),)
    assert RefusedBy((), None).reasons == ()
