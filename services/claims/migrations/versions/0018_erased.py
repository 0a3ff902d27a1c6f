"""Who was erased files no claim; closed claims count like paid ones.

The SQL stands in the file beside this one.

Revision ID: 0018
Revises: 0012
"""

from __future__ import annotations

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0018"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace what an erasure asks for, and refuse claims of the erased."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: what was erased does not come back."""
    raise NotImplementedError(NO_WAY_BACK)
