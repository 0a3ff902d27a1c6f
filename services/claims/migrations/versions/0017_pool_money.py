"""Money of an insurer's pool, recoveries of what was wrongly paid, reservations that were lost in the ledger.

The statements stand in 0017_pool_money.sql beside this file.
"""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0017"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the script."""
    run_script(op.get_bind(), __file__)
