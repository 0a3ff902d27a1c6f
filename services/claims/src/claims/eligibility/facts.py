"""Gathering what a decision is made from: the programme and terms of the event's day, the register, the income line, other claims.

Runs inside the caller's transaction and changes nothing. At an approval the caller holds the locks that keep these
facts true until the commit: the claim's, the household's and the person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import others
from claims.claims.others import Whose
from claims.documents.store import kinds_present
from claims.eligibility.model import (
    Claimant,
    ClaimData,
    Consumption,
    DuplicateDocument,
    Facts,
    HouseholdData,
    IncomeLine,
    Inputs,
)
from claims.households.store import HouseholdRow
from claims.monitoring.income_lines import income_line_for
from claims.policies import store as policies
from claims.policies.rules import RUNNING, Base, Policy, Terms, in_force


async def terms_on(conn: AsyncConnection, book: str, claim: ClaimData) -> tuple[Policy | None, Terms | None]:
    """Return the programme that covers the event's day and its approved terms for the cause; None for what there is not."""
    policy = await policies.policy_on(conn, book, claim.event_on)
    if policy is None:
        return None, None
    versions = await policies.approved_terms(conn, book, policy.id, claim.cause)
    return policy, in_force(versions, claim.cause, claim.event_on)


async def gather(
    conn: AsyncConnection,
    book: str,
    claim: ClaimData,
    household: HouseholdRow,
    *,
    today: date,
    claim_id: UUID | None = None,
    settled: tuple[str, ...] = (),
) -> Inputs:
    """Return all a decision on `claim` depends on. `claim_id` is None for a claim that is not filed."""
    policy, terms = await terms_on(conn, book, claim)
    line = await income_line_for(conn, book, claim.event_on.year)
    person = claimant_index(household, claim.claimant_member_id)
    whose = Whose(
        base=Base.HOUSEHOLD if terms is None else terms.base,
        household_id=household.id,
        claimant_index=person,
        registrations=await others.registrations_of(conn, book, person),
        claim_id=claim_id,
    )
    consumed, consumed_by = (
        (0, ()) if policy is None else await others.consumption(conn, book, policy.id, claim.cause, whose)
    )
    running = () if policy is None or terms is None else await running_caps(conn, book, policy, terms, whose)
    return Inputs(
        claim=claim,
        household=household_data(household, claim.claimant_member_id),
        policy=policy,
        terms=terms,
        facts=Facts(
            income_line=None if line is None else IncomeLine(line.year, line.amount_fen, line.source),
            consumed_fen=consumed,
            consumed_by=consumed_by,
            duplicate_documents=await duplicates(conn, book, claim, claim_id),
            same_event_claims=await others.same_event(conn, book, claim.cause, claim.event_on, whose),
            settled=tuple(sorted(set(settled))),
            running=running,
            open_claims=await others.open_claims(conn, book, claim.cause, whose),
            documents_present=() if claim_id is None else await kinds_present(conn, book, claim_id),
        ),
        today=today,
    )


async def running_caps(
    conn: AsyncConnection, book: str, policy: Policy, terms: Terms, whose: Whose
) -> tuple[Consumption, ...]:
    """Return what approved benefits have used of each further running cap the terms set."""
    found = []
    for cap in terms.caps:
        if cap in RUNNING:
            counted = RUNNING[cap]
            cause = None if counted.all_causes else terms.cause
            used = await others.consumption(conn, book, policy.id, cause, replace(whose, base=counted.base))
            found.append(Consumption(cap, *used))
    return tuple(found)


def household_data(row: HouseholdRow, claimant_id: UUID) -> HouseholdData:
    """Return what the decision needs of a household: the members who belong to it now, and what became of the claimant."""
    person = row.member(claimant_id)
    return HouseholdData(
        member_ids=tuple(member.id for member in row.present_members),
        monitored=row.monitored,
        annual_income_fen=row.annual_income_fen,
        income_year=row.income_year,
        claimant=None if person is None else Claimant(person.left_on, person.left_reason),
    )


def claimant_index(row: HouseholdRow, member_id: UUID) -> bytes:
    """Return what stands for the person behind a member in every household; empty for somebody who is no member."""
    member = row.member(member_id)
    return b"" if member is None else member.id_number_index


async def duplicates(
    conn: AsyncConnection, book: str, claim: ClaimData, claim_id: UUID | None
) -> tuple[DuplicateDocument, ...]:
    """Return this claim's invoice and settlement numbers that a claim going first already carries."""
    numbers = [(item.document_key, item.document_masked) for item in claim.losses]
    numbers += [(item.settlement_key, item.settlement_masked) for item in claim.losses]
    masks: Mapping[bytes, str] = {bytes.fromhex(key): masked or "" for key, masked in numbers if key is not None}
    found = await others.same_documents(conn, book, masks.keys(), claim_id)
    return tuple(DuplicateDocument(masks[index], number) for index, number in found)
