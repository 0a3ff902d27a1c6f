"""The months of the year in their order, and what each does besides the wages and its bank statement."""

from __future__ import annotations

from tests.support.fiscal_year import first_half, second_half

POSTS = 4
"""Welfare posts paid each month."""
MONTHS = {
    "2025-01": first_half.january,
    "2025-02": first_half.february,
    "2025-03": first_half.march,
    "2025-04": first_half.april,
    "2025-05": first_half.may,
    "2025-06": first_half.june,
    "2025-07": second_half.july,
    "2025-08": second_half.august,
    "2025-09": second_half.september,
    "2025-10": second_half.october,
    "2025-11": second_half.november,
    "2025-12": second_half.december,
}
