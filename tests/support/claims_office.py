"""A county office for tests of policies and claims: invented people, a programme with terms, and staff who take the steps."""

from __future__ import annotations

import itertools
from typing import Any, Final

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.metadata import load_all_tables
from deploy.local.issuer import Issuer

BOOK: Final = "610923"
TOWN: Final = "610923100"
VILLAGE: Final = "610923100213"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

Json = dict[str, Any]


def id_number(order: int) -> str:
    """Return an ID number of nobody with a valid check digit."""
    body = f"612424{1950 + order % 50}{1 + order % 12:02d}15{order % 1000:03d}"
    remainder = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def household(*orders: int, **other: object) -> Json:
    """Return a household as reported, one invented member an order; income 4,000 yuan a person."""
    members = [
        {"name": f"孙示例{order}", "id_number": id_number(order), "relation": "head" if index == 0 else "spouse"}
        for index, order in enumerate(orders)
    ]
    return {
        "town": TOWN,
        "village": VILLAGE,
        "category": "marginal_poverty_prone",
        "members": members,
        "annual_income_fen": 400_000 * len(orders),
        "income_year": 2021,
        **other,
    }


def terms(cause: str = "serious_illness", **other: object) -> Json:
    """Return the terms of Qingdao 2022 (docs/domain/insurance.md), as they would be sent."""
    body: Json = {
        "cause": cause,
        "valid_from": "2021-01-01",
        "deductible_fen": 300_000,
        "tiers": [
            {"from_fen": 0, "rate_bp": 7_000},
            {"from_fen": 1_000_000, "rate_bp": 8_000},
            {"from_fen": 2_000_000, "rate_bp": 9_000},
        ],
        "tier_mode": "marginal",
        "base": "person",
        "cap_fen": 10_000_000,
        "waiting_days": 0,
        "reporting_days": 180,
        "sources": {
            "deductible_fen": "Qingdao 2022",
            "tiers": "Qingdao 2022",
            "tier_mode": "assumed",
            "base": "Qingdao 2022",
            "cap_fen": "Qingdao 2022",
            "waiting_days": "assumed",
            "reporting_days": "assumed",
        },
    }
    return {**body, **other}


class Office:
    """Calls the claims service as different people of one county."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer, book: str = BOOK) -> None:
        """Keep the client; nothing is set up yet."""
        self.client = client
        self.issuer = issuer
        self.book = book
        self._numbers = itertools.count(1)
        self._people = itertools.count(1)

    def headers(self, who: str, sub: str | None = None, language: str = "en") -> dict[str, str]:
        """Return the headers of somebody's request."""
        token = self.issuer.token(who, book=self.book, sub=sub)
        return {"Authorization": f"Bearer {token}", "Accept-Language": language}

    async def post(
        self, path: str, body: object, who: str, *, sub: str | None = None, key: str | None = None
    ) -> httpx.Response:
        """POST below the book under a new key, or the one given."""
        headers = self.headers(who, sub) | {"Idempotency-Key": key or f"office-{next(self._numbers)}"}
        return await self.client.post(f"/v1/books/{self.book}{path}", json=body, headers=headers)

    async def get(self, path: str, who: str = "auditor", *, language: str = "en", **query: str | int) -> httpx.Response:
        """GET below the book."""
        url = f"/v1/books/{self.book}{path}"
        return await self.client.get(url, params=query, headers=self.headers(who, language=language))

    async def made(self, path: str, body: object, who: str, **how: str) -> Json:
        """POST what must succeed."""
        answer = await self.post(path, body, who, **how)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    async def read(self, path: str, **query: str | int) -> Json:
        """GET what must be there."""
        url = f"/v1/books/{self.book}{path}"
        answer = await self.client.get(url, params=query, headers=self.headers("auditor"))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def family(self, people: int = 2, **other: object) -> Json:
        """Register a household of new invented people and return it as read."""
        made = await self.made("/households", household(*itertools.islice(self._people, people), **other), "intake")
        return await self.read(f"/households/{made['id']}")

    async def programme(self, *written: Json, year: int = 2021) -> Json:
        """Write a policy with terms (those of a serious illness by default), approved by a second person."""
        body = {"year": year, "insurer": "演示保险公司（虚构）", "funding": "county_paid"}
        policy = await self.made("/policies", body, "county")
        for one in written or (terms(),):
            await self.in_force(policy, one)
        return policy

    async def in_force(self, policy: Json, written: Json) -> Json:
        """Write terms and let a second person approve them."""
        draft = await self.made(f"/policies/{policy['id']}/terms", written, "county")
        return await self.made(
            f"/policies/{policy['id']}/terms/{draft['id']}/approval", {"outcome": "approved"}, "admin"
        )

    def claim(self, family: Json, member: int = 0, **other: object) -> Json:
        """Return a claim as reported: 18,000.00 yuan lost, which the default terms answer with 11,000.00."""
        body: Json = {
            "household_id": family["id"],
            "claimant_member_id": family["members"][member]["id"],
            "cause": "serious_illness",
            "event_on": "2021-06-01",
            "reported_on": "2021-06-10",
            "loss": [{"kind": "medical_bill", "amount_fen": 5_000_000}],
            "other_payments": [{"payer": "medical_insurance", "amount_fen": 3_200_000}],
        }
        return {**body, **other}

    async def filed(self, family: Json, member: int = 0, **other: object) -> Json:
        """File a claim."""
        return await self.made("/claims", self.claim(family, member, **other), "intake")

    async def step(
        self,
        claim: Json,
        step: str,
        who: str,
        outcome: str | None = "passed",
        *,
        sub: str | None = None,
        **other: object,
    ) -> httpx.Response:
        """Take a step."""
        body = {"step": step, "done_on": "2021-07-01", **({} if outcome is None else {"outcome": outcome}), **other}
        return await self.post(f"/claims/{claim['id']}/steps", body, who, sub=sub)

    async def checked(self, family: Json, member: int = 0, **other: object) -> Json:
        """File a claim and let the town pass it."""
        claim = await self.filed(family, member, **other)
        answer = await self.step(claim, "town_check", "town")
        assert answer.status_code == 201, answer.text
        return claim

    async def approved(self, family: Json, member: int = 0, **other: object) -> Json:
        """File a claim, let the town pass and the county approve it."""
        claim = await self.checked(family, member, **other)
        answer = await self.step(claim, "county_approval", "county")
        assert answer.status_code == 201, answer.text
        return claim


async def row_counts(conn: AsyncConnection) -> dict[str, int]:
    """Count the rows of every table of the service."""
    counts = {}
    for name, table in load_all_tables().tables.items():
        counts[name] = (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
    return counts
