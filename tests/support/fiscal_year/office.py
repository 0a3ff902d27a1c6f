"""The office: how its people do things over HTTP, and how a month's bank statement comes in and the month is closed."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.support.bank import MAPPING, imported, statement
from tests.support.ledger_calls import Json, LedgerCalls

YEAR = 2025
FUNDS = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")
COMMUNITY = "repair.c01"


def yuan(amount: int) -> int:
    """So many yuan, in fen."""
    return amount * 100


@dataclass
class Year:
    """What one month leaves for a later one: ids of open items, encumbrances and entries."""

    ids: dict[str, str] = field(default_factory=dict)


class FiscalOffice(LedgerCalls):
    """The officer's calls; what the book wants a second person for, the checker approves."""

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]
        self._references = count(1)
        self.approved: list[str] = []

    async def done(self, path: str, **body: object) -> Json:
        """POST; where a second person is needed, the officer's own approval is refused and the checker's gives the result."""
        answer = await self.post(path, {"reference": f"PZ-{next(self._references):04d}", **body})
        assert answer.is_success, f"{path} {body}: {answer.status_code} {answer.text}"
        told: Json = answer.json()
        return told if answer.status_code != httpx.codes.ACCEPTED else await self.approve(told["proposal"])

    async def approve(self, proposal: Json) -> Json:
        """Approve what waits, after its preparer has tried with a token that may approve."""
        path = f"/proposals/{proposal['id']}/approval"
        token = self.issuer.token("checker", book=self.book, sub="officer-1")
        own = await self.client.post(
            f"/v1/books/{self.book}{path}",
            json={},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": f"own-{proposal['id']}"},
        )
        assert (own.status_code, own.json()["code"]) == (409, "same_person")
        answer = await self.post(path, {}, "checker")
        assert answer.is_success, answer.text
        self.approved.append(proposal["kind"])
        result: Json = answer.json()["result"]
        return result

    async def does(self, fund: str, place: str, on: str, fen: int, **more: object) -> Json:
        """Do an operation of a fund."""
        return await self.done(f"/funds/{fund}/{place}", amount_fen=fen, effective_on=on, **more)

    async def refused(self, path: str, code: str, **body: object) -> None:
        """POST what must be refused with this code, and change nothing."""
        before = await self.read("/chain")
        answer = await self.post(path, body)
        assert (answer.status_code >= 400, answer.json()["code"]) == (True, code), answer.text
        assert await self.read("/chain") == before

    async def all_of(self, path: str, /, **parameters: object) -> list[Json]:
        """Every page of a list."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self.read(path, **parameters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def wages(self, month: str, posts: int) -> Json:
        """Pay a month's welfare posts from a list, first looked at, then taken; sent again it pays nobody twice."""
        rows = "".join(f"{month} 工资,600.00,post-{post:04d},GZ-{month}-{post:04d}\r\n" for post in range(1, posts + 1))
        file = ("用途,发放金额（元）,收款方引用号,单据号\r\n" + rows).encode("gb18030")
        query = {"operation": "welfare_wage", "fund": "employment", "effective_on": f"{month}-28"}
        answers = [
            (
                await self.client.post(
                    f"/v1/books/{self.book}/payment-lists",
                    params=query | ({"dry_run": "true"} if step == "preview" else {}),
                    files={"file": ("工资.csv", file)},
                    headers=self.headers("officer"),
                )
            ).json()
            for step in ("preview", "take", "again")
        ]
        assert [one["posted"] for one in answers] == [posts, posts, 0], answers
        assert answers[2]["replayed"] == posts
        return dict(answers[1])

    async def month_ends(self, month: str, *, late: frozenset[str] = frozenset(), excused: str | None = None) -> None:
        """Import the month's bank statement, confirm what matches, and close the month.

        ``late`` are entries the bank books only next month. ``excused``: no statement came, and this is why.
        """
        body: Json = {"reason": "已核对"}
        if excused is None:
            await self.bank_statement(month, late)
        else:
            await self.refused(f"/periods/{month}/close", "checklist_failed")
            body["excuses"] = [{"item": "bank_reconciled", "reason": excused}]
        closed = await self.post(f"/periods/{month}/close", body)
        assert closed.is_success, f"{month}: {closed.text}"

    async def bank_statement(self, month: str, late: frozenset[str] = frozenset()) -> None:
        """The bank's own record of all it has booked up to the month's end and not told yet; everything in it is matched.

        A wrong entry and its red one never reach the bank.
        """
        last_day = f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]}"
        journal = await self.all_of("/bank-accounts/main/journal", to=last_day)
        entries = {one["entry"]: await self.read(f"/journal-entries/{one['entry']}") for one in journal if one["red"]}
        wrong = {one["undoes"] for one in entries.values()} | entries.keys()
        told = {line["reference"] for line in await self.all_of("/bank-accounts/main/statement-lines")}
        fresh = [
            one
            for one in journal
            if one["reference"] not in told and one["entry"] not in wrong and one["entry"] not in late
        ]
        rows = [_line(one) for one in fresh]
        taken = await imported(self, statement(*rows, headings=tuple(MAPPING.values())).encode(), covers_to=last_day)
        assert taken["lines_taken"] == len(rows)
        proposed = (await self.made("/bank-accounts/main/match-proposals", window_days=10))["proposals"]
        pairs = [{"line": one["line"]["id"], "entry": one["entry"]["entry"]} for one in proposed]
        assert len(pairs) == len(rows)
        await self.made("/bank-accounts/main/matches", pairs=pairs)
        status = await self.read("/bank-accounts/main/reconciliation", on=last_day)
        assert (status["status"], status["balanced"]) == ("reconciled", True), status


async def encumber(office: FiscalOffice, fund: str, fen: int, on: str, purpose: str, **more: object) -> str:
    """Reserve budget of the year; the encumbrance's id."""
    body = {"fund": fund, "fiscal_year": YEAR, "amount_fen": fen, "purpose": purpose, "effective_on": on, **more}
    return str((await office.done("/encumbrances", **body))["id"])


def _line(one: Json) -> tuple[str, ...]:
    """A line of the journal as the bank has it: what the office received stands in its credit."""
    paid, received = (f"{fen // 100}.{fen % 100:02d}" if fen else "" for fen in (one["paid_fen"], one["received_fen"]))
    return one["effective_on"], paid, received, "", one["reference"], "", ""
