"""Decisions, proposals and approval rules stand as the chain tells them; nobody reviews what they prepared.

The SQL stands in the file beside this one.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Prove decisions and what they let through on the database."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
