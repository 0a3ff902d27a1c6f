"""The benefit under rule version 1, computed in whole fen with every slice shown. Pure, and never edited: see `amounts`.

Rounding: each slice is rounded down to the fen by itself, so that the slices on the letter add up to the benefit.
[assumed]
"""

from dataclasses import dataclass

from claims.eligibility.model import LossItem, OtherPayment, Outcome, Step, Text
from claims.policies.rules import RATE_WHOLE_BP, Base, MeasuredOn, Terms, TierMode
from common.money import yuan


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the excess over the deductible and what is paid for it; both limits count the excess."""

    above_fen: int
    up_to_fen: int | None
    rate_bp: int
    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All amounts on the way from the loss to the benefit."""

    loss_fen: int
    covered_loss_fen: int
    other_payments_fen: int
    net_loss_fen: int
    deductible_fen: int
    excess_fen: int
    slices: tuple[Slice, ...]
    tiers_fen: int
    consumed_fen: int
    cap_remaining_fen: int
    benefit_fen: int


def covered_kinds(terms: Terms, losses: tuple[LossItem, ...]) -> tuple[LossItem, ...]:
    """Return the items whose kind the terms cover; terms that name no kind cover every kind."""
    return tuple(item for item in losses if not terms.loss_kinds or item.kind in terms.loss_kinds)


def compute(terms: Terms, losses: tuple[LossItem, ...], others: tuple[OtherPayment, ...], consumed_fen: int) -> Figures:
    """Compute the benefit of a loss under `terms`, as if every check had passed.

    What others paid is deducted from the covered loss in full. The deductible is taken once a claim [assumed]. The
    result never exceeds the loss less what others paid, nor what is left of the cap.
    """
    loss = sum(item.amount_fen for item in losses)
    covered = sum(item.amount_fen for item in covered_kinds(terms, losses))
    paid_by_others = sum(payment.amount_fen for payment in others)
    net = max(0, covered - paid_by_others)
    excess = max(0, net - terms.deductible_fen)
    slices = cut(terms, excess)
    tiers = sum(piece.amount_fen for piece in slices)
    remaining = max(0, terms.cap_fen - consumed_fen)
    return Figures(
        loss_fen=loss,
        covered_loss_fen=covered,
        other_payments_fen=paid_by_others,
        net_loss_fen=net,
        deductible_fen=terms.deductible_fen,
        excess_fen=excess,
        slices=slices,
        tiers_fen=tiers,
        consumed_fen=consumed_fen,
        cap_remaining_fen=remaining,
        benefit_fen=min(tiers, remaining),
    )


