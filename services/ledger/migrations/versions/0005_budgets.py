"""Purposes and versions of the budget stand in the chain, proved by the database; open encumbrances are found by an index.

The SQL stands in the file beside this one.

Revision ID: 0005
Revises: 0003
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index and the proofs; rows that exist are left as they are."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    # Several statements, which a prepared statement could not carry, in the migration's transaction.
    connection.run_async(lambda driver: driver.execute(script))


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
