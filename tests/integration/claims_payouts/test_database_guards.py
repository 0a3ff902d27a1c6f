"""What the database itself refuses about money, even to the service's own role."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common.database import async_url, sqlstate
from deploy.local.databases import Database
from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County

pytestmark = pytest.mark.anyio

NOT_PERMITTED = "42501"
UNIQUE = "23505"
CHECK = "23514"
APPEND_ONLY = "FP101"
FINISHED = "FP102"
UNALLOWED_ISSUE = "FP111"
LATE_WITHDRAWAL = "FP112"
CONTROLS = "FP113"
COPY_ITEM = """
    INSERT INTO payout_item (book, id, batch_id, position, number, claim_id, household_id, amount_fen, holder_cipher,
        account_cipher, account_masked, account_standing, status)
    SELECT book, gen_random_uuid(), batch_id, 99, number || 'x', claim_id, household_id, amount_fen, holder_cipher,
        account_cipher, account_masked, 'first', 'open' FROM payout_item
"""
COPY_WISH = """
    INSERT INTO ledger_operation (book, id, claim_id, operation, attempt, key, item_id, amount_fen, effective_on,
        bank_booked_on, fiscal_year, prepared_by, reviewed_by)
    SELECT book, gen_random_uuid(), claim_id, operation, attempt + 1, key || 'x', item_id, amount_fen, effective_on,
        bank_booked_on, fiscal_year, prepared_by, reviewed_by FROM ledger_operation
"""
BATCH_BY_ONE_PERSON = """
    INSERT INTO payout_batch (book, id, number, status, control_count, control_total_fen, prepared_by, decided_by, decided_at)
    VALUES ('610923', gen_random_uuid(), 'x', 'approved', 1, 1, 'a', 'a', now())
"""
COPY_ISSUE = """
    INSERT INTO file_issue (book, id, batch_id, number, issued_to, template, item_count, total_fen, sha256)
    SELECT book, gen_random_uuid(), batch_id, 2, issued_to, template, item_count, total_fen, sha256 FROM file_issue
"""
ATTACKS = [
    (COPY_ITEM, UNIQUE),
    (f"{COPY_WISH} WHERE operation = 'encumber'", UNIQUE),
    (f"{COPY_WISH} WHERE operation = 'liquidate'", UNIQUE),
    ("UPDATE ledger_operation SET status = 'pending'", FINISHED),
    ("UPDATE ledger_operation SET entry_seq = 1", FINISHED),
    ("UPDATE ledger_operation SET amount_fen = 1", NOT_PERMITTED),
    ("UPDATE ledger_operation SET key = 'x'", NOT_PERMITTED),
    ("DELETE FROM ledger_operation", NOT_PERMITTED),
    ("UPDATE payout_item SET amount_fen = 1", NOT_PERMITTED),
    ("UPDATE payout_item SET account_cipher = ''", NOT_PERMITTED),
    ("DELETE FROM payout_item", NOT_PERMITTED),
    ("UPDATE payout_batch SET control_total_fen = 1", CONTROLS),
    ("UPDATE payout_batch SET number = 'x'", NOT_PERMITTED),
    ("UPDATE payout_item SET status = 'withdrawn'", LATE_WITHDRAWAL),
    (COPY_ISSUE, UNALLOWED_ISSUE),
    ("UPDATE payout_batch_event SET reason = 'x'", NOT_PERMITTED),
    ("UPDATE payout_batch SET decided_by = prepared_by", CHECK),
    (BATCH_BY_ONE_PERSON, CHECK),
    ("UPDATE file_issue SET issued_to = 'x'", NOT_PERMITTED),
    ("DELETE FROM file_issue", NOT_PERMITTED),
    ("TRUNCATE bank_return_row", NOT_PERMITTED),
    ("UPDATE bank_return_row SET outcome = 'failure'", NOT_PERMITTED),
    ("DELETE FROM bank_return", NOT_PERMITTED),
]


async def refused_with(url: str, statement: str) -> str | None:
    engine = create_async_engine(async_url(url))
    try:
        async with engine.begin() as conn:
            await conn.execute(sa.text(statement))
    except DBAPIError as error:
        return sqlstate(error)
    finally:
        await engine.dispose()
    return None


async def test_the_service_role_cannot_bend_what_was_decided(
    county: County, post: Post, claims_database: Database
) -> None:
    await county.found()
    await county.approved_claim(1_000)
    await post.until_idle()
    batch = await county.approved_batch()
    await county.try_get("claims", f"/payout-batches/{batch['id']}/bank-file", "payer")
    await county.bank_return(batch, "success")
    await post.until_idle()
    for statement, code in ATTACKS:
        assert await refused_with(claims_database.service_url, statement) == code, statement


@pytest.mark.parametrize("table", ["file_issue", "bank_return", "bank_return_row", "payout_batch_event"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_not_even_the_owner_removes_what_the_bank_was_told_and_told_us(
    claims_database: Database, table: str, act: str
) -> None:
    assert await refused_with(claims_database.owner_url, act.format(table)) == APPEND_ONLY


async def test_the_reader_role_sees_no_cipher(claims_database: Database) -> None:
    assert await refused_with(claims_database.reader_url, "SELECT holder_cipher FROM payout_item") == NOT_PERMITTED
    assert await refused_with(claims_database.reader_url, "SELECT account_cipher FROM payout_item") == NOT_PERMITTED
    assert await refused_with(claims_database.reader_url, "SELECT reason_cipher FROM bank_return_row") == NOT_PERMITTED
    assert await refused_with(claims_database.reader_url, "SELECT number, amount_fen, status FROM payout_item") is None
