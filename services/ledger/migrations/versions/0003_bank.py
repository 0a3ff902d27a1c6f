"""The bank: accounts, statements, what of them is matched with entries.

The SQL stands in the file beside this one.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the room's tables, triggers and grants; nothing that exists changes."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
