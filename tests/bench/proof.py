"""After each case: what was acknowledged is in the database, once, without gaps, chained. Fails loudly if not."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tests.bench.plan import BOOK
from tests.support.ledger_engine import broken_totals, connect
from tests.support.stack import Stack

_HOLDINGS = """
    SELECT count(*), coalesce(max(seq), 0),
           (SELECT coalesce(sum(amount_fen), 0) FROM posting WHERE side = 'debit'),
           (SELECT coalesce(sum(amount_fen), 0) FROM posting WHERE side = 'credit'),
           (SELECT coalesce(sum(debit_fen), 0) FROM balance),
           (SELECT coalesce(sum(credit_fen), 0) FROM balance)
    FROM journal_entry"""


class ProofFailedError(Exception):
    """The database does not hold exactly what was acknowledged."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the database holds; amounts in fen."""

    entries: int
    last_seq: int
    debit_fen: int
    credit_fen: int
    balances_debit_fen: int
    balances_credit_fen: int


def holdings(stack: Stack) -> Holdings:
    """Count entries and sum postings and balances."""
    return Holdings(*(int(figure) for figure in stack.sql("ledger", _HOLDINGS).split("|")))


def check_sums(before: Holdings, after: Holdings, acknowledged: int, acknowledged_fen: int) -> None:
    """Raise unless the case added exactly what was acknowledged, without gaps, to postings and balances alike."""
    added = (after.entries - before.entries, after.debit_fen - before.debit_fen)
    if added != (acknowledged, acknowledged_fen):
        raise ProofFailedError(f"acknowledged {acknowledged} entries, {acknowledged_fen} fen; the database has {added}")
    if after.entries != after.last_seq:
        raise ProofFailedError(f"gaps in seq: {after.entries} entries up to {after.last_seq}")
    if len({after.debit_fen, after.credit_fen, after.balances_debit_fen, after.balances_credit_fen}) != 1:
        raise ProofFailedError(f"postings and balances differ: {after}")


def check_chain(stack: Stack, from_seq: int, to_seq: int) -> None:
    """Raise unless the ledger verifies the chain over these entries."""
    url = f"{stack.url('ledger')}/v1/books/{BOOK}/chain/verification"
    headers = {"Authorization": f"Bearer {stack.issuer.token('auditor', book=BOOK)}"}
    answer = httpx.get(url, params={"from_seq": from_seq, "to_seq": to_seq}, headers=headers, timeout=300)
    if not answer.is_success or answer.json()["verified"] is not True:
        raise ProofFailedError(f"the chain does not verify: {answer.text}")


async def check_totals(stack: Stack) -> None:
    """Raise if any maintained figure is not the sum of the postings, or any number or link is missing."""
    connection = await connect(stack.databases["ledger"].owner_url)
    try:
        broken = await broken_totals(connection)
    finally:
        await connection.close()
    if broken:
        raise ProofFailedError(f"the book is broken: {broken[:5]}")
