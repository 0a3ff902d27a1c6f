"""The operations of the catalogue, each told once more: by hand, from docs/domain/accounting.md and docs/operations.md.

``KINDS`` says which funds have an operation, its place, what a request says besides the amount, and which of the few ways of moving money
it goes (``business_ways``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """An operation: its place, the funds that have it, the way it goes, and what its request says besides the amount.

    ``on`` is the account its money is spent on or its item stands on; ``item`` the kind of item it names, ``opens`` the one it opens.
    """

    place: str
    funds: tuple[str, ...]
    way: str
    fields: tuple[str, ...] = ()
    on: str = ""
    item: str = ""
    opens: str = ""


EVERY_FUND = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")
_BUDGET = ("fiscal_year", "purpose_code")
_DRAWN = ("payee_ref", "purpose", "source?", "encumbrance", *_BUDGET)


def _grant(place: str, fund: str) -> Kind:
    return Kind(place, (fund,), "spent", _DRAWN, on="5001")


KINDS: dict[str, Kind] = {
    "award": _grant("awards", "industry"),
    "training_grant": _grant("training-grants", "employment"),
    "startup_support": _grant("startup-supports", "employment"),
    "welfare_wage": _grant("welfare-wages", "employment"),
    "student_aid": _grant("student-aids", "education"),
    "early_education_grant": _grant("early-education-grants", "education"),
    "relief_grant": _grant("relief-grants", "safety_net"),
    "clinic_subsidy": _grant("clinic-subsidies", "repair"),
    "village_doctor_subsidy": _grant("village-doctor-subsidies", "repair"),
    "subsidy_recognition": Kind(
        "subsidy-recognitions", EVERY_FUND, "owed", ("payee_ref", "purpose"), on="2303", opens="subsidy_payable"
    ),
    "subsidy_payment": Kind("subsidy-payments", EVERY_FUND, "spent", _DRAWN, on="2303", item="subsidy_payable"),
    "grant_repayment": Kind("grant-repayments", EVERY_FUND, "repaid", ("payee_ref", "purpose", "source", *_BUDGET)),
    "reserve_set_aside": Kind(
        "reserves", ("industry",), "reserved", ("purpose", *_BUDGET), on="encumbered", opens="reserve"
    ),
    "reserve_draw": Kind(
        "reserve-draws", ("industry",), "out_of_reserve", ("payee_ref", "purpose", "source?"), item="reserve"
    ),
    "reserve_recovery": Kind(
        "reserve-recoveries", ("industry",), "into_reserve", ("payee_ref", "purpose", "source"), item="reserve"
    ),
    "reserve_release": Kind("reserve-releases", ("industry",), "unreserved", ("purpose",), item="reserve"),
    "advance": Kind(
        "advances", ("health",), "advanced", ("payee_ref", "purpose", "source?", *_BUDGET), on="1218", opens="advance"
    ),
    "advance_settlement": Kind(
        "advance-settlements", ("health",), "settled", ("payer", "payee_ref"), on="1218", item="advance"
    ),
    "advance_forgiveness": Kind(
        "advance-forgivenesses", ("health",), "forgiven", ("purpose",), on="1218", item="advance"
    ),
    "family_share": Kind("family-shares", ("safety_net",), "entrusted", ("party_ref", "purpose")),
    "custodial_care_fee": Kind(
        "custodial-care-fees",
        ("safety_net",),
        "shared",
        ("family_share_fen", "payee_ref", "purpose", "source?", *_BUDGET),
    ),
    "overhaul_levy": Kind("overhaul-levies", ("repair",), "entrusted", ("party_ref", "purpose")),
    "overhaul_payment": Kind("overhaul-payments", ("repair",), "handed_on", ("payee_ref", "purpose")),
    "project_stage": Kind(
        "project-stages", ("repair",), "staged", ("retention_fen", *_DRAWN), on="2307", opens="retention"
    ),
    "retention_release": Kind(
        "retention-releases", ("repair",), "retention_paid", ("purpose", "source?"), on="2307", item="retention"
    ),
    "retention_forfeiture": Kind(
        "retention-forfeitures", ("repair",), "retention_lost", ("purpose",), on="2307", item="retention"
    ),
    "pool_prepayment": Kind("pool-prepayments", ("insurance",), "spent", _DRAWN, on="1214", opens="pool"),
    "pool_top_up": Kind("pool-top-ups", ("insurance",), "spent", _DRAWN, on="1214", item="pool"),
    "pool_payout": Kind("pool-payouts", ("insurance",), "of_the_pool", ("payee_ref", "purpose"), item="pool"),
    "pool_payout_return": Kind(
        "pool-payout-returns", ("insurance",), "pool_paid_back", ("payee_ref", "purpose", "fiscal_year"), item="pool"
    ),
    "pool_fee": Kind("pool-fees", ("insurance",), "of_the_pool", ("fee_bp", "purpose"), item="pool"),
    "pool_surplus_return": Kind(
        "pool-surplus-returns", ("insurance",), "pool_returned", ("purpose", "source"), item="pool"
    ),
    "pool_carry_forward": Kind(
        "pool-carry-forwards", ("insurance",), "pool_carried", ("payee_ref", "purpose"), item="pool", opens="pool"
    ),
    "restricted_gift": Kind(
        "restricted-gifts", EVERY_FUND, "given", ("giver_ref", "purpose"), on="1002", opens="restricted_gift"
    ),
    "restricted_gift_payment": Kind(
        "restricted-gift-payments", EVERY_FUND, "gift_spent", ("payee_ref", "purpose", *_BUDGET), item="restricted_gift"
    ),
    "free_gift": Kind("free-gifts", EVERY_FUND, "given", ("giver_ref", "purpose"), on="4603", opens="free_gift"),
    "named_gift": Kind("named-gifts", EVERY_FUND, "entrusted", ("party_ref", "purpose"), on="1002", opens="named_gift"),
    "named_gift_payment": Kind(
        "named-gift-payments", EVERY_FUND, "handed_on", ("payee_ref", "purpose"), item="named_gift"
    ),
}
DEBIT_ITEMS = frozenset({"advance", "pool", "restricted_gift", "named_gift"})
"""Kinds of items a debit adds to: what others owe the fund, and gifts in its bank."""
OF_ITS_BUDGET = frozenset(
    {"out_of_reserve", "into_reserve", "unreserved", "settled", "forgiven", "retention_paid", "retention_lost"}
)
"""Ways that move the budget the item holds."""


NEW_BUDGET = frozenset({"spent", "reserved", "advanced", "shared", "staged", "gift_spent"})
"""Ways that draw on available (or, where one can be named, on an encumbrance)."""
BACK = frozenset({"into_reserve"})
