"""What can be wrong with a programme or with terms, all of it listed at once. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from itertools import pairwise
from typing import Final

from claims.policies.rules import (
    RATE_WHOLE_BP,
    Base,
    Cap,
    Cause,
    Funding,
    Policy,
    PolicySources,
    Terms,
    ThirdParty,
    TierMode,
)

GRADES: Final = 10
"""Disability grades, from 10 (lightest) to 1 (gravest): GB/T 31147 and the schemes that pay by them."""


class Fault(StrEnum):
    """What can be wrong; each is one refusal text."""

    VALIDITY_REVERSED = "validity_reversed"
    OUTSIDE_POLICY = "outside_policy"
    OUTSIDE_TERMS = "outside_terms"
    FIRST_TIER = "first_tier"
    NOTHING_TO_PAY_BY = "nothing_to_pay_by"
    TIERS_NOT_ASCENDING = "tiers_not_ascending"
    RATE_OVER_WHOLE = "rate_over_whole"
    WHOLE_AMOUNT_RATE_FALLS = "whole_amount_rate_falls"
    CAP_BELOW_DEDUCTIBLE = "cap_below_deductible"
    CAP_IS_THE_BASE_S = "cap_is_the_base_s"
    HOUSEHOLD_BELOW_PERSON = "household_below_person"
    YEAR_BELOW_CAUSE = "year_below_cause"
    CLAIM_ABOVE_YEAR = "claim_above_year"
    GRADES_WITHOUT_ACCIDENT = "grades_without_accident"
    GRADES_INCOMPLETE = "grades_incomplete"
    GRADES_NOT_ASCENDING = "grades_not_ascending"
    NOT_UNIQUE = "not_unique"
    UNKNOWN_DOCUMENT = "unknown_document"
    SOURCE_MISSING = "source_missing"
    SOURCE_WITHOUT_FIGURE = "source_without_figure"
    POOL_FIGURE_MISSING = "pool_figure_missing"
    NOT_WITHOUT_POOL = "not_without_pool"


Found = tuple[str, Fault]
"""The field that carries a fault, and the fault."""


def terms_faults(terms: Terms, policy: Policy) -> tuple[Found, ...]:
    """Return every fault of `terms` with the field that carries it; empty where they are sound."""
    return (
        *validity_faults(terms, policy),
        *tier_faults(terms),
        *cap_faults(terms),
        *grade_faults(terms),
        *exclusion_faults(terms),
        *list_faults(terms),
        *source_faults(terms),
    )


def validity_faults(terms: Terms, policy: Policy) -> list[Found]:
    """Return what is wrong with the days: in order, and within the policy's year."""
    faults: list[Found] = []
    if terms.valid_to < terms.valid_from:
        faults.append(("valid_to", Fault.VALIDITY_REVERSED))
    if terms.valid_from < policy.valid_from or terms.valid_from > policy.valid_to:
        faults.append(("valid_from", Fault.OUTSIDE_POLICY))
    if terms.valid_to > policy.valid_to:
        faults.append(("valid_to", Fault.OUTSIDE_POLICY))
    return faults


def tier_faults(terms: Terms) -> list[Found]:
    """Return the faults of the tiers alone.

    Tiers are given by their starts, so they leave no gap once the first starts at 0 (limits count the excess over
    the deductible) or at the deductible (limits count the net loss). Rates of whole-amount tiers may not fall: a
    larger loss must never pay less. Terms without tiers pay by disability grade alone.
    """
    if not terms.tiers:
        return [] if terms.grade_fen else [("tiers", Fault.NOTHING_TO_PAY_BY)]
    faults: list[Found] = []
    if terms.tiers[0].from_fen not in {0, terms.deductible_fen}:
        faults.append(("tiers[0].from_fen", Fault.FIRST_TIER))
    for index, tier in enumerate(terms.tiers):
        if tier.rate_bp > RATE_WHOLE_BP:
            faults.append((f"tiers[{index}].rate_bp", Fault.RATE_OVER_WHOLE))
        if index == 0:
            continue
        before = terms.tiers[index - 1]
        if tier.from_fen <= before.from_fen:
            faults.append((f"tiers[{index}].from_fen", Fault.TIERS_NOT_ASCENDING))
        if terms.tier_mode is TierMode.WHOLE_AMOUNT and tier.rate_bp < before.rate_bp:
            faults.append((f"tiers[{index}].rate_bp", Fault.WHOLE_AMOUNT_RATE_FALLS))
    return faults


