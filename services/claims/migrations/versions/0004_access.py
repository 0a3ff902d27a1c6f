"""The access log: who saw, took away or erased personal data, chained per book.

The SQL stands in the file beside this one.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the log, its proofs and its grants; nothing that exists changes."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: a log of accesses is never taken apart."""
    raise NotImplementedError(NO_WAY_BACK)
