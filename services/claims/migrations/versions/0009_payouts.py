"""Bank files issued once, items that replace a failed credit or are taken out, and the history of a batch.

The statements stand in 0009_payouts.sql beside this file.
"""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the script."""
    run_script(op.get_bind(), __file__)
