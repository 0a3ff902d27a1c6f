"""`make bench`: single and bulk entries over HTTP, and the engine alone, as ratios to pgbench on the same server in the same run."""

# ruff: noqa: T201 - a command-line program prints
from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.bench import baseline, proof, report
from tests.bench.engine_alone import EngineCase, run_engine
from tests.bench.load import Orders, Tally, run_load
from tests.bench.plan import BOOK, FULL, QUICK, SHAPES, Sizes
from tests.bench.report import Row
from tests.bench.system import WORKERS, database_cpu, durability, ledger_cpu, machine, measured_system
from tests.support.stack import Stack


def main() -> None:
    """Measure, prove, print. `--quick` runs tiny counts, whose figures mean nothing."""
    sizes = QUICK if "--quick" in sys.argv[1:] else FULL
    began = time.monotonic()
    with measured_system() as stack:
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine(stack)}; {WORKERS} ledger processes")
        print("server: " + ", ".join(f"{name}={value}" for name, value in durability(stack).items()), flush=True)
        baseline.prepare(stack, sizes)
        before = baseline.transactions_per_second(stack, sizes)
        rows = []
        for row in cases(stack, sizes):
            print(f"  {row.name}: {row.rate:,.0f} entries/s, proved", flush=True)
            rows.append(row)
        after = baseline.transactions_per_second(stack, sizes)
        asyncio.run(proof.check_totals(stack))
        held = proof.holdings(stack)
    tps = (before + after) / 2
    print(f"\nbaseline: pgbench tpcb-like, scale {sizes.pgbench_scale}, -M prepared, {sizes.clients} clients:"
          f" {before:,.0f} tps before, {after:,.0f} after, mean {tps:,.0f}")  # fmt: skip
    report.print_rates(rows, tps)
    report.print_phases([row for row in rows if row.phases])
    report.print_http_share(rows)
    print(f"\nproved: {held.entries:,} entries, {held.debit_fen:,} fen of debits: acknowledged = posted = balances after each case;"
          f" no gap in seq, chain verified, all totals recomputed. {time.monotonic() - began:.0f} s in all.")  # fmt: skip


def cases(stack: Stack, sizes: Sizes) -> Iterator[Row]:
    """Run every case and prove it; two-line entries first."""
    for lines in SHAPES:
        name = f"HTTP single, {lines} lines"
        yield over_http(stack, name, Orders(*_to(stack, name), lines, sizes.clients, seconds=sizes.singles_seconds))
        for entries, calls in sizes.bulk_calls:
            name = f"HTTP bulk of {entries:,}, {lines} lines"
            yield over_http(stack, name, Orders(*_to(stack, name), lines, WORKERS, entries=entries, calls=calls))
        name = f"engine single, {lines} lines"
        yield alone(stack, EngineCase(name, lines, sizes.engine_singles, 1_000, callers=sizes.clients // WORKERS))
        for group in sizes.engine_groups:
            name = f"engine groups of {group:,}, {lines} lines"
            yield alone(stack, EngineCase(name, lines, sizes.engine_entries, group))


def _to(stack: Stack, name: str) -> tuple[int, str, str]:
    return stack.ports["ledger"], stack.issuer.token("officer", book=BOOK), name.replace(" ", "-").replace(",", "")


def over_http(stack: Stack, name: str, orders: Orders) -> Row:
    """Measure a case over HTTP, from a process of its own, and prove it."""
    held, ledger, database = proof.holdings(stack), ledger_cpu(stack), database_cpu(stack)
    tally = run_load(orders)
    row = Row(name, tally, ledger_cpu(stack) - ledger, database_cpu(stack) - database, latencies=orders.entries == 0)
    _prove(stack, held, tally, extra=0)
    return row


def alone(stack: Stack, case: EngineCase) -> Row:
    """Measure a case of the engine in this process, and prove it."""
    held, database = proof.holdings(stack), database_cpu(stack)
    tally, phases = run_engine(stack.databases["ledger"].service_url, case)
    row = Row(case.name, tally, tally.cpu_seconds, database_cpu(stack) - database, phases, latencies=case.callers > 0)
    _prove(stack, held, tally, extra=1, extra_fen=case.lines // 2)
    return row


def _prove(stack: Stack, held: proof.Holdings, tally: Tally, *, extra: int, extra_fen: int = 0) -> None:
    """Prove a case; `extra` entries (the engine's warming entry, 1 fen a line) were posted outside the clock."""
    after = proof.holdings(stack)
    proof.check_sums(held, after, tally.acknowledged + extra, tally.acknowledged_fen + extra_fen)
    proof.check_chain(stack, held.last_seq + 1, after.last_seq)


if __name__ == "__main__":
    main()
