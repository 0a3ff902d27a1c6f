"""What the service's own role may not do to claims, whatever the code says."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine, sqlstate
from deploy.local.databases import Database
from tests.support.claims_office import Office

pytestmark = pytest.mark.anyio

DENIED = "42501"
CHECK = "23514"
OUT_OF_STEP = "FP103"
TWO_DUTIES = "FP104"
UNEARNED = "FP105"
APPEND_ONLY = "FP101"

ATTACKS = {
    "a decision is not rewritten": ("UPDATE claim_decision SET benefit_fen = 9", DENIED),
    "a decision is not deleted": ("DELETE FROM claim_decision", DENIED),
    "terms are not rewritten": ("UPDATE terms SET cap_fen = cap_fen + 1", DENIED),
    "details are not rewritten": ("UPDATE claim_details SET details_cipher = 'x'", DENIED),
    "history is not rewritten": ("UPDATE claim_event SET by_person = 'somebody'", DENIED),
    "history is not deleted": ("DELETE FROM claim_event", DENIED),
    "a claim is not deleted": ("DELETE FROM claim", DENIED),
    "a claim is not given to another household": ("UPDATE claim SET household_id = gen_random_uuid()", DENIED),
    "an event is not moved to another day": ("UPDATE claim SET event_on = '2021-01-01'", DENIED),
    "a policy is not rewritten": ("UPDATE policy SET insurer = 'x'", DENIED),
    "nothing is truncated": ("TRUNCATE claim_document", DENIED),
    "a status does not move without its event": ("UPDATE claim SET status = 'refused'", OUT_OF_STEP),
    "a benefit does not move without its decision": ("UPDATE claim SET benefit_fen = 5", OUT_OF_STEP),
    "no money without an approval": ("UPDATE claim SET status = 'approved'", CHECK),
    "nobody has two duties": ("UPDATE claim SET checked_by = filed_by", CHECK),
    "an approval needs its town check": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
            " by_person, done_on, at) SELECT book, id, 2, 'county_passed', 'county_approval', 'passed', 'county_approval',"
            " 'reported', 'approved', 'x', '2021-07-01', now() FROM claim"
        ),
        UNEARNED,
    ),
    "an approval is the county's step": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, status_before, status_after,"
            " by_person, done_on, at) SELECT book, id, 2, 'encumbered', 'reported', 'approved', 'x', '2021-07-01', now() FROM claim"
        ),
        UNEARNED,
    ),
    "a step fulfils its duty": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, status_before, status_after,"
            " by_person, done_on, at) SELECT book, id, 2, 'town_passed', 'town_check', 'passed', 'reported', 'under_review',"
            " 'x', '2021-07-01', now() FROM claim"
        ),
        CHECK,
    ),
    "one person does not take two duties": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
            " by_person, done_on, at) SELECT book, id, 2, 'town_passed', 'town_check', 'passed', 'town_check', 'reported',"
            " 'under_review', filed_by, '2021-07-01', now() FROM claim"
        ),
        TWO_DUTIES,
    ),
    "a claim does not change its path": ("UPDATE claim SET path = 'full'", DENIED),
    "nobody draws again": ("UPDATE claim SET sample_draw = 1", DENIED),
    "an approval needs its final decision": (
        (
            "WITH moved AS (INSERT INTO claim_event (book, claim_id, position, event, status_before, status_after, by_person,"
            " done_on, at) SELECT book, id, 2, 'paid', 'reported', 'paid', 'x', '2021-07-01', now() FROM claim)"
            " UPDATE claim SET status = 'paid', event_count = 2, checked_by = 'y', approved_by = 'x',"
            " approved_on = '2021-07-01', funding_attempt = 1"
        ),
        OUT_OF_STEP,
    ),
    "an event does not start where none ended": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, status_before, status_after, by_person, done_on, at)"
            " SELECT book, id, 2, 'paid', 'in_batch', 'paid', 'x', '2021-07-01', now() FROM claim"
        ),
        OUT_OF_STEP,
    ),
    "an event is not left out": (
        (
            "INSERT INTO claim_event (book, claim_id, position, event, status_before, status_after, by_person, done_on, at)"
            " SELECT book, id, 3, 'paid', 'reported', 'paid', 'x', '2021-07-01', now() FROM claim"
        ),
        OUT_OF_STEP,
    ),
    "an event moves its claim": (
        (
            "WITH moved AS (UPDATE claim SET funding_attempt = 0) INSERT INTO claim_event (book, claim_id, position, event,"
            " status_before, status_after, by_person, done_on, at)"
            " SELECT book, id, 2, 'awaiting_funds', 'reported', 'refused', 'x', '2021-07-01', now() FROM claim"
        ),
        OUT_OF_STEP,
    ),
}


async def test_the_service_s_own_role_cannot_change_what_was_decided(office: Office, service: AsyncEngine) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    before = await office.read(f"/claims/{claim['id']}")
    for name, (statement, expected) in ATTACKS.items():
        with pytest.raises(DBAPIError) as refused:
            async with service.begin() as conn:
                await conn.execute(sa.text(statement))
        assert sqlstate(refused.value) == expected, name
    assert await office.read(f"/claims/{claim['id']}") == before


async def test_even_the_owner_cannot_rewrite_what_is_append_only(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    await office.filed(await office.family())
    for table in ("terms", "claim_details", "claim_document", "claim_decision", "claim_event"):
        with pytest.raises(DBAPIError) as refused:
            async with owner.begin() as conn:
                await conn.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - names of our own tables
        assert sqlstate(refused.value) == APPEND_ONLY, table


async def test_the_reader_sees_no_ciphertext(office: Office, claims_database: Database) -> None:
    await office.programme()
    await office.filed(await office.family())
    engine = create_engine(claims_database.reader_url, application_name="test-reader")
    try:
        async with engine.connect() as conn:
            assert (await conn.execute(sa.text("SELECT count(number) FROM claim"))).scalar_one() == 1
        for column in (
            "claimant_index FROM claim",
            "details_cipher FROM claim_details",
            "inputs_cipher FROM claim_decision",
            "content_cipher FROM claim_decision",
            "note_cipher FROM claim_event",
            "document_index FROM claim_document",
        ):
            with pytest.raises(DBAPIError) as refused:
                async with engine.connect() as conn:
                    await conn.execute(sa.text(f"SELECT {column}"))
            assert sqlstate(refused.value) == DENIED, column
    finally:
        await engine.dispose()
