"""The demo book in a running system: loaded by the loader's own process, killed once on the way and started again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.demo.load_register import cadre_name, load_villages
from deploy.demo.plan import Figures, Household, load_figures, plan_households, plan_listed
from deploy.local.state import CHECKOUT
from tests.support.privacy_scan import Known
from tests.support.stack import Stack, StackSeed, running_stack

LOAD_SECONDS: Final = 600.0
KILL_AT_LEADS: Final = 40


@dataclass(frozen=True, slots=True)
class DemoStack:
    """The system with the demo book in it, and what it showed when the load was done."""

    stack: Stack
    figures: Figures
    households: tuple[Household, ...]
    summary_at_kill: dict[str, Any]
    summary: dict[str, Any]
    seconds: float
    """How long the second, whole load took."""
    client: httpx.Client
    tokens: dict[str, str]

    def get(self, service: str, path: str, who: str = "auditor", **query: str | int) -> dict[str, Any]:
        """GET below the book as somebody; anything but 200 fails the test."""
        answer = self.request("GET", service, path, who, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def items(self, service: str, path: str, who: str = "auditor", **query: str | int) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(service, path, who, limit=1000, **query, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    def request(self, method: str, service: str, path: str, who: str = "auditor", **options: Any) -> httpx.Response:
        """Send one request below the book as somebody (`role` or `role/person`); writes need their own key."""
        if who not in self.tokens:
            role, _, person = who.partition("/")
            self.tokens[who] = self.stack.issuer.token(role, sub=person or None)
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **options.pop("headers", {})}
        url = f"{self.stack.url(service)}/v1/books/{self.figures.book.code}{path}"
        return self.client.request(method, url, headers=headers, **options)

    def load_again(self) -> str:
        """Run the loader once more, to its end; answers what it printed."""
        with loader(self.stack) as (process, log):
            assert process.wait(LOAD_SECONDS) == 0, log.read_text(encoding="utf-8")
            return log.read_text(encoding="utf-8")

    def row_counts(self) -> dict[str, int]:
        """How many rows each table of both databases has."""
        counts: dict[str, int] = {}
        for service in ("ledger", "claims"):
            tables = self.stack.sql(service, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
            counted = (f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608 - the catalogue's names
            rows = self.stack.sql(service, " UNION ALL ".join(counted))
            counts |= {
                f"{service}.{name}": int(count) for name, _, count in (row.partition("|") for row in rows.split())
            }
        return counts

    def known(self) -> Known:
        """Every personal value of the demo: numbers, accounts, phones, and names that end in a letter of their own."""
        households = self.households + plan_listed(load_villages())
        return Known(
            {
                "id_number": [member.id_number for one in households for member in one.members],
                "mobile": [one.phone for one in households],
                "bank_card": [one.bank_account for one in households],
                "name": [member.name for one in households for member in one.members],
                "cadre": [cadre_name(one) for one in households],
            }
        )


@contextmanager
def demo_stack(seed: StackSeed) -> Iterator[DemoStack]:
    """Start a system, begin the load, kill the loader among the leads, load again to the end."""
    figures = load_figures()
    with running_stack(seed=seed) as stack:
        with loader(stack) as (process, log):
            wait_for_leads(stack, process, log, KILL_AT_LEADS)
            process.kill()
            process.wait()
        at_kill = read_summary(stack)
        began = time.monotonic()
        with loader(stack) as (process, log):
            code = process.wait(LOAD_SECONDS)
            assert code == 0, log.read_text(encoding="utf-8")
        seconds = time.monotonic() - began
        with httpx.Client(timeout=60) as client:
            yield DemoStack(
                stack=stack,
                figures=figures,
                households=plan_households(figures, load_villages()),
                summary_at_kill=at_kill,
                summary=read_summary(stack),
                seconds=seconds,
                client=client,
                tokens={},
            )


@contextmanager
def loader(stack: Stack) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The loader as a process of its own; it writes to a log beside those of the services."""
    log = stack.folder / "demo.log"
    command = [sys.executable, "-m", "deploy.demo", "--ledger", stack.url("ledger"), "--claims", stack.url("claims")]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--keys", str(stack.issuer.folder)],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def read_summary(stack: Stack) -> dict[str, Any]:
    """The claims summary as it stands."""
    headers = {"Authorization": f"Bearer {stack.issuer.token('auditor')}"}
    answer = httpx.get(f"{stack.url('claims')}/v1/books/610923/reports/summary", headers=headers, timeout=60)
    found: dict[str, Any] = json.loads(answer.text)
    return found


def wait_for_leads(stack: Stack, process: subprocess.Popen[bytes], log: Path, leads: int) -> None:
    """Wait until the loader has filed so many leads."""
    deadline = time.monotonic() + LOAD_SECONDS
    while read_summary(stack)["leads"] < leads:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the loader files no leads"
        time.sleep(0.2)
