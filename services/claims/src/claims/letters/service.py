"""Use case of the letters: a stored decision as what its letter says. Nothing is stored but that the letter was made."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from claims.access.rules import Action
from claims.access.service import record_access
from claims.claims import store as claims
from claims.claims.paths import path_of, refusal_reasons
from claims.claims.rules import Status
from claims.claims.service import seal_of, stored_decision
from claims.divisions.table import table_of
from claims.eligibility.model import Text
from claims.households.store import load_household
from claims.letters.page import desk_on
from claims.letters.rules import Letter, Standing, appeal_of, standing
from common.database import transaction
from common.dates import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from claims.claims.store import ClaimRow, DecisionRow, EventRow
    from claims.context import Context


async def read_letter(context: Context, book: str, claim_id: UUID, version: int | None, *, person: str) -> Letter:
    """Return what the letter of one version of a claim's decision says, the latest by default. Raises `not_found`.

    The letter names the claimant: who had it made is written into the access log before it is answered.
    """
    seal = seal_of(context, book)
    async with transaction(context.engine) as conn:
        row, stored = await stored_decision(conn, book, claim_id, version)
        lines = await claims.history(conn, book, claim_id)
        appealed = await claims.appeal_of(conn, book, claim_id) is not None
        household = await load_household(conn, book, row.household_id)
        member = None if household is None else household.member(row.claimant_member_id)
        if member is None:
            message = f"claim {claim_id} has no claimant"
            raise AssertionError(message)
        await record_access(
            conn,
            book=book,
            person=person,
            action=Action.EXPORT,
            subject="letter",
            subject_id=claim_id,
            detail={"version": stored.version},
        )
    kind = standing(row.status, final=stored.final)
    ending = ending_of(row, lines)
    dated_on = day_of(row, stored, kind, ending)
    return Letter(
        book=book,
        office=county_of(book),
        number=row.number,
        claimant=context.personal(book).open_text(member.name_cipher, "member.name", member.id),
        status=row.status,
        standing=kind,
        dated_on=dated_on,
        version=stored.version,
        latest=stored.version == row.decision_version,
        decision=seal.open_decision(claim_id, stored.version, stored.content_cipher),
        inputs=seal.open_inputs(claim_id, stored.version, stored.inputs_cipher),
        reason=None if ending is None else reason_of(ending.reason_code),
        note=None if ending is None else seal.open_note(claim_id, ending.position, ending.note_cipher),
        appeal=appeal_of(
            kind,
            path_of(row.path),
            None if ending is None else ending.done_on,
            is_appeal=row.appeal_of is not None,
            appealed=appealed,
        ),
        desk=desk_on(dated_on),
    )


def reason_of(code: str | None) -> Text | None:
    """The words of a refusal's reason; the code itself where it is no longer in force."""
    if code is None:
        return None
    reason = refusal_reasons().get(code)
    return Text(code, code) if reason is None else Text(reason.zh, reason.en)


def ending_of(row: ClaimRow, lines: Sequence[EventRow]) -> EventRow | None:
    """The line of the history that refused the claim, if it stands refused."""
    if row.status is not Status.REFUSED:
        return None
    return next(line for line in reversed(lines[: row.event_count]) if line.status_after is Status.REFUSED)


def day_of(row: ClaimRow, stored: DecisionRow, kind: Standing, ending: EventRow | None) -> date:
    """The day of the letter: of the refusal, of the approval, or of the decision it shows."""
    if ending is not None:
        return ending.done_on
    if kind is Standing.APPROVED and row.approved_on is not None:
        return row.approved_on
    return stored.at.astimezone(SHANGHAI).date()


def county_of(book: str) -> str:
    """The county's name, or the book's code where no table of divisions knows it."""
    table = table_of(book)
    return book if table is None else table.by_code[book].name
