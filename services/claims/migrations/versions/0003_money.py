"""Wishes to the ledger, payout batches with their items, bank files issued, bank returns, worker heartbeats.

The tables stand in 0003_money.sql beside this file, the grants in 0003_grants.sql.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def run_file(name: str) -> None:
    """Run one file of SQL statements, each ended by a line that holds only `--;;`."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for statement in text.split("\n--;;\n"):
        if statement.strip():
            op.execute(statement)


def upgrade() -> None:
    """Create the tables, make final what must not change, grant the roles what they need."""
    run_file("0003_money.sql")
    run_file("0003_grants.sql")
