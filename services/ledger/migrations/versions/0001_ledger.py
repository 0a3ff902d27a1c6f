"""Create the ledger: its tables, the triggers that prove its invariants, and the rights of each role.

The SQL stands in the files beside this one, in the order they are run.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_FILES = ("0001_tables.sql", "0001_triggers.sql", "0001_grants.sql")


def _run(script: str) -> None:
    """Run a script of several statements, which a prepared statement could not carry, in the migration's transaction."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    connection.run_async(lambda driver: driver.execute(script))


def upgrade() -> None:
    """Create everything; TEMP is taken from PUBLIC so that no role can hang a trigger function on a table of its own."""
    for name in _FILES:
        _run(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    _run("DO $$ BEGIN EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database()); END $$")


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
