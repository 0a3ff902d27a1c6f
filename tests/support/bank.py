"""A book with bank accounts for tests: its calls, its files, and entries that move its cash."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import httpx

from tests.support.ledger_calls import Json, LedgerCalls

ACCOUNT = "/bank-accounts/main"
MAPPING: Json = {
    "date": "交易日期",
    "debit": "借方发生额",
    "credit": "贷方发生额",
    "balance": "余额",
    "reference": "凭证号",
    "counterparty": "对方户名",
    "text": "摘要",
}
HEADINGS = ("交易日期", "借方发生额", "贷方发生额", "余额", "凭证号", "对方户名", "摘要")
_KEYS = count(1)


async def upload(
    ledger: LedgerCalls,
    content: bytes,
    account: str = "main",
    key: str | None = None,
    who: str = "officer",
    **query: object,
) -> httpx.Response:
    """POST a statement's file."""
    headers = ledger.headers(who) | {"Idempotency-Key": key or f"upload-{next(_KEYS)}"}
    return await ledger.client.post(
        f"/v1/books/{ledger.book}/bank-accounts/{account}/statements",
        files={"file": ("对账单.csv", content)},
        params={name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()},
        headers=headers,
    )


async def imported(ledger: LedgerCalls, content: bytes, account: str = "main", **query: Any) -> Json:
    """Import what must be taken."""
    answer = await upload(ledger, content, account, **query)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def statement(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> str:
    """A statement's CSV text."""
    lines = [headings, *rows]
    return "".join(",".join(f'"{"" if cell is None else cell}"' for cell in line) + "\r\n" for line in lines)


async def open_account(ledger: LedgerCalls, code: str = "main", **changes: object) -> Json:
    """Open a bank account for the insurance fund."""
    number = f"62170000{next(_KEYS):08d}"
    body = {
        "code": code,
        "bank_name": "示例银行",
        "name_zh": "专户",
        "number": number,
        "funds": ["insurance"],
    } | changes
    return await ledger.made("/bank-accounts", **body)


async def receive(ledger: LedgerCalls, fen: int, on: str, fund: str = "insurance", **more: object) -> str:
    """Money comes in; answers the entry's id."""
    made = await ledger.made(f"/funds/{fund}/receipts", amount_fen=fen, source="county", effective_on=on, **more)
    return entry_id(made)


async def pay(ledger: LedgerCalls, fen: int, on: str, fund: str = "insurance", reference: str | None = None) -> str:
    """Money goes out by a free entry; answers the entry's id."""
    made = await ledger.entry(
        on,
        (fund, "5001", "debit", fen),
        (fund, "1002", "credit", fen),
        (fund, "7101", "debit", fen),
        (fund, "8001", "credit", fen),
        description="付款",
        **({"reference": reference} if reference else {}),
    )
    return entry_id(made)


def entry_id(made: Json) -> str:
    """The id of the entry an operation answers with."""
    inner: Any = made.get("entry", made)
    return str(inner["id"])


async def waiting_lines(ledger: LedgerCalls, account: str = ACCOUNT) -> list[Json]:
    """The lines in no match, by date."""
    found: list[Json] = (await ledger.read(f"{account}/statement-lines", matched="false"))["items"]
    return found
