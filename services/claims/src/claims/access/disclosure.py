"""Showing personal values in the clear, once it is written down who asked for which and why. Nothing here is kept for replay."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from claims.access import erasure_store as erasures
from claims.access.rules import Action
from claims.access.schemas import ClaimDisclosed, DisclosureIn, HouseholdDisclosed, MemberDisclosed
from claims.access.service import record_access
from claims.claims import store as claims
from claims.claims.sealing import ClaimSeal
from claims.households import store as households
from claims.problems import PERSONAL_DATA_ERASED
from common.database import transaction
from common.errors import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims.context import Context
    from claims.households.personal import OpenMember, PersonalData
    from claims.households.store import HouseholdRow, MemberRow


class Field(StrEnum):
    """What can be shown in the clear; names are shown to every reader."""

    ID_NUMBER = "id_number"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"


async def disclose_household(
    context: Context, book: str, household_id: UUID, body: DisclosureIn, person: str, member_id: UUID | None
) -> HouseholdDisclosed:
    """Show fields of a household's members, or of one, in the clear.

    Raises `not_found`, and `personal_data_erased` for a household or member that was erased.
    """
    fields = sorted(set(body.fields))
    async with transaction(context.engine) as conn:
        household = await households.load_household(conn, book, household_id)
        members = [] if household is None else _members(household, member_id)
        if await erasures.is_erased(conn, book, household_id, member_id):
            raise PERSONAL_DATA_ERASED.error()
        if household is None or (member_id is not None and not members):
            raise NOT_FOUND.error()
        shown = _opened(context.personal(book), household, members, fields)
        await record_access(
            conn,
            book=book,
            person=person,
            action=Action.UNMASK,
            subject="household" if member_id is None else "member",
            subject_id=household_id if member_id is None else member_id,
            reason=body.reason,
            detail={"fields": ",".join(fields), "members": len(members)},
        )
    return shown


def _members(household: HouseholdRow, member_id: UUID | None) -> Sequence[MemberRow]:
    if member_id is None:
        return household.present_members
    member = household.member(member_id)
    return [] if member is None else [member]


def _opened(
    personal: PersonalData, household: HouseholdRow, members: Sequence[MemberRow], fields: Sequence[str]
) -> HouseholdDisclosed:
    account = household.bank_account_cipher if Field.BANK_ACCOUNT in fields else None
    return HouseholdDisclosed(
        household_id=household.id,
        bank_account=None if account is None else personal.open_bank_account(household.id, account),
        members=[_opened_member(personal, member, fields) for member in members],
    )


def _opened_member(personal: PersonalData, member: MemberRow, fields: Sequence[str]) -> MemberDisclosed:
    found: OpenMember = personal.open_member(
        member.id, member.name_cipher, member.id_number_cipher, member.phone_cipher
    )
    return MemberDisclosed(
        id=member.id,
        name=found.name,
        id_number=found.id_number if Field.ID_NUMBER in fields else None,
        phone=found.phone if Field.PHONE in fields else None,
    )


async def disclose_claim(context: Context, book: str, claim_id: UUID, reason: str, person: str) -> ClaimDisclosed:
    """Show the document numbers of a claim's losses in the clear. Raises `not_found`, `personal_data_erased`."""
    seal = ClaimSeal(context.cipher, book)
    async with transaction(context.engine) as conn:
        claim = await claims.load_claim(conn, book, claim_id)
        if claim is None:
            raise NOT_FOUND.error()
        sealed = await claims.load_details(conn, book, claim_id, claim.details_version)
        if seal.is_erased(sealed):
            raise PERSONAL_DATA_ERASED.error()
        details = seal.open_details(claim_id, claim.details_version, sealed)
        await record_access(
            conn,
            book=book,
            person=person,
            action=Action.UNMASK,
            subject="claim",
            subject_id=claim_id,
            reason=reason,
            detail={"fields": "document_number", "documents": len(details.loss)},
        )
    numbers = [item.document_number for item in details.loss if item.document_number is not None]
    return ClaimDisclosed(claim_id=claim_id, document_numbers=numbers)
