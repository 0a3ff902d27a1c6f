"""What terms would pay for sample losses, beside what the terms in force pay. Reads and stores nothing. Pure but for the use case.

A sample is a claim of the cause by nobody: nothing of a register, only its amounts. So a preview shows the computation,
its slices and what limits it, and no check of people, days or documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from claims.context import Context
from claims.eligibility.amounts import Amounts, explain, preview_amounts
from claims.eligibility.model import LossItem, OtherPayment, Outcome
from claims.eligibility.preview_schemas import PreviewIn, PreviewOut, SampleIn, SampleOut, TermsPreview
from claims.eligibility.schemas import step_out
from claims.policies import store
from claims.policies.rules import Terms, in_force
from common.database import snapshot
from common.errors import NOT_FOUND, Language


async def preview(
    context: Context, book: str, policy_id: UUID, terms_id: UUID, body: PreviewIn, language: Language
) -> PreviewOut:
    """Compare a version of terms with the one in force on its first day, itself left out. Raises `not_found`."""
    async with snapshot(context.engine) as conn:
        stored = await store.load_terms(conn, book, terms_id)
        if stored is None or stored.policy_id != policy_id:
            raise NOT_FOUND.error()
        new = stored.terms
        approved = await store.approved_terms(conn, book, policy_id, new.cause)
    old = in_force_before(approved, new)
    samples = body.samples or [SampleIn(loss_fen=loss) for loss in edges(new, old)]
    return PreviewOut(
        terms_id=new.id,
        terms_version=new.version,
        compared_with=None if old is None else old.version,
        compared_on=new.valid_from,
        samples=[compared(sample, old, new, language) for sample in samples],
    )


def in_force_before(approved: Sequence[Terms], new: Terms) -> Terms | None:
    """Return the approved terms in force on the first day of `new`, as if `new` did not exist."""
    day: date = new.valid_from
    return in_force((terms for terms in approved if terms.id != new.id), new.cause, day)


def edges(new: Terms, old: Terms | None) -> list[int]:
    """Return losses at which something changes: warning lines, deductibles, tier limits, and twice the highest of all.

    Amounts in fen, in order; every one is positive.
    """
    found: set[int] = set()
    for terms in (new, old):
        if terms is not None:
            shift = 0 if terms.tiers and terms.tiers[0].from_fen else terms.deductible_fen
            found |= {terms.warning_fen or 0, terms.deductible_fen, *(tier.from_fen + shift for tier in terms.tiers)}
            found |= set(terms.caps.values())
    return sorted(amount for amount in {*found, 2 * max(found)} if amount > 0)


def compared(sample: SampleIn, old: Terms | None, new: Terms, language: Language) -> SampleOut:
    """Return what both terms pay for one sample."""
    before = None if old is None else paid(sample, old, language)
    after = paid(sample, new, language)
    change = after.benefit_fen - (0 if before is None else before.benefit_fen)
    return SampleOut(
        loss_fen=sample.loss_fen,
        other_payments_fen=sample.other_payments_fen,
        disability_grade=sample.disability_grade,
        old=before,
        new=after,
        change_fen=change,
    )


def paid(sample: SampleIn, terms: Terms, language: Language) -> TermsPreview:
    """Return what terms pay for a sample of a kind of loss and of a payer they count."""
    kind = terms.loss_kinds[0] if terms.loss_kinds else "sample"
    payer = terms.prior_payers[0] if terms.prior_payers else "sample"
    others = (OtherPayment(payer, sample.other_payments_fen),) if sample.other_payments_fen else ()
    amounts = preview_amounts(terms, (LossItem(kind, sample.loss_fen),), others, sample.disability_grade)
    benefit = amounts.benefit_fen if reaches_warning(amounts, terms) else 0
    outcome = Outcome.ELIGIBLE if benefit else Outcome.REFUSED
    return TermsPreview(
        terms_version=terms.version,
        benefit_fen=benefit,
        limited_by=amounts.limited_by,
        computation=[step_out(step, language) for step in explain(amounts, terms, outcome)],
    )


def reaches_warning(amounts: Amounts, terms: Terms) -> bool:
    """Whether the loss is looked at."""
    return amounts.grade_fen is not None or amounts.net_loss_fen >= (terms.warning_fen or 0)
