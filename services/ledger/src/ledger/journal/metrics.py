"""What the posting engine tells Prometheus."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def _group_entries() -> Histogram:
    return Histogram(
        "ledger_posting_group_entries", "Entries written in one transaction.", buckets=_GROUP_SIZES, registry=None
    )


def _group_seconds() -> Histogram:
    return Histogram("ledger_posting_group_seconds", "Time of one posting transaction, lock included.", registry=None)


def _waiting() -> Gauge:
    return Gauge("ledger_posting_waiting", "Entries accepted and not yet answered.", registry=None)


def _faults() -> Counter:
    return Counter("ledger_posting_faults", "Failed attempts to write a group.", ["fault"], registry=None)


@dataclass(frozen=True, slots=True)
class EngineMetrics:
    """The series of one engine; registered by the app that runs it."""

    group_entries: Histogram = field(default_factory=_group_entries)
    group_seconds: Histogram = field(default_factory=_group_seconds)
    waiting: Gauge = field(default_factory=_waiting)
    faults: Counter = field(default_factory=_faults)

    def register(self, registry: CollectorRegistry) -> None:
        """Show the series in a registry."""
        for series in (self.group_entries, self.group_seconds, self.waiting, self.faults):
            registry.register(series)