def cut(terms: Terms, excess_fen: int) -> tuple[Slice, ...]:
    """Cut the excess into the slices the tiers pay for; none where there is no excess.

    Marginal: one slice a tier reached. Whole amount: one slice, the whole excess at the rate of the highest tier
    reached.
    """
    if excess_fen == 0:
        return ()
    shift = terms.deductible_fen if terms.measured_on is MeasuredOn.NET_LOSS else 0
    starts = [tier.from_fen - shift for tier in terms.tiers]
    ends: list[int | None] = [*starts[1:], None]
    if terms.tier_mode is TierMode.WHOLE_AMOUNT:
        # A tier begins at its own start, inclusive.
        rate = max(
            (start, tier.rate_bp) for start, tier in zip(starts, terms.tiers, strict=True) if excess_fen >= start
        )[1]
        return (Slice(0, None, rate, excess_fen, excess_fen * rate // RATE_WHOLE_BP),)
    return tuple(
        marginal_slice(start, end, tier.rate_bp, excess_fen)
        for start, end, tier in zip(starts, ends, terms.tiers, strict=True)
        if excess_fen > start
    )


def marginal_slice(start_fen: int, end_fen: int | None, rate_bp: int, excess_fen: int) -> Slice:
    """Return the part of the excess between a tier's limits and what is paid for it, rounded down to the fen."""
    base = (excess_fen if end_fen is None else min(excess_fen, end_fen)) - start_fen
    return Slice(start_fen, end_fen, rate_bp, base, base * rate_bp // RATE_WHOLE_BP)


def percent(rate_bp: int) -> str:
    """Write a rate as people read it: 7050 -> `70.5%`."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


def explain(figures: Figures, terms: Terms, outcome: Outcome) -> tuple[Step, ...]:
    """Write the way from the loss to the benefit line by line."""
    steps = [Step("loss", figures.loss_fen, Text("申报损失合计", "Loss reported, all items"))]
    if figures.covered_loss_fen != figures.loss_fen:
        steps.append(
            Step(
                "covered_loss",
                figures.covered_loss_fen,
                Text("其中条款认可的损失", "Of it, kinds of loss the terms cover"),
            )
        )
    steps += [
        Step("other_payments", figures.other_payments_fen, Text("减：其他渠道已赔付", "Less what others already paid")),
        Step("net_loss", figures.net_loss_fen, Text("自付损失", "Loss left to the household")),
        Step("deductible", figures.deductible_fen, Text("减：起付线", "Less the deductible")),
        Step("excess", figures.excess_fen, Text("起付线以上部分", "Part above the deductible")),
    ]
    steps += [slice_step(number, piece, terms.tier_mode) for number, piece in enumerate(figures.slices, start=1)]
    steps += [
        Step("tiers_total", figures.tiers_fen, Text("各段合计", "Sum of the tiers")),
        Step("cap_remaining", figures.cap_remaining_fen, cap_text(figures, terms)),
        Step("benefit", 0 if outcome is Outcome.REFUSED else figures.benefit_fen, benefit_text(outcome)),
    ]
    return tuple(steps)


def slice_step(number: int, piece: Slice, mode: TierMode) -> Step:
    """Write one slice."""
    rate, base = percent(piece.rate_bp), yuan(piece.base_fen)
    if mode is TierMode.WHOLE_AMOUNT:
        text = Text(
            f"全额套档：{base}元×{rate}，分以下舍去", f"Whole amount: {base} yuan at {rate}, rounded down to the fen"
        )
    else:
        above = yuan(piece.above_fen)
        span_zh = f"{above}元以上" if piece.up_to_fen is None else f"{above}元至{yuan(piece.up_to_fen)}元"
        span_en = f"above {above} yuan" if piece.up_to_fen is None else f"from {above} to {yuan(piece.up_to_fen)} yuan"
        text = Text(
            f"第{number}段（起付线以上{span_zh}）：{base}元×{rate}，分以下舍去",
            f"Tier {number} ({span_en} over the deductible): {base} yuan at {rate}, rounded down to the fen",
        )
    return Step(f"tier_{number}", piece.amount_fen, text)


def cap_text(figures: Figures, terms: Terms) -> Text:
    """Say how much of the cap is left and whose cap it is."""
    cap, used = yuan(terms.cap_fen), yuan(figures.consumed_fen)
    whose_zh, whose_en = ("每人", "person") if terms.base is Base.PERSON else ("每户", "household")
    return Text(
        f"年度封顶线余额（{whose_zh}每年{cap}元，已用{used}元）",
        f"Left of the year's cap ({cap} yuan a {whose_en} and year, {used} yuan used)",
    )


def benefit_text(outcome: Outcome) -> Text:
    """Say what the last line is under each outcome."""
    match outcome:
        case Outcome.ELIGIBLE:
            return Text(
                "理赔金额：各段合计与封顶线余额取小",
                "Benefit: the smaller of the tiers' sum and what is left of the cap",
            )
        case Outcome.NEEDS_REVIEW:
            return Text("复核通过时的理赔金额", "Benefit if the open checks are settled in the claimant's favour")
        case Outcome.REFUSED:
            return Text("不符合条件，理赔金额为零", "Not eligible: no benefit")
