"""Purposes, open items, proposals and decisions, versions of the budget, the adjusting period, transfers between funds.

The SQL stands in the files beside this one, in the order they are run. Funds that exist get the account added to the chart since,
and the chain of their book tells of it.

Revision ID: 0002
Revises: 0001
"""

import hashlib
import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FILES = ("0002_tables.sql", "0002_triggers.sql", "0002_grants.sql")
_ADDED = {
    "code": "300101",
    "basis": "financial",
    "normal_side": "credit",
    "guarded": False,
    "name_zh": "累计盈余—基金间调剂",
    "name_en": "Accumulated surplus: transfers between funds",
}


def _run(script: str) -> None:
    """Run a script of several statements, which a prepared statement could not carry, in the migration's transaction."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    connection.run_async(lambda driver: driver.execute(script))


def _chain_the_account(book: str) -> None:
    """Give every fund of a book the new account, and tell of it in the chain (format 1, docs/adr/0004)."""
    bind = op.get_bind()
    bind.execute(
        sa.text(
            "INSERT INTO account (book, fund, code, name_zh, name_en, basis, normal_side, guarded)"
            " SELECT book, code, :code, :name_zh, :name_en, :basis, :normal_side, :guarded FROM fund WHERE book = :book"
        ),
        {"book": book, **_ADDED},
    )
    funds = bind.execute(sa.text("SELECT code FROM fund WHERE book = :book ORDER BY position, code"), {"book": book})
    head = bind.execute(sa.text("SELECT position, hash FROM chain_head WHERE book = :book"), {"book": book}).one()
    content = {"accounts": [_ADDED], "funds": list(funds.scalars())}
    record = {
        "format": 1,
        "book": book,
        "position": head.position + 1,
        "kind": "chart",
        "prev_hash": head.hash.hex(),
        "content": content,
    }
    bind.execute(
        sa.text(
            "INSERT INTO chain_record (book, position, kind, format, content, prev_hash, hash, recorded_at)"
            " VALUES (:book, :position, 'chart', 1, :content, :prev_hash, :hash, clock_timestamp())"
        ),
        {
            "book": book,
            "position": head.position + 1,
            "content": _canonical(content).decode(),
            "prev_hash": head.hash,
            "hash": hashlib.sha256(_canonical(record)).digest(),
        },
    )


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def upgrade() -> None:
    """Widen the tables and their proofs; books that exist keep every figure they have."""
    for name in _FILES:
        _run(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    for book in op.get_bind().execute(sa.text("SELECT code FROM book ORDER BY code")).scalars().all():
        _chain_the_account(book)


def downgrade() -> None:
    """Refuse: a ledger is never taken apart."""
    message = "the ledger has no way back: restore a backup instead"
    raise NotImplementedError(message)
