"""The benefit under rule version 2, in whole fen, with every limit and what used it up. Pure.

A claim is paid by the tiers, or, where it states a disability grade and the terms have a table, by the grade. Neither
ever pays more than what is left of the covered loss after every payment of others [assumed for grades], nor more than
the tightest of the terms' caps. Slices are cut and rounded as in `benefit`, which is rule version 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from claims.eligibility.benefit import Slice, benefit_text, covered_kinds, cut, slice_step
from claims.eligibility.model import Facts, Inputs, LossItem, OtherPayment, Outcome, Step, Text
from claims.policies.rules import Base, Cap, Terms
from common.money import yuan

UNCOVERED: Final = "uncovered_loss"
"""What limits a benefit that no cap limits: the loss left after every payment."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap of the terms, what earlier benefits used of it (nothing of the claim's own), and what is left."""

    cap: Cap
    amount_fen: int
    consumed_fen: int
    consumed_by: tuple[str, ...]

    @property
    def remaining_fen(self) -> int:
        """What is left; nothing where earlier terms allowed more."""
        return max(0, self.amount_fen - self.consumed_fen)


@dataclass(frozen=True, slots=True)
class Amounts:
    """All amounts on the way from the loss to the benefit.

    `counted_fen` is what payers whom the terms name paid; `net_loss_fen` the covered loss less that, on which warning
    line, deductible and tiers work; `uncovered_fen` the covered loss less every payment. `grade_fen` is the table's
    benefit where the claim is paid by its grade.
    """

    loss_fen: int
    covered_loss_fen: int
    other_payments_fen: int
    counted_fen: int
    net_loss_fen: int
    uncovered_fen: int
    excess_fen: int
    slices: tuple[Slice, ...]
    tiers_fen: int
    grade_fen: int | None
    limits: tuple[Limit, ...]

    @property
    def payable_fen(self) -> int:
        """What the grade or the tiers pay before any limit."""
        return self.tiers_fen if self.grade_fen is None else self.grade_fen

    @property
    def benefit_fen(self) -> int:
        """The benefit as if every check had passed."""
        return min(self.payable_fen, self.uncovered_fen, *(limit.remaining_fen for limit in self.limits))

    @property
    def limited_by(self) -> str | None:
        """The name of what holds the benefit below what is payable: the first of the tightest; None where nothing does."""
        if self.benefit_fen == self.payable_fen:
            return None
        tight = [limit.cap.value for limit in self.limits if limit.remaining_fen == self.benefit_fen]
        return tight[0] if tight else UNCOVERED


def amounts_of(inputs: Inputs, terms: Terms) -> Amounts:
    """Compute the benefit of a claim under `terms`, as if every check had passed.

    The deductible is taken once a claim, and not from a benefit by grade [assumed].
    """
    claim = inputs.claim
    return computed(terms, claim.losses, claim.other_payments, claim.disability_grade, limits_of(terms, inputs.facts))


def preview_amounts(
    terms: Terms, losses: tuple[LossItem, ...], others: tuple[OtherPayment, ...], disability_grade: int | None
) -> Amounts:
    """Compute the benefit of a loss of nobody, for whom no cap was used before."""
    return computed(terms, losses, others, disability_grade, limits_of(terms, Facts(income_line=None)))


def computed(
    terms: Terms,
    losses: tuple[LossItem, ...],
    others: tuple[OtherPayment, ...],
    disability_grade: int | None,
    limits: tuple[Limit, ...],
) -> Amounts:
    """Compute all amounts on the way from losses to the benefit."""
    covered = sum(item.amount_fen for item in covered_kinds(terms, losses))
    paid = sum(payment.amount_fen for payment in others)
    counted = sum(
        payment.amount_fen for payment in others if not terms.prior_payers or payment.payer in terms.prior_payers
    )
    net = max(0, covered - counted)
    grade = grade_benefit(terms, disability_grade)
    excess = max(0, net - terms.deductible_fen) if grade is None else 0
    slices = cut(terms, excess) if terms.tiers else ()
    return Amounts(
        loss_fen=sum(item.amount_fen for item in losses),
        covered_loss_fen=covered,
        other_payments_fen=paid,
        counted_fen=counted,
        net_loss_fen=net,
        uncovered_fen=max(0, covered - paid),
        excess_fen=excess,
        slices=slices,
        tiers_fen=sum(piece.amount_fen for piece in slices),
        grade_fen=grade,
        limits=limits,
    )


def grade_benefit(terms: Terms, grade: int | None) -> int | None:
    """Return what the table pays for a grade; None where the claim is paid by the tiers."""
    return None if grade is None or not terms.grade_fen else terms.grade_fen[grade - 1]


def limits_of(terms: Terms, facts: Facts) -> tuple[Limit, ...]:
    """Return every cap of the terms with what is left of it, the base's own first."""
    used = {one.cap: (one.consumed_fen, tuple(sorted(one.consumed_by))) for one in facts.running}
    used[Cap.BASE] = (facts.consumed_fen, tuple(sorted(facts.consumed_by)))
    return tuple(Limit(cap, amount, *used.get(cap, (0, ()))) for cap, amount in terms.caps.items())


