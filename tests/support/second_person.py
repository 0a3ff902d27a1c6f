"""A ledger's office: people told apart by their subjects, and what they ask for that needs a second one."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.ledger_calls import Json, LedgerCalls

ON = "2021-03-05"
NOWHERE = "01890000-0000-7000-8000-000000000001"
PAYMENT: Json = {"amount_fen": 600, "effective_on": ON, "payee_ref": "p-1", "purpose": "测试", "reference": "R-1"}
ENTRY: Json = {
    "effective_on": ON,
    "description": "测试分录",
    "postings": [
        {"fund": "health", "account": "1218", "side": "debit", "amount_fen": 700},
        {"fund": "health", "account": "2307", "side": "credit", "amount_fen": 700},
    ],
}
OTHERS = ("ledger:read", "ledger:post", "ledger:approve", "ledger:act_for")


class Office(LedgerCalls):
    """A book whose people are told apart by their subjects."""

    async def send(
        self, path: str, body: object, who: str, sub: str, *, key: str | None = None, scopes: tuple[str, ...] = ()
    ) -> httpx.Response:
        """POST as a person of a role, or with a token of exactly these scopes."""
        token = {"sub": sub, "scopes": list(scopes)} if scopes else {"sub": sub}
        headers = self.headers(who, **token) | {"Idempotency-Key": key or f"office-{next(self._keys)}"}
        return await self.client.post(f"/v1/books/{self.book}{path}", json=body, headers=headers)

    async def rules(self, *rules: tuple[str, str, int]) -> None:
        """Set which entries need a second person."""
        said = [{"kind": kind, "fund": fund, "from_fen": fen} for kind, fund, fen in rules]
        assert (await self.send("/approval-rules", {"rules": said}, "admin", "admin-1")).status_code == 201

    async def proposed(self, path: str = "/funds/health/payments", body: Json = PAYMENT, sub: str = "li") -> Any:
        """Ask as an officer for what needs a second person; the proposal."""
        answer = await self.send(path, body, "officer", sub)
        assert answer.status_code == 202, answer.text
        return answer.json()["proposal"]

    async def cash(self) -> int:
        """The health fund's cash."""
        funds = await self.read("/funds", fiscal_year=2021)
        return next(int(fund["cash_fen"]) for fund in funds["items"] if fund["code"] == "health")


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")
