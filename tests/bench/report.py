"""What is printed: one table of rates as ratios, and where the time goes."""

# ruff: noqa: T201 - a command-line program prints
from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.load import Tally
from tests.bench.phases import Phases


@dataclass(frozen=True, slots=True)
class Row:
    """One case. `ledger_cpu` and `database_cpu` are seconds of processor time during it; phases only of the engine alone."""

    name: str
    tally: Tally
    ledger_cpu: float
    database_cpu: float
    phases: Phases = field(default_factory=dict)
    latencies: bool = False

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.tally.acknowledged / self.tally.seconds


def print_rates(rows: list[Row], tps: float) -> None:
    """Print each case's rate, its ratio to the baseline, and the processor time an entry costs."""
    print(f"\n{'case':<34}{'entries':>9}{'entries/s':>11}{'tpcb tps':>10}{'ratio':>8}{'p50 ms':>8}{'p99 ms':>8}"
          f"{'us ledger':>11}{'us database':>12}")  # fmt: skip
    for row in rows:
        tally = row.tally
        latency = f"{tally.p50_ms:>8.1f}{tally.p99_ms:>8.1f}" if row.latencies else f"{'-':>8}{'-':>8}"
        each = 1e6 / tally.acknowledged
        print(f"{row.name:<34}{tally.acknowledged:>9,}{row.rate:>11,.0f}{tps:>10,.0f}{row.rate / tps:>7.2f}x{latency}"
              f"{row.ledger_cpu * each:>11,.0f}{row.database_cpu * each:>12,.0f}")  # fmt: skip
    print(
        "us: processor time of one entry, in microseconds, in the ledger (this process for the engine alone), in PostgreSQL"
    )


def print_phases(rows: list[Row]) -> None:
    """Print where the groups' wall time went, in microseconds an entry and as a share."""
    print("\nwhere a group's time goes (wall time, microseconds an entry; a COPY includes its proving trigger)")
    for row in rows:
        total = sum(row.phases.values())
        each = 1e6 / row.tally.acknowledged
        ordered = sorted(row.phases.items(), key=lambda phase: -phase[1])
        shown = ", ".join(
            f"{name} {seconds * each:.1f} ({seconds / total:.0%})" for name, seconds in ordered if seconds
        )
        print(f"  {row.name}: {total * each:.0f} in all: {shown}")


def print_http_share(rows: list[Row]) -> None:
    """Print how much of the ledger's processor time for a single entry is HTTP and checking the request."""
    cpu = {row.name: row.ledger_cpu / row.tally.acknowledged for row in rows}
    for lines in (2, 6):
        http, alone = cpu[f"HTTP single, {lines} lines"], cpu[f"engine single, {lines} lines"]
        print(
            f"  HTTP single, {lines} lines: {http * 1e6:.0f} us in the ledger, of which {max(0.0, 1 - alone / http):.0%}"
            f" HTTP, token, validation and fingerprint, the rest the engine ({alone * 1e6:.0f} us with the same callers and no HTTP)"
        )
