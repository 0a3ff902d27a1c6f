"""The path of a claim: where it stands and until when, notices with objections, findings, appeals, working days.

Everything stands in 0006_path.sql beside this file. Claims filed before go on on the short path, without deadlines.
"""

from __future__ import annotations

from alembic import op

from common.migrations import run_script

revision = "0006"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables, give open claims their next step, let the database hold who may do what when."""
    run_script(op.get_bind(), __file__)
