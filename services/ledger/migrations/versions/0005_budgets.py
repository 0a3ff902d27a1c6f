"""Purposes and versions of the budget stand in the chain, proved by the database; open encumbrances are found by an index.

The SQL stands in the file beside this one.

Revision ID: 0005
Revises: 0003
"""

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index and the proofs; rows that exist are left as they are."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
