"""Year-end: the rules of carrying forward; a December stays closed once its adjusting period has begun; reopening says why.

The SQL stands in the file beside this one.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and replace the proof of closing and reopening; nothing that is stored changes."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
