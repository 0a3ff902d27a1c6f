"""The one MetaData of the claims database. Every room's `tables.py` defines its tables on it.

Constraint names follow one convention, so that a migration written by hand and the tables in code name them alike and the drift check of
`make check` can compare them.
"""

from __future__ import annotations

import importlib

import sqlalchemy as sa

from common.database import NAMING_CONVENTION

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

# Every module that defines tables. The drift check compares what these define with a migrated database.
TABLE_MODULES = (
    "claims.idempotency",
    "claims.households.tables",
    "claims.register.tables",
    "claims.monitoring.tables",
    "claims.policies.tables",
    "claims.claims.tables",
    "claims.documents.tables",
    "claims.payouts.tables",
    "claims.access.tables",
)


def load_all_tables() -> sa.MetaData:
    """Import every room's tables and answer the complete MetaData (for migrations and the drift check)."""
    for name in TABLE_MODULES:
        importlib.import_module(name)
    return metadata
