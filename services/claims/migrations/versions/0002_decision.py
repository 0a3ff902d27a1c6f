"""Insurance programmes with their dated terms; claims with their details, decisions and events.

The tables stand in 0002_decision.sql beside this file, the grants in 0002_grants.sql.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
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
    run_file("0002_decision.sql")
    run_file("0002_grants.sql")
