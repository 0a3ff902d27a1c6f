"""Who puts up a public notice has a duty, the village's review.

The SQL stands in the file beside this one.

Revision ID: 0018
Revises: 0012
"""

from __future__ import annotations

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0018"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the database hold the duty too."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a database that lets one person have two duties is no earlier state worth going back to."""
    raise NotImplementedError(NO_WAY_BACK)
