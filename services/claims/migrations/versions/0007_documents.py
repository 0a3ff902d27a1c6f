"""Documents of claims, and the store's list of contents without a document. The tables and grants stand in the .sql beside this file."""

from __future__ import annotations

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, keep what was handed in from changing, grant the roles what they need."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: papers of households would be lost."""
    raise NotImplementedError(NO_WAY_BACK)
