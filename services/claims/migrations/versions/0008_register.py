"""The register's history, household numbers, consents, possible duplicates and import jobs; the SQL stands beside this file."""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0008"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create tables and triggers, grant the roles what they need. No existing row changes but for empty columns."""
    run_script(op.get_bind(), __file__)
