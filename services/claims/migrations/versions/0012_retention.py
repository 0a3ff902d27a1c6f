"""Personal data in full: ciphertexts sealed anew under another key, people erased.

The SQL stands in the file beside this one.

Revision ID: 0012
Revises: 0013
"""

from __future__ import annotations

from alembic import op

from common.migrations import NO_WAY_BACK, run_script

revision = "0012"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two narrow ways in which a ciphertext may change, and their records."""
    run_script(op.get_bind(), __file__)


def downgrade() -> None:
    """Refuse: what was erased does not come back."""
    raise NotImplementedError(NO_WAY_BACK)
