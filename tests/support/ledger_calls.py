"""Calling the ledger in tests the way its clients do, and a small book with every kind of entry in it."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import httpx

from deploy.local.issuer import Issuer

BOOK = "610923"
Json = dict[str, Any]


class LedgerCalls:
    """One book as its people see it: each call carries the token of whoever makes it, each POST a key of its own."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer, book: str = BOOK) -> None:
        self.client = client
        self.issuer = issuer
        self.book = book
        self._keys = count(1)

    def headers(self, who: str, **token: Any) -> dict[str, str]:
        """The headers of one of the development people."""
        return {"Authorization": f"Bearer {self.issuer.token(who, book=self.book, **token)}", "Accept-Language": "en"}

    async def get(self, path: str, /, **parameters: object) -> httpx.Response:
        """GET a path below the book, as an auditor."""
        query = {name.rstrip("_"): str(value) for name, value in parameters.items()}
        return await self.client.get(f"/v1/books/{self.book}{path}", params=query, headers=self.headers("auditor"))

    async def read(self, path: str, /, **parameters: object) -> Json:
        """GET what must be answered with 200."""
        response = await self.get(path, **parameters)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def post(
        self, path: str, body: Mapping[str, object] | None = None, who: str = "officer", key: str | None = None
    ) -> httpx.Response:
        """POST to a path below the book."""
        headers = self.headers(who) | {"Idempotency-Key": key or f"test-{next(self._keys)}"}
        return await self.client.post(f"/v1/books/{self.book}{path}", json=body, headers=headers)

    async def made(self, path: str, /, **body: object) -> Json:
        """POST what must be answered with 200 or 201."""
        response = await self.post(path, body)
        assert response.status_code in {200, 201}, response.text
        answer: Json = response.json()
        return answer

    async def open_book(self, first_period: object = "2021-01", **changes: object) -> httpx.Response:
        """Open the book."""
        body = {"code": self.book, "name": "测试账套", "first_period": first_period} | changes
        headers = self.headers("admin") | {"Idempotency-Key": f"test-{next(self._keys)}"}
        return await self.client.post("/v1/books", json=body, headers=headers)

    async def entry(self, effective_on: str, *lines: tuple[str, str, str, int], **fields: object) -> Json:
        """Post a free entry; a line is fund, account, side, fen."""
        postings = [
            {"fund": fund, "account": account, "side": side, "amount_fen": fen} for fund, account, side, fen in lines
        ]
        body = {"effective_on": effective_on, "description": "手工凭证", "postings": postings} | fields
        return await self.made("/journal-entries", **body)


async def small_book(ledger: LedgerCalls) -> None:
    """A year of a small county: every kind of entry, several sources, sub-funds, a red reversal, entries out of date order."""
    assert (await ledger.open_book()).status_code == 201
    for code, parent, name in (
        ("repair.overhaul", "repair", "大修基金"),
        ("repair.overhaul.c01", "repair.overhaul", "一号社区大修基金"),
        ("safety_net.custodial_care", "safety_net", "低偿托养"),
    ):
        await ledger.made("/funds", code=code, parent=parent, name_zh=name)
    funds = (("insurance", 900_000_00), ("repair.overhaul.c01", 60_000_00), ("safety_net.custodial_care", 420_000_00))
    for fund, fen in funds:
        for source, share in (("central", 2), ("county", 3), ("donation", 6)):
            await ledger.made(
                f"/funds/{fund}/receipts", amount_fen=fen // share, source=source, effective_on="2021-02-26"
            )
        await ledger.made(
            f"/funds/{fund}/allotments",
            amount_fen=fen // 2 + 1,
            fiscal_year=2021,
            effective_on="2021-03-01",
            authority="县财政〔2021〕1号",
        )
    for number, (fund, fen) in enumerate(funds, start=1):
        opened = await ledger.made(
            "/encumbrances",
            fund=fund,
            fiscal_year=2021,
            amount_fen=fen // 10,
            purpose="救助发放",
            effective_on=f"2021-04-0{number}",
        )
        await ledger.made(
            f"/encumbrances/{opened['id']}/liquidations",
            amount_fen=fen // 20,
            effective_on=f"2021-05-1{number}",
            payee_ref=f"household-{number}",
        )
        paid = await ledger.made(
            f"/encumbrances/{opened['id']}/liquidations",
            amount_fen=fen // 40,
            effective_on="2021-06-30",
            payee_ref=f"household-{number}b",
        )
        await ledger.made(
            f"/encumbrances/{opened['id']}/liquidations/{paid['id']}/return",
            effective_on="2021-07-01",
            reason="账号有误",
        )
        await ledger.made(f"/encumbrances/{opened['id']}/release", effective_on="2021-08-31")
        await ledger.made(
            f"/funds/{fund}/payments",
            amount_fen=1_234,
            effective_on="2021-03-31",
            payee_ref="vendor-7",
            purpose="印刷费",
            source="county",
        )
    wrong = await ledger.entry(
        "2021-03-31",
        ("industry", "1218", "debit", 777),
        ("industry", "2307", "credit", 777),
        description='=误记, "引号" ; 分号',
        reference="PZ-1",
        metadata={"batch": 7, "checked": True},
    )
    await ledger.made(f"/journal-entries/{wrong['id']}/reversal", effective_on="2021-04-01", reason="冲销误记")
    await ledger.entry(
        "2021-12-31",
        ("insurance", "1218", "debit", 5_00),
        ("insurance", "4604", "credit", 5_00),
        description="年末计息",
    )