def cap_faults(terms: Terms) -> list[Found]:
    """Return the faults of the caps against the deductible and against each other.

    A cap that a narrower one can never reach, or that a wider one makes meaningless, is a slip of the pen: the
    household's below the person's, the year's below the cause's, the claim's above the base's.
    """
    caps = terms.caps
    faults: list[Found] = [
        (cap.value, Fault.CAP_BELOW_DEDUCTIBLE) for cap, amount in caps.items() if amount < terms.deductible_fen
    ]
    own = Cap.PERSON if terms.base is Base.PERSON else Cap.HOUSEHOLD
    if own in caps:
        faults.append((own.value, Fault.CAP_IS_THE_BASE_S))
    effective = {**caps, own: terms.cap_fen}
    for wider, narrower, fault in (
        (Cap.HOUSEHOLD, Cap.PERSON, Fault.HOUSEHOLD_BELOW_PERSON),
        (Cap.HOUSEHOLD_YEAR, Cap.PERSON_YEAR, Fault.HOUSEHOLD_BELOW_PERSON),
        (Cap.PERSON_YEAR, Cap.PERSON, Fault.YEAR_BELOW_CAUSE),
        (Cap.HOUSEHOLD_YEAR, Cap.HOUSEHOLD, Fault.YEAR_BELOW_CAUSE),
    ):
        if wider in effective and narrower in effective and effective[wider] < effective[narrower]:
            named = Cap.BASE if wider is own else wider
            faults.append((named.value, fault))
    if Cap.CLAIM in caps and caps[Cap.CLAIM] > terms.cap_fen:
        faults.append((Cap.CLAIM.value, Fault.CLAIM_ABOVE_YEAR))
    return faults


def grade_faults(terms: Terms) -> list[Found]:
    """Return the faults of the table by disability grade: all ten grades, and a graver one never pays less."""
    amounts = terms.grade_fen
    if not amounts:
        return []
    faults: list[Found] = []
    if terms.cause is not Cause.ACCIDENT:
        faults.append(("grades", Fault.GRADES_WITHOUT_ACCIDENT))
    if len(amounts) != GRADES:
        faults.append(("grades", Fault.GRADES_INCOMPLETE))
    faults += [
        (f"grades[{grade}]", Fault.GRADES_NOT_ASCENDING)
        for grade, (graver, lighter) in enumerate(pairwise(amounts), start=1)
        if graver < lighter
    ]
    return faults


def exclusion_faults(terms: Terms) -> list[Found]:
    """Return the faults of the exclusions: days in order and within the terms', one code not twice on one day."""
    faults: list[Found] = []
    for index, one in enumerate(terms.exclusions):
        if one.valid_to < one.valid_from:
            faults.append((f"exclusions[{index}].valid_to", Fault.VALIDITY_REVERSED))
        if one.valid_from < terms.valid_from:
            faults.append((f"exclusions[{index}].valid_from", Fault.OUTSIDE_TERMS))
        if one.valid_to > terms.valid_to:
            faults.append((f"exclusions[{index}].valid_to", Fault.OUTSIDE_TERMS))
        if any(
            one.code == other.code and one.valid_from <= other.valid_to and other.valid_from <= one.valid_to
            for other in terms.exclusions[:index]
        ):
            faults.append((f"exclusions[{index}].code", Fault.NOT_UNIQUE))
    return faults


def list_faults(terms: Terms) -> list[Found]:
    """Return the lists of words that name one twice."""
    lists = {
        "loss_kinds": terms.loss_kinds,
        "required_documents": terms.required_documents,
        "prior_payers": terms.prior_payers,
        "evidence_kinds": terms.evidence_kinds,
    }
    return [(name, Fault.NOT_UNIQUE) for name, words in lists.items() if len(set(words)) < len(words)]


def source_faults(terms: Terms) -> list[Found]:
    """Return figures without a source and sources without a figure."""
    given = {
        **{cap.value: cap in terms.caps for cap in Cap if cap is not Cap.BASE},
        "tiers": bool(terms.tiers),
        "loss_kinds": bool(terms.loss_kinds),
        "warning_fen": terms.warning_fen is not None,
        "grades": bool(terms.grade_fen),
        "required_documents": bool(terms.required_documents),
        "prior_payers": bool(terms.prior_payers),
        "evidence_kinds": bool(terms.evidence_kinds),
        "third_party": terms.third_party is ThirdParty.EXCLUDED,
    }
    sources = {one.name: getattr(terms.sources, one.name) for one in fields(terms.sources)}
    return unmatched_sources(given, {name: sources[name] for name in given})


def unmatched_sources(given: Mapping[str, bool], sources: Mapping[str, str | None]) -> list[Found]:
    """Return what is given without a source, and sources of what is not given."""
    faults: list[Found] = []
    for name, is_given in given.items():
        if is_given and sources[name] is None:
            faults.append((f"sources.{name}", Fault.SOURCE_MISSING))
        if not is_given and sources[name] is not None:
            faults.append((f"sources.{name}", Fault.SOURCE_WITHOUT_FIGURE))
    return faults


