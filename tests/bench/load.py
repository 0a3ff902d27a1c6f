"""The load generator, a process of its own: `python -m tests.bench.load` reads its orders from standard input.

It speaks HTTP/1.1 over kept connections with as little work of its own as it can, since it shares the machine with what it measures.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import orjson
import uvloop

from deploy.local.ports import LOOPBACK
from deploy.local.state import CHECKOUT
from tests.bench.plan import BOOK, debit_fen, entry_body

CREATED = 201
OK = 200


@dataclass(frozen=True, slots=True)
class Orders:
    """What to send. `entries` 0: single entries for `seconds`; else `calls` bulk calls of so many entries by each client."""

    port: int
    token: str
    name: str
    lines: int
    clients: int
    seconds: float = 0.0
    entries: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What came back: entries acknowledged and the sum of their debits, wall and processor time, latency of the calls."""

    acknowledged: int
    acknowledged_fen: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float


def run_load(orders: Orders) -> Tally:
    """Carry the orders out in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        cwd=CHECKOUT,
        input=json.dumps(asdict(orders)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed:\n{done.stderr}")
    return Tally(**json.loads(done.stdout))


class _Client:
    """One caller on one kept connection."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.acknowledged = 0
        self.fen = 0
        self.latencies: list[float] = []

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(LOOPBACK, self.orders.port)

    async def call(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; answer the status and the body."""
        started = time.perf_counter()
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        body = await self.reader.readexactly(length)
        self.latencies.append(time.perf_counter() - started)
        return int(head[9:12]), body

    def request(self, path: str, body: bytes, key: str) -> bytes:
        head = (
            f"POST /v1/books/{BOOK}/journal-entries{path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
            f"Authorization: Bearer {self.orders.token}\r\nContent-Type: application/json\r\n"
            f"{key}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body

    async def singles(self, place: int, until: float) -> None:
        """Post single entries one after the other."""
        number, lines = place, self.orders.lines
        while time.perf_counter() < until:
            body = orjson.dumps(entry_body(number, lines))
            key = f"Idempotency-Key: {self.orders.name}-{number}\r\n"
            status, answer = await self.call(self.request("", body, key))
            if status != CREATED:
                raise RuntimeError(f"an entry was answered {status}: {answer[:500]!r}")
            self.acknowledged += 1
            self.fen += debit_fen(number, lines)
            number += self.orders.clients

    def bulk_request(self, first: int) -> bytes:
        name, lines = self.orders.name, self.orders.lines
        numbers = range(first, first + self.orders.entries)
        entries = [{"idempotency_key": f"{name}-{number}", **entry_body(number, lines)} for number in numbers]
        return self.request("/bulk", orjson.dumps({"atomic": False, "entries": entries}), "")

    async def bulk(self, first: int, requests: list[bytes]) -> None:
        """Make the bulk calls prepared before the clock started."""
        for request in requests:
            status, answer = await self.call(request)
            results = orjson.loads(answer)["results"] if status == OK else []
            if status != OK or any(result["status"] != "posted" for result in results):
                raise RuntimeError(f"a bulk call was answered {status}: {answer[:500]!r}")
            self.acknowledged += len(results)
            self.fen += sum(debit_fen(number, self.orders.lines) for number in range(first, first + len(results)))
            first += len(results)


async def _carry_out(orders: Orders) -> Tally:
    clients = [_Client(orders) for _ in range(orders.clients)]
    share = orders.entries * orders.calls
    prepared = [
        [client.bulk_request(place * share + call * orders.entries) for call in range(orders.calls)]
        for place, client in enumerate(clients)
    ]
    await asyncio.gather(*(client.connect() for client in clients))
    started, cpu = time.perf_counter(), time.process_time()
    if orders.entries:
        work = [client.bulk(place * share, prepared[place]) for place, client in enumerate(clients)]
    else:
        work = [client.singles(place, started + orders.seconds) for place, client in enumerate(clients)]
    await asyncio.gather(*work)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    latencies = sorted(latency for client in clients for latency in client.latencies)
    return Tally(
        acknowledged=sum(client.acknowledged for client in clients),
        acknowledged_fen=sum(client.fen for client in clients),
        seconds=seconds,
        cpu_seconds=cpu,
        p50_ms=latencies[len(latencies) // 2] * 1_000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1_000,
    )


def main() -> None:
    """Read the orders, carry them out, print the tally."""
    orders = Orders(**json.load(sys.stdin))
    json.dump(asdict(uvloop.run(_carry_out(orders))), sys.stdout)


if __name__ == "__main__":
    main()
