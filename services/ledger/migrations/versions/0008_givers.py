"""Givers, sealed and erasable beside the books.

The SQL stands in the file beside this one.

Revision ID: 0008
Revises: 0007
"""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FILE = "0008_givers.sql"


def upgrade() -> None:
    """Create the room's tables, triggers and grants; nothing that exists changes."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    # A script of several statements, which a prepared statement could not carry, in the migration's transaction.
    script = Path(__file__).with_name(_FILE).read_text(encoding="utf-8")
    connection.run_async(lambda driver: driver.execute(script))


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
