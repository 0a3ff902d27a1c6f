"""The ledger's half of the demo book: the book, its sub-funds, money from several sources, allotments and the year's direct payments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from deploy.demo.api import Api, together
from deploy.demo.plan import Figures, FundMoney, Payment, SubFund

FEN = 100
"""Fen in a yuan: the plan is written in whole yuan."""


def all_sub_funds(figures: Figures) -> tuple[SubFund, ...]:
    """The listed sub-funds and one overhaul fund for each community."""
    communities = tuple(
        SubFund(
            code=f"repair.overhaul.c{number:02d}",
            parent="repair.overhaul",
            name_zh=f"搬迁社区{number:02d}大修基金（演示）",
            name_en=f"Overhaul fund of community {number:02d} (demo)",
        )
        for number in range(1, figures.seed.overhaul_funds + 1)
    )
    return figures.sub_funds + communities


def all_money(figures: Figures) -> tuple[FundMoney, ...]:
    """What every fund receives, is allotted and pays: the listed ones and the overhaul funds."""
    overhaul = figures.overhaul
    communities = tuple(
        FundMoney(
            fund=f"repair.overhaul.c{number:02d}",
            receipts={"county": overhaul.receipt_yuan},
            allotted=overhaul.allotted_yuan,
            payments=(Payment(yuan=overhaul.paid_yuan, day="11-25", purpose="屋面防水大修"),)
            if number % overhaul.paid_every == 0
            else (),
        )
        for number in range(1, figures.seed.overhaul_funds + 1)
    )
    return figures.money + communities


async def load_funds(api: Api, figures: Figures) -> None:
    """Create the book and its sub-funds, then book the year's money in the order in which a county does: receive, allot, pay."""
    book = figures.book
    await api.post(
        "ledger", "/books", "admin", "book", {"code": book.code, "name": book.name, "first_period": book.first_period}
    )
    for sub_fund in all_sub_funds(figures):
        await api.post("ledger", "/funds", "admin", f"fund:{sub_fund.code}", sub_fund.model_dump())
    money = all_money(figures)
    await together(
        api.post("ledger", path, "officer", key, body) for fund in money for path, key, body in _receipts(fund)
    )
    await together(api.post("ledger", *_allotment(fund, figures.fiscal_year)) for fund in money)
    for fund in money:
        # One after the other: a payment splits over the sources by what is left of each, and the demo shall be the same every time.
        for path, key, body in _payments(fund, figures.fiscal_year):
            await api.post("ledger", path, "officer", key, body)


def _receipts(fund: FundMoney) -> Iterator[tuple[str, str, dict[str, object]]]:
    for month, (source, yuan) in enumerate(fund.receipts.items(), start=1):
        body: dict[str, object] = {
            "amount_fen": yuan * FEN,
            "source": source,
            "effective_on": dt.date(2021, month, 15).isoformat(),
            "reference": f"demo-receipt-{fund.fund}-{source}",
        }
        yield f"/funds/{fund.fund}/receipts", f"receipt:{fund.fund}:{source}", body


def _allotment(fund: FundMoney, fiscal_year: int) -> tuple[str, str, str, dict[str, object]]:
    body: dict[str, object] = {
        "amount_fen": fund.allotted * FEN,
        "fiscal_year": fiscal_year,
        "effective_on": f"{fiscal_year}-02-26",
        "authority": "县财政局（演示）",
        "reference": f"demo-allotment-{fund.fund}",
    }
    return f"/funds/{fund.fund}/allotments", "officer", f"allotment:{fund.fund}", body


def _payments(fund: FundMoney, fiscal_year: int) -> Iterator[tuple[str, str, dict[str, object]]]:
    for number, payment in enumerate(fund.payments, start=1):
        body: dict[str, object] = {
            "amount_fen": payment.yuan * FEN,
            "effective_on": f"{fiscal_year}-{payment.day}",
            "payee_ref": f"demo-payee-{fund.fund}-{number}",
            "purpose": payment.purpose,
        }
        yield f"/funds/{fund.fund}/payments", f"payment:{fund.fund}:{number}", body
