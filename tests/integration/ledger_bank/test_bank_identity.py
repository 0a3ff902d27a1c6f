"""The database's own reconciliation of a random book and statement, on every day, against plain arithmetic."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from tests.support.bank import ACCOUNT, imported, open_account, pay, receive, statement, waiting_lines
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

START = date(2021, 3, 1)
MAPPING = {"date": "日期", "amount": "金额", "text": "摘要"}


def on(day: int) -> str:
    return (START + timedelta(days=day)).isoformat()


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_identity_holds_on_every_day_of_a_random_book(ledger: LedgerCalls, seed: int) -> None:
    chance = random.Random(seed)
    await open_account(ledger)
    await ledger.made(f"{ACCOUNT}/column-mapping", **MAPPING)
    await receive(ledger, 1_000_000, on(0))
    entries: dict[str, tuple[str, int]] = {}
    for _ in range(25):
        day, fen = on(chance.randint(0, 9)), chance.choice([-3, -2, 1, 2, 3]) * 100
        made = await (receive(ledger, fen, day) if fen > 0 else pay(ledger, -fen, day))
        entries[made] = (day, fen)
    rows = [(on(chance.randint(0, 9)), f"{chance.choice([-3, -2, 1, 2, 3])}.00", str(number)) for number in range(25)]
    await imported(ledger, statement(*rows, headings=("日期", "金额", "摘要")).encode())
    for window in (0, 2):
        asked = await ledger.post(f"{ACCOUNT}/match-proposals", {"window_days": window})
        pairs = [{"line": one["line"]["id"], "entry": one["entry"]["entry"]} for one in asked.json()["proposals"]]
        chosen = [pair for pair in pairs if chance.random() < 0.6]
        if chosen:
            made_matches = (await ledger.made(f"{ACCOUNT}/matches", pairs=chosen))["matches"]
            for match in made_matches:
                if chance.random() < 0.2:
                    await ledger.made(f"{ACCOUNT}/matches/{match['id']}/undo", reason="测试")
    lines = (await ledger.read(f"{ACCOUNT}/statement-lines"))["items"]
    assert len(await waiting_lines(ledger)) == sum(1 for line in lines if line["match"] is None)
    for offset in range(-1, 11):
        found = await ledger.read(f"{ACCOUNT}/reconciliation", on=on(offset))
        book = sum(fen for at, fen in entries.values() if at <= on(offset)) + (1_000_000 if offset >= 0 else 0)
        bank = sum(line["amount_fen"] for line in lines if line["booked_on"] <= on(offset))
        assert (found["book_balance_fen"], found["statement_balance_fen"]) == (book, bank)
        assert found["balanced"], found
        assert outstanding(found) == (bank_side(found, 1), bank_side(found, -1))


def outstanding(found: Json) -> tuple[int, int]:
    return found["bank_received_not_booked"]["sum_fen"], found["bank_paid_not_booked"]["sum_fen"]


def bank_side(found: Json, sign: int) -> int:
    """The sum of the items shown, which must be the group's."""
    group = found["bank_received_not_booked" if sign > 0 else "bank_paid_not_booked"]
    total: int = sum(sign * item["amount_fen"] for item in group["items"])
    return total
