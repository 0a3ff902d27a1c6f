"""How the API shows what the claims room stores."""

from __future__ import annotations

from collections.abc import Sequence

from claims.claims.details import Details
from claims.claims.rules import expected_steps, waiting_for
from claims.claims.schemas import (
    ClaimFiled,
    ClaimOut,
    DecisionOut,
    HistoryLine,
    LossOut,
    OtherPaymentOut,
)
from claims.claims.sealing import ClaimSeal
from claims.claims.store import ClaimRow, DecisionRow, EventRow
from claims.eligibility.schemas import decision_content
from claims.payouts.schemas import MoneyTrail
from common.crypto import mask_account
from common.errors import Language
from common.text import compact


def claim_filed(row: ClaimRow) -> ClaimFiled:
    """Show a claim without what was lost."""
    return ClaimFiled(
        id=row.id,
        number=row.number,
        status=row.status,
        waiting_for=waiting_for(row.status),
        household_id=row.household_id,
        claimant_member_id=row.claimant_member_id,
        town=row.town_code,
        village=row.village_code,
        policy_id=row.policy_id,
        cause=row.cause,
        event_on=row.event_on,
        reported_on=row.reported_on,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
        outcome=row.outcome,
        benefit_fen=row.benefit_fen,
        decision_version=row.decision_version,
        approved_on=row.approved_on,
    )


def claim_out(
    seal: ClaimSeal, row: ClaimRow, details: Details, lines: Sequence[EventRow], money: MoneyTrail
) -> ClaimOut:
    """Show a claim with everything that belongs to it."""
    return ClaimOut(
        **claim_filed(row).model_dump(),
        loss=[
            LossOut(
                kind=item.kind,
                amount_fen=item.amount_fen,
                document_number=masked(item.document_number),
                settlement_number=masked(item.settlement_number),
            )
            for item in details.loss
        ],
        other_payments=[
            OtherPaymentOut(payer=paid.payer, amount_fen=paid.amount_fen) for paid in details.other_payments
        ],
        liable_third_party=details.liable_third_party,
        disability_grade=details.disability_grade,
        circumstances=details.circumstances,
        next_steps=expected_steps(row.status),
        history=[history_line(seal, row, line) for line in lines],
        money=money,
    )


def masked(number: str | None) -> str | None:
    """Show the end of a document number."""
    return None if number is None else mask_account(compact(number))


def history_line(seal: ClaimSeal, row: ClaimRow, line: EventRow) -> HistoryLine:
    """Show a line of the history with its note."""
    return HistoryLine(
        position=line.position,
        event=line.event,
        step=line.step,
        outcome=line.step_outcome,
        status_before=line.status_before,
        status_after=line.status_after,
        by_person=line.by_person,
        duty=line.duty,
        done_on=line.done_on,
        at=line.at,
        note=seal.open_note(row.id, line.position, line.note_cipher),
        reference=line.reference,
        decision_version=line.decision_version,
    )


def decision_out(seal: ClaimSeal, row: ClaimRow, stored: DecisionRow, language: Language) -> DecisionOut:
    """Show a stored decision in the language asked for."""
    inputs = seal.open_inputs(row.id, stored.version, stored.inputs_cipher)
    decision = seal.open_decision(row.id, stored.version, stored.content_cipher)
    content = decision_content(decision, row.cause, None if inputs.policy is None else inputs.policy.id, language)
    return DecisionOut(
        **content.model_dump(),
        version=stored.version,
        occasion=stored.occasion,
        final=stored.final,
        decided_at=stored.at,
        decided_by=stored.by_person,
    )
