"""Programmes with an insurer's pool, every figure of terms, and the second person who approves them.

The statements stand in 0005_terms.sql beside this file.
"""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table of approvals; terms that are in force already stay in force."""
    run_script(op.get_bind(), __file__)
