"""No approval beyond a cap: the database itself adds up what was approved before.

The statements stand in 0013_caps.sql beside this file.
"""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0013"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the trigger that holds the caps of a person and of a household."""
    run_script(op.get_bind(), __file__)
