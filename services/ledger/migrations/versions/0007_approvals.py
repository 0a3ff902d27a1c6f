"""Decisions, proposals and approval rules stand as the chain tells them; nobody reviews what they prepared.

The SQL stands in the file beside this one.

Revision ID: 0007
Revises: 0006
"""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Prove decisions and what they let through on the database."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    script = Path(__file__).with_name("0007_approvals.sql").read_text(encoding="utf-8")
    connection.run_async(lambda driver: driver.execute(script))


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
