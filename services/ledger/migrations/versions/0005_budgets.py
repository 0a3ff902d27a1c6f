"""What expires soon and what has expired is found without reading every encumbrance there ever was.

Revision ID: 0005
Revises: 0002
"""

from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index of the encumbrances that still have something left and an end."""
    op.execute(
        "CREATE INDEX ix_encumbrance_balance_expires_at ON encumbrance_balance (expires_at, book)"
        " WHERE remaining_fen > 0 AND expires_at IS NOT NULL"
    )


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