def explain(amounts: Amounts, terms: Terms, outcome: Outcome) -> tuple[Step, ...]:
    """Write the way from the loss to the benefit line by line."""
    return (
        *loss_steps(amounts),
        *(tier_steps(amounts, terms) if amounts.grade_fen is None else grade_steps(amounts)),
        *(Step(LIMIT_STEPS[limit.cap], limit.remaining_fen, limit_text(limit, terms)) for limit in amounts.limits),
        *uncovered_steps(amounts),
        Step("benefit", 0 if outcome is Outcome.REFUSED else amounts.benefit_fen, last_text(amounts, outcome)),
    )


def loss_steps(amounts: Amounts) -> list[Step]:
    """Write the loss and what others paid of it."""
    steps = [Step("loss", amounts.loss_fen, Text("申报损失合计", "Loss reported, all items"))]
    if amounts.covered_loss_fen != amounts.loss_fen:
        text = Text("其中条款认可的损失", "Of it, kinds of loss the terms cover")
        steps.append(Step("covered_loss", amounts.covered_loss_fen, text))
    counted = Text("减：其他渠道已赔付", "Less what others already paid")
    return [
        *steps,
        Step("other_payments", amounts.counted_fen, counted),
        Step("net_loss", amounts.net_loss_fen, Text("自付损失", "Loss left to the household")),
    ]


def tier_steps(amounts: Amounts, terms: Terms) -> list[Step]:
    """Write the deductible and every slice."""
    return [
        Step("deductible", terms.deductible_fen, Text("减：起付线", "Less the deductible")),
        Step("excess", amounts.excess_fen, Text("起付线以上部分", "Part above the deductible")),
        *(slice_step(number, piece, terms.tier_mode) for number, piece in enumerate(amounts.slices, start=1)),
        Step("tiers_total", amounts.tiers_fen, Text("各段合计", "Sum of the tiers")),
    ]


def grade_steps(amounts: Amounts) -> list[Step]:
    """Write the fixed benefit of the disability grade."""
    return [Step("grade", amounts.payable_fen, Text("按伤残等级给付", "Fixed benefit of the disability grade"))]


def uncovered_steps(amounts: Amounts) -> list[Step]:
    """Write the loss left after every payment, where it is not the loss the tiers worked on."""
    if amounts.grade_fen is None and amounts.uncovered_fen == amounts.net_loss_fen:
        return []
    text = Text(
        "扣除全部其他赔付后的损失（给付不超过此数）",
        "Loss left after every payment of others, which no benefit exceeds",
    )
    return [Step(UNCOVERED, amounts.uncovered_fen, text)]


LIMIT_STEPS: Final[Mapping[Cap, str]] = MappingProxyType(
    {
        Cap.BASE: "cap_remaining",
        Cap.CLAIM: "claim_cap",
        Cap.PERSON: "person_cap_remaining",
        Cap.HOUSEHOLD: "household_cap_remaining",
        Cap.PERSON_YEAR: "person_year_cap_remaining",
        Cap.HOUSEHOLD_YEAR: "household_year_cap_remaining",
    }
)

_NAMES: Final[Mapping[Cap, Text]] = MappingProxyType(
    {
        Cap.CLAIM: Text("每案封顶线", "cap of one claim"),
        Cap.PERSON: Text("每人年度封顶线", "person's cap of the year"),
        Cap.HOUSEHOLD: Text("每户年度封顶线", "household's cap of the year"),
        Cap.PERSON_YEAR: Text("每人全年各事由合计封顶线", "person's cap of the year for all causes"),
        Cap.HOUSEHOLD_YEAR: Text("每户全年各事由合计封顶线", "household's cap of the year for all causes"),
    }
)


def cap_name(cap: Cap, terms: Terms) -> Text:
    """Name a cap in both languages."""
    if cap is Cap.BASE:
        return _NAMES[Cap.PERSON if terms.base is Base.PERSON else Cap.HOUSEHOLD]
    return _NAMES[cap]


def limit_text(limit: Limit, terms: Terms) -> Text:
    """Say how much of a cap is left and how much was used."""
    name, cap, used = cap_name(limit.cap, terms), yuan(limit.amount_fen), yuan(limit.consumed_fen)
    if limit.cap is Cap.CLAIM:
        return Text(f"{name.zh}{cap}元", f"The {name.en}: {cap} yuan")
    return Text(f"{name.zh}余额（{cap}元，已用{used}元）", f"Left of the {name.en} ({cap} yuan, {used} yuan used)")


def last_text(amounts: Amounts, outcome: Outcome) -> Text:
    """Say what the last line is, and what limits it."""
    if outcome is not Outcome.ELIGIBLE or amounts.limited_by is None:
        return benefit_text(outcome) if outcome is not Outcome.ELIGIBLE else Text("理赔金额", "Benefit")
    if amounts.limited_by == UNCOVERED:
        return Text("理赔金额：不超过自付损失", "Benefit: no more than the loss that is left")
    return Text("理赔金额：按最紧的封顶线余额计", "Benefit: what is left of the tightest cap")
