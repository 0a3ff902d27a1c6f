"""Erasing people, on request or by age: what may go is destroyed, what accounting must keep stays without the person.

The database does it: a row of `erasure` makes its trigger destroy every ciphertext, blind index and mask that leads to the person, and the
same trigger refuses while claims or money are on their way. Here stand the reasons a person is told first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from claims.access import erasure_store as store
from claims.access.rules import Action
from claims.access.schemas import ErasedOut, ErasureIn
from claims.access.service import record_access
from claims.documents.service import erase_content
from claims.households import store as households
from claims.problems import ALREADY_ERASED, CLAIMS_UNFINISHED, HOUSEHOLD_MONITORED
from common.database import sqlstate
from common.errors import NOT_FOUND, Problem, unavailable
from common.ids import uuid7

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncConnection

_UNFINISHED, _MONITORED, _DOCUMENT_CAME = "FP120", "FP121", "FP122"


async def erase(
    conn: AsyncConnection,
    *,
    book: str,
    household_id: UUID,
    member_id: UUID | None,
    body: ErasureIn,
    person: str,
    today: date,
) -> ErasedOut:
    """Erase a household, or one member of it.

    Raises `not_found`, `already_erased`, `claims_unfinished` (naming the claims), `household_monitored`.
    """
    household = await households.lock_household(conn, book, household_id)
    member = None if household is None or member_id is None else household.member(member_id)
    if household is None or (member_id is not None and member is None):
        raise NOT_FOUND.error()
    if await store.is_erased(conn, book, household_id, member_id):
        raise ALREADY_ERASED.error()
    unfinished = await store.unfinished_claims(conn, book, household_id, member_id, today)
    if unfinished:
        raise CLAIMS_UNFINISHED.error(claims=unfinished)
    if household.monitored and (member is None or member.present):
        raise HOUSEHOLD_MONITORED.error()
    for document_id in await store.documents_of(conn, book, household_id, member_id):
        await erase_content(conn, book, document_id)
    erasure_id = uuid7()
    try:
        erased_at = await store.insert_erasure(
            conn,
            {
                "book": book,
                "id": erasure_id,
                "household_id": household_id,
                "member_id": member_id,
                "legal_basis": body.legal_basis,
                "reason": body.reason,
                "by_person": person,
            },
        )
    except DBAPIError as error:
        raise refusal(error) from error
    await record_access(
        conn,
        book=book,
        person=person,
        action=Action.ERASURE,
        subject="household" if member_id is None else "member",
        subject_id=household_id if member_id is None else member_id,
        reason=body.reason,
        detail={"legal_basis": body.legal_basis, "erasure": str(erasure_id)},
    )
    return ErasedOut(
        id=erasure_id,
        household_id=household_id,
        member_id=member_id,
        legal_basis=body.legal_basis,
        erased_by=person,
        erased_at=erased_at,
    )


def refusal(error: DBAPIError) -> Exception:
    """What the database found that was not so a moment before."""
    refusals: dict[str | None, Problem] = {
        _UNFINISHED: CLAIMS_UNFINISHED.error(claims=[]),
        _MONITORED: HOUSEHOLD_MONITORED.error(),
        # A document came in after the others were erased; the next try erases it too.
        _DOCUMENT_CAME: unavailable(),
    }
    return refusals.get(sqlstate(error), error)
