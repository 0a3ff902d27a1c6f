"""Households with encrypted personal data, leads with their steps, monitored households, income lines, idempotency keys.

The tables stand in 0001_register.sql beside this file, the grants in 0001_grants.sql.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def run_file(name: str) -> None:
    """Run one file of SQL statements, each ended by a line that holds only `--;;`."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for statement in text.split("\n--;;\n"):
        if statement.strip():
            op.execute(statement)


def upgrade() -> None:
    """Create the tables, forbid changes to what is append-only, grant the roles what they need."""
    run_file("0001_register.sql")
    run_file("0001_grants.sql")
