"""A county for tests of money: books, an allotted insurance fund, a programme, households with accounts, approved claims.

Everything is done through the two services' own APIs, as the people of the county would do it. All people are invented.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.local.issuer import Issuer

BOOK = "610923"
EVENT_ON = "2021-06-01"
APPROVED_ON = "2021-06-20"
PAID_ON = "2021-07-05"
DEDUCTIBLE_FEN = 300_000
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_KEYS = itertools.count(1)


def id_number(order: int) -> str:
    """An ID number of nobody, its check digit computed as GB 11643 prescribes."""
    body = f"61092319800101{order:03d}"
    remainder = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def account_number(order: int) -> str:
    """An account whose first digits are assigned to no bank."""
    return f"999999{order:013d}"


@dataclass(slots=True)
class County:
    """Acts on both services; every write has a key of its own unless one is given."""

    ledger: httpx.AsyncClient
    claims: httpx.AsyncClient
    issuer: Issuer
    book: str = BOOK
    households: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    pool: str = ""
    """The open item of the insurer's pool, once there is one."""

    def headers(self, who: str, key: str | None = None) -> dict[str, str]:
        """The headers of a person: `payer` or `payer/payer-2`, a role and, after a slash, who it is."""
        role, _, person = who.partition("/")
        token = self.issuer.token(role, book=self.book, sub=person or None)
        return {
            "Authorization": f"Bearer {token}",
            "Accept-Language": "en",
            "Idempotency-Key": key or f"county-{next(_KEYS)}",
        }

    async def try_post(self, service: str, path: str, body: object, who: str, key: str | None = None) -> httpx.Response:
        """POST below the book and return the response, whatever it is."""
        client = self.ledger if service == "ledger" else self.claims
        return await client.post(f"/v1/books/{self.book}{path}", json=body, headers=self.headers(who, key))

    async def post(self, service: str, path: str, body: object, who: str, key: str | None = None) -> dict[str, Any]:
        """POST below the book; the answer must be a success."""
        answer = await self.try_post(service, path, body, who, key)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        made: dict[str, Any] = answer.json()
        return made

    async def try_get(self, service: str, path: str, who: str, **query: str) -> httpx.Response:
        """GET below the book and return the response, whatever it is."""
        client = self.ledger if service == "ledger" else self.claims
        headers = self.headers(who)
        del headers["Idempotency-Key"]
        return await client.get(f"/v1/books/{self.book}{path}", params=query, headers=headers)

    async def get(self, service: str, path: str, who: str, **query: str) -> dict[str, Any]:
        """GET below the book; the answer must be a success."""
        answer = await self.try_get(service, path, who, **query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def found(
        self,
        *,
        cash_fen: int = 100_000_000,
        allotted_fen: int = 100_000_000,
        pool_fen: int | None = None,
        programme: Mapping[str, object] | None = None,
        causes: Sequence[str] = ("schooling",),
    ) -> None:
        """Open the book from 2021 on and give its insurance fund money and budget; start the year's programme.

        With `pool_fen` an insurer pays the claims, from a pool of that size.
        """
        body = {"code": self.book, "name": "测试账套", "first_period": "2021-01"}
        answer = await self.ledger.post("/v1/books", json=body, headers=self.headers("admin"))
        assert answer.is_success, answer.text
        if cash_fen:
            await self.receive(cash_fen)
        if allotted_fen:
            await self.allot(allotted_fen)
        wanted: dict[str, object] = {
            "year": 2021,
            "insurer": "示例保险公司",
            "name": "2021年方案",
            "funding": "county_paid",
        }
        if pool_fen is not None:
            figures_of_pool = {"pool_fen": pool_fen, "fee_bp": 1_500, "surplus_rule": "carried_forward"}
            sources = dict.fromkeys(figures_of_pool, "assumed")
            wanted |= {"funding": "insurer_pool", **figures_of_pool, "sources": sources}
        policy = await self.post("claims", "/policies", wanted | dict(programme or {}), "county")
        if pool_fen is not None:
            await self.name_pool(policy["id"], await self.prepay(pool_fen))
        figures = ("deductible_fen", "tiers", "tier_mode", "base", "cap_fen", "waiting_days", "reporting_days")
        terms = {
            "valid_from": "2021-01-01",
            "valid_to": "2021-12-31",
            "deductible_fen": DEDUCTIBLE_FEN,
            "tiers": [{"from_fen": 0, "rate_bp": 10_000}],
            "tier_mode": "marginal",
            "base": "person",
            "cap_fen": 1_000_000,
            "waiting_days": 0,
            "reporting_days": 60,
            "sources": dict.fromkeys(figures, "assumed"),
        }
        for cause in causes:
            draft = await self.post("claims", f"/policies/{policy['id']}/terms", terms | {"cause": cause}, "county")
            path = f"/policies/{policy['id']}/terms/{draft['id']}/approval"
            await self.post("claims", path, {"outcome": "approved"}, "admin")

    async def prepay(self, amount_fen: int) -> str:
        """The county hands an insurer a pool; answers the ledger's open item."""
        body = {
            "amount_fen": amount_fen,
            "payee_ref": "insurer-1",
            "purpose": "2021年方案",
            "effective_on": "2021-01-20",
        }
        made = await self.post("ledger", "/funds/insurance/pool-prepayments", body, "officer")
        self.pool = str(made["item"]["id"])
        return self.pool

    async def name_pool(self, policy_id: str, item: str) -> dict[str, Any]:
        """Say which pool pays a programme's claims."""
        return await self.post("claims", f"/policies/{policy_id}/pool", {"open_item_id": item}, "county")

    async def pool_fen(self) -> int:
        """What is in the pool."""
        return int((await self.get("ledger", f"/open-items/{self.pool}", "auditor"))["remaining_fen"])

    async def receive(self, amount_fen: int) -> None:
        """Money arrives in the insurance fund."""
        body = {"amount_fen": amount_fen, "source": "county", "effective_on": "2021-01-10"}
        await self.post("ledger", "/funds/insurance/receipts", body, "officer")

    async def allot(self, amount_fen: int) -> None:
        """Budget of 2021 becomes available to the insurance fund."""
        body = {
            "amount_fen": amount_fen,
            "fiscal_year": 2021,
            "effective_on": "2021-01-12",
            "authority": "测试文号〔2021〕1号",
        }
        await self.post("ledger", "/funds/insurance/allotments", body, "officer")

    async def household(self, *, account: bool = True) -> dict[str, Any]:
        """Register a household of one."""
        order = next(self.households)
        body = {
            "town": f"{self.book}100",
            "village": f"{self.book}100213",
            "category": "marginal_poverty_prone",
            "members": [{"name": f"钱示例{order}", "id_number": id_number(order), "relation": "head"}],
            "annual_income_fen": 400_000,
            "income_year": 2021,
        }
        if account:
            body["bank_account"] = account_number(order)
        return await self.post("claims", "/households", body, "intake")

    async def approved_claim(self, benefit_fen: int, *, account: bool = True) -> str:
        """A claim of a household of its own, checked by the town and approved by the county; answers its id."""
        household = await self.household(account=account)
        claim = await self.post(
            "claims",
            "/claims",
            {
                "household_id": household["id"],
                "claimant_member_id": household["members"][0]["id"],
                "cause": "schooling",
                "event_on": EVENT_ON,
                "reported_on": "2021-06-05",
                "loss": [{"kind": "tuition", "amount_fen": benefit_fen + DEDUCTIBLE_FEN, "document_number": None}],
                "other_payments": [],
            },
            "intake",
        )
        for step, who, day in (("town_check", "town", "2021-06-10"), ("county_approval", "county", APPROVED_ON)):
            body = {"step": step, "outcome": "passed", "note": "属实", "done_on": day}
            await self.post("claims", f"/claims/{claim['id']}/steps", body, who)
        return str(claim["id"])

    async def status(self, claim_id: str) -> str:
        """Where a claim stands."""
        claim = await self.get("claims", f"/claims/{claim_id}", "county")
        return str(claim["status"])

    async def approved_batch(self, *claim_ids: str) -> dict[str, Any]:
        """A batch of these claims (of all that can be paid, if none is named), approved by a second payer."""
        body = {"claim_ids": list(claim_ids)} if claim_ids else {}
        batch = await self.post("claims", "/payout-batches", body, "payer")
        return await self.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")

    async def bank_return(
        self, batch: dict[str, Any], outcome: str, *, on: str = PAID_ON, items: list[int] | None = None
    ) -> dict[str, Any]:
        """The bank reports one outcome for all items of a batch, or for those at these places."""
        chosen = batch["items"] if items is None else [batch["items"][place] for place in items]
        return await self.post(
            "claims", f"/payout-batches/{batch['id']}/bank-return", return_body(chosen, outcome, on), "payer"
        )

    async def insurance(self) -> dict[str, int]:
        """The insurance fund's figures of 2021."""
        funds = await self.get("ledger", "/funds", "officer", fiscal_year="2021")
        return next(fund for fund in funds["items"] if fund["code"] == "insurance")

    async def reconciliation(self) -> dict[str, Any]:
        """Both sides compared, as a reader of payouts sees it."""
        return await self.get("claims", "/reconciliation", "auditor")


def return_body(items: list[dict[str, Any]], outcome: str, on: str = PAID_ON) -> dict[str, Any]:
    """A bank return that says one outcome of these items."""
    rows = [
        {
            "item_number": item["item_number"],
            "outcome": outcome,
            "amount_fen": item["amount_fen"],
            "booked_on": on,
            "reason": "账户状态异常" if outcome == "failure" else None,
        }
        for item in items
    ]
    return {
        "rows": rows,
        "control_count": len(rows),
        "control_total_fen": sum(item["amount_fen"] for item in items),
    }