def policy_faults(
    funding: Funding, figures: Mapping[str, int | str | None], sources: PolicySources
) -> tuple[Found, ...]:
    """Return every fault of a programme's figures (`pool_fen`, `fee_bp`, `surplus_rule`).

    A pool comes with its fee and with what becomes of the rest; a programme the county pays itself has none, though
    an insurer may handle its claims for a fee.
    """
    faults: list[Found] = []
    if funding is Funding.INSURER_POOL:
        faults += [(name, Fault.POOL_FIGURE_MISSING) for name in missing(figures)]
    else:
        faults += [(name, Fault.NOT_WITHOUT_POOL) for name in ("pool_fen", "surplus_rule") if figures[name] is not None]
    fee = figures["fee_bp"]
    if isinstance(fee, int) and fee > RATE_WHOLE_BP:
        faults.append(("fee_bp", Fault.RATE_OVER_WHOLE))
    given = {name: figures[name] is not None for name in figures}
    texts = {"pool_fen": sources.pool_fen, "fee_bp": sources.fee_bp, "surplus_rule": sources.surplus_rule}
    return (*faults, *unmatched_sources(given, texts))


def missing(figures: Mapping[str, int | str | None]) -> Iterable[str]:
    """Return the names of figures that are not given."""
    return [name for name, value in figures.items() if value is None]


TEXTS: Final[Mapping[Fault, tuple[str, str]]] = {
    Fault.VALIDITY_REVERSED: ("失效日期早于生效日期。", "Ends before it starts."),
    Fault.OUTSIDE_POLICY: ("不在保险方案的有效期内。", "Lies outside the policy's year."),
    Fault.OUTSIDE_TERMS: ("不在条款的有效期内。", "Lies outside the days of the terms."),
    Fault.FIRST_TIER: ("首段须从 0 或起付线开始。", "The first tier must start at 0 or at the deductible."),
    Fault.NOTHING_TO_PAY_BY: (
        "须有赔付分段或伤残等级表。",
        "There must be tiers, or a table by disability grade.",
    ),
    Fault.TIERS_NOT_ASCENDING: ("须大于前一段的起点。", "Must be greater than the start of the tier before it."),
    Fault.RATE_OVER_WHOLE: ("不得超过 100%。", "Must not exceed 100 %."),
    Fault.WHOLE_AMOUNT_RATE_FALLS: (
        "全额套档时比例不得低于前一段。",
        "With whole-amount tiers a rate must not be below the one before it.",
    ),
    Fault.CAP_BELOW_DEDUCTIBLE: ("封顶线不得低于起付线。", "The cap must not be below the deductible."),
    Fault.CAP_IS_THE_BASE_S: (
        "即 cap_fen：base 已说明按人或按户，不得重复。",
        "This is cap_fen: the base already says whose cap that is.",
    ),
    Fault.HOUSEHOLD_BELOW_PERSON: (
        "每户封顶线不得低于每人封顶线。",
        "A household's cap must not be below a person's.",
    ),
    Fault.YEAR_BELOW_CAUSE: (
        "全部事由的年度封顶线不得低于本事由的封顶线。",
        "The year's cap of all causes must not be below that of this cause.",
    ),
    Fault.CLAIM_ABOVE_YEAR: (
        "每案封顶线不得高于年度封顶线。",
        "The cap of one claim must not be above that of the year.",
    ),
    Fault.GRADES_WITHOUT_ACCIDENT: (
        "伤残等级表只用于意外事故。",
        "A table by disability grade belongs to accidents only.",
    ),
    Fault.GRADES_INCOMPLETE: (
        "须列出一级至十级，每级一次。",
        "All ten grades must be there, each once.",
    ),
    Fault.GRADES_NOT_ASCENDING: (
        "伤残越重金额不得越低。",
        "A graver disability must not pay less.",
    ),
    Fault.NOT_UNIQUE: ("含有重复项。", "Contains an item twice."),
    Fault.UNKNOWN_DOCUMENT: ("没有这种材料。", "There is no such kind of document; GET /document-kinds lists them."),
    Fault.SOURCE_MISSING: ("此项数字须注明依据。", "This figure needs its source."),
    Fault.SOURCE_WITHOUT_FIGURE: ("没有对应的内容。", "There is nothing this is the source of."),
    Fault.POOL_FIGURE_MISSING: (
        "保险资金池方案须填写此项。",
        "A programme with an insurer's pool needs it.",
    ),
    Fault.NOT_WITHOUT_POOL: (
        "县级直付方案没有资金池，不填写此项。",
        "A programme the county pays itself has no pool.",
    ),
}
