"""The baseline: pgbench's `tpcb-like`, prepared statements, on the server under measurement."""

from __future__ import annotations

import os
import re
import subprocess

from deploy.local.cluster import SUPERUSER
from deploy.local.ports import LOOPBACK
from tests.bench.plan import Sizes
from tests.support.stack import Stack

DATABASE = "tpcb"


def prepare(stack: Stack, sizes: Sizes) -> None:
    """Make pgbench's tables in a database of their own."""
    stack.cluster.psql("-c", f"CREATE DATABASE {DATABASE}")
    _pgbench(stack, "-i", "-q", "-s", str(sizes.pgbench_scale))


def transactions_per_second(stack: Stack, sizes: Sizes) -> float:
    """Run `tpcb-like`; answer its tps without the time to connect."""
    clients, seconds = str(sizes.clients), str(sizes.pgbench_seconds)
    output = _pgbench(stack, "-b", "tpcb-like", "-M", "prepared", "-c", clients, "-j", "2", "-T", seconds)
    found = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"pgbench said no rate:\n{output}")
    return float(found[1])


def _pgbench(stack: Stack, *arguments: str) -> str:
    cluster = stack.cluster
    address = ("-h", LOOPBACK, "-p", str(cluster.port), "-U", SUPERUSER, DATABASE)
    done = subprocess.run(
        [str(cluster.programs / "pgbench"), *arguments, *address],
        env={**os.environ, "PGPASSWORD": cluster.password, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed:\n{done.stderr}")
    return done.stdout
