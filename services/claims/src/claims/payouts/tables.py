"""Tables of the payouts room: wishes to the ledger, payout batches, bank files and bank returns.

`ledger_operation` is the outbox: one row is one call to the ledger under one idempotency key. It is written in the transaction that
decides the money movement and finished in the transaction that records the ledger's answer. Everything the bank told us
(`bank_return`, `bank_return_row`), every issue of a bank file (`file_issue`) and what people did to a batch (`payout_batch_event`) is
insert-only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.metadata import metadata
from claims.payouts.ledger_calls import Operation, OperationStatus
from claims.payouts.rules import LIVE_ITEM_STATUSES, AccountStanding, BankOutcome, BatchEvent, BatchStatus, ItemStatus

if TYPE_CHECKING:
    from collections.abc import Iterable


def one_of(column: str, values: Iterable[str]) -> str:
    """SQL condition that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


ledger_operation = sa.Table(
    "ledger_operation",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("item_id", sa.Uuid),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("bank_booked_on", sa.Date),
    sa.Column("fiscal_year", sa.SmallInteger, nullable=False),
    sa.Column("prepared_by", sa.Text, nullable=False),
    sa.Column("reviewed_by", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("lease_until", sa.DateTime(timezone=True)),
    sa.Column("leased_by", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    # The ledger's answer.
    sa.Column("refusal_code", sa.Text),
    sa.Column("refusal_detail", sa.Text),
    sa.Column("ledger_id", sa.Uuid),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("entry_seq", sa.BigInteger),
    sa.Column("voucher_number", sa.Integer),
    sa.Column("entry_hash", sa.Text),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "key"),
    sa.UniqueConstraint("book", "claim_id", "operation", "attempt"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.ForeignKeyConstraint(["book", "item_id"], ["payout_item.book", "payout_item.id"]),
    sa.CheckConstraint(one_of("operation", Operation), name="operation"),
    sa.CheckConstraint(one_of("status", OperationStatus), name="status"),
    sa.CheckConstraint("amount_fen > 0 AND attempt > 0", name="positive"),
    sa.CheckConstraint("(operation = 'encumber') = (item_id IS NULL)", name="item"),
    sa.CheckConstraint("(item_id IS NULL) = (bank_booked_on IS NULL)", name="bank_date"),
    sa.CheckConstraint("(status = 'pending') = (finished_at IS NULL)", name="finished"),
    sa.CheckConstraint("(status = 'refused') = (refusal_code IS NOT NULL)", name="refusal"),
    # In the database the same holds of every column of the receipt.
    sa.CheckConstraint("(status = 'done') = (entry_id IS NOT NULL)", name="receipt"),
)
sa.Index(
    "ix_ledger_operation_pending",
    ledger_operation.c.due_at,
    ledger_operation.c.position,
    postgresql_where=ledger_operation.c.status == "pending",
)
sa.Index(None, ledger_operation.c.book, ledger_operation.c.claim_id, ledger_operation.c.position)
sa.Index(
    "uq_ledger_operation_encumbered_once",
    ledger_operation.c.book,
    ledger_operation.c.claim_id,
    unique=True,
    postgresql_where=sa.text("operation = 'encumber' AND status IN ('pending', 'done')"),
)

# A bank's success is booked once and given back once, however many attempts that takes.
sa.Index(
    "uq_ledger_operation_item_once",
    ledger_operation.c.book,
    ledger_operation.c.item_id,
    ledger_operation.c.operation,
    unique=True,
    postgresql_where=sa.text("item_id IS NOT NULL AND status IN ('pending', 'done')"),
)

batch_counter = sa.Table(
    "payout_batch_counter",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("last_number", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("book", "year"),
)

payout_batch = sa.Table(
    "payout_batch",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("control_count", sa.Integer, nullable=False),
    sa.Column("control_total_fen", sa.BigInteger, nullable=False),
    sa.Column("prepared_by", sa.Text, nullable=False),
    sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("decision_note", sa.Text),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "number"),
    sa.CheckConstraint(one_of("status", BatchStatus), name="status"),
    sa.CheckConstraint("control_count > 0 AND control_total_fen > 0", name="controls"),
    sa.CheckConstraint("(status = 'prepared') = (decided_by IS NULL)", name="decided"),
    sa.CheckConstraint("decided_by <> prepared_by", name="two_persons"),
)

payout_item = sa.Table(
    "payout_item",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    # What was approved is what is paid: the account as it stood when the batch was prepared.
    sa.Column("holder_cipher", sa.LargeBinary, nullable=False),
    sa.Column("account_cipher", sa.LargeBinary, nullable=False),
    sa.Column("account_masked", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    # The failed credit this one pays again, and whether it goes to another account or holder.
    sa.Column("replaces_item_id", sa.Uuid),
    sa.Column("account_standing", sa.Text, nullable=False),
    sa.Column("unchanged_reason", sa.Text),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "number"),
    sa.UniqueConstraint("book", "batch_id", "position"),
    sa.ForeignKeyConstraint(["book", "replaces_item_id"], ["payout_item.book", "payout_item.id"]),
    sa.CheckConstraint(one_of("account_standing", AccountStanding), name="account_standing"),
    sa.CheckConstraint("(account_standing = 'first') = (replaces_item_id IS NULL)", name="replaces"),
    sa.CheckConstraint("unchanged_reason IS NULL OR account_standing = 'unchanged'", name="unchanged"),
    sa.ForeignKeyConstraint(["book", "batch_id"], ["payout_batch.book", "payout_batch.id"]),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.CheckConstraint(one_of("status", ItemStatus), name="status"),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
)
# A claim stands in one open batch at most, and is never paid by two items.
sa.Index(
    "uq_payout_item_live_claim",
    payout_item.c.book,
    payout_item.c.claim_id,
    unique=True,
    postgresql_where=sa.text(one_of("status", LIVE_ITEM_STATUSES)),
)
sa.Index(None, payout_item.c.book, payout_item.c.claim_id)

file_issue = sa.Table(
    "file_issue",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.SmallInteger, nullable=False),
    sa.Column("issued_to", sa.Text, nullable=False),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("item_count", sa.Integer, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "batch_id", "number"),
    sa.ForeignKeyConstraint(["book", "batch_id"], ["payout_batch.book", "payout_batch.id"]),
    sa.CheckConstraint("number > 0", name="number"),
)

payout_batch_event = sa.Table(
    "payout_batch_event",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    # The control figures after the event.
    sa.Column("control_count", sa.Integer, nullable=False),
    sa.Column("control_total_fen", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("template", sa.Text),
    sa.Column("items", sa.ARRAY(sa.Text), nullable=False),
    sa.PrimaryKeyConstraint("book", "batch_id", "position"),
    sa.ForeignKeyConstraint(["book", "batch_id"], ["payout_batch.book", "payout_batch.id"]),
    sa.CheckConstraint(one_of("event", BatchEvent), name="event"),
    sa.CheckConstraint("event NOT IN ('items_withdrawn', 'reissue_allowed') OR reason IS NOT NULL", name="reason"),
    sa.CheckConstraint("(event = 'items_withdrawn') = (cardinality(items) > 0)", name="items"),
)

bank_return = sa.Table(
    "bank_return",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("received_by", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("control_count", sa.Integer, nullable=False),
    sa.Column("control_total_fen", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "batch_id"], ["payout_batch.book", "payout_batch.id"]),
)
sa.Index(None, bank_return.c.book, bank_return.c.batch_id)

bank_return_row = sa.Table(
    "bank_return_row",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("return_id", sa.Uuid, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("item_id", sa.Uuid, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("booked_on", sa.Date, nullable=False),
    # The bank's words may name a person or an account.
    sa.Column("reason_cipher", sa.LargeBinary),
    sa.PrimaryKeyConstraint("book", "return_id", "row"),
    # The bank can say each thing about an item once.
    sa.UniqueConstraint("book", "item_id", "outcome"),
    sa.ForeignKeyConstraint(["book", "return_id"], ["bank_return.book", "bank_return.id"]),
    sa.ForeignKeyConstraint(["book", "item_id"], ["payout_item.book", "payout_item.id"]),
    sa.CheckConstraint(one_of("outcome", BankOutcome), name="outcome"),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
)

worker_heartbeat = sa.Table(
    "worker_heartbeat",
    metadata,
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("operations_finished", sa.BigInteger, nullable=False, server_default="0"),
    sa.PrimaryKeyConstraint("worker"),
)
