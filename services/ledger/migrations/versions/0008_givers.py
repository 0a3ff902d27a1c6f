"""Givers, sealed and erasable beside the books.

The SQL stands in the file beside this one.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the room's tables, triggers and grants; nothing that exists changes."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
