"""The demo's plan: the programme's own counts, nobody real, no paid claim outside 2021, the same on every machine."""

import csv
import datetime as dt
import hashlib
import io
from dataclasses import replace

import pytest

from claims.documents.content import Inspector
from claims.documents.reference import kind_codes
from common.dates import SHANGHAI
from common.personal_data import id_number_checksum_is_valid, luhn_is_valid, personal_data_in
from deploy.demo.load_funds import FEN, all_money, all_sub_funds
from deploy.demo.load_list import list_file
from deploy.demo.load_register import lead_steps, load_villages
from deploy.demo.load_stories import load_stories, plan_stories
from deploy.demo.papers import paper
from deploy.demo.plan import (
    Figures,
    Household,
    Lead,
    account_number,
    id_number,
    load_figures,
    plan_claims,
    plan_households,
    plan_leads,
    plan_listed,
    split_evenly,
)

FIGURES = load_figures()
HOUSEHOLDS = plan_households(FIGURES, load_villages())
LEADS = plan_leads(FIGURES, HOUSEHOLDS)
CLAIMS = plan_claims(FIGURES, HOUSEHOLDS)
MEMBERS = [member for one in HOUSEHOLDS for member in one.members]
INCOME_LINE_FEN = 6000 * FEN
YEAR = range(dt.date(2021, 1, 1).toordinal(), dt.date(2022, 1, 1).toordinal())


def test_the_seed_is_the_programmes_own_figures() -> None:
    seed = FIGURES.seed
    assert (seed.leads, seed.monitored_households, seed.monitored_people) == (859, 394, 1087)
    assert (seed.overhaul_funds, seed.welfare_posts) == (40, 1104)
    assert (seed.households_paid, seed.amount_paid_fen) == (70, 50_980_000)


def test_the_plan_has_as_many_leads_households_and_people() -> None:
    assert (len(LEADS), len(HOUSEHOLDS), len(MEMBERS)) == (859, 394, 1087)
    assert all(1 <= len(one.members) <= 5 for one in HOUSEHOLDS)
    assert all(one.members[0].relation == "head" for one in HOUSEHOLDS)


def test_nobody_appears_twice() -> None:
    assert len({member.id_number for member in MEMBERS}) == 1087
    assert len({member.name for member in MEMBERS}) == 1087
    assert len({one.bank_account for one in HOUSEHOLDS}) == 394
    assert len({one.phone for one in HOUSEHOLDS}) == 394


def test_id_numbers_are_well_formed_and_of_no_place() -> None:
    for member in MEMBERS:
        assert id_number_checksum_is_valid(member.id_number), member
        # 99 is the first half of no province's code, so that nobody can have the number.
        assert member.id_number.startswith("99")
        assert member.id_number[6:14] == f"{member.birth_on:%Y%m%d}"


def test_accounts_pass_luhns_check_under_an_issuer_of_no_bank() -> None:
    for one in HOUSEHOLDS:
        assert luhn_is_valid(one.bank_account)
        assert one.bank_account.startswith("999999")
        assert len(one.bank_account) == 19


def test_names_say_that_they_are_examples() -> None:
    assert all(member.name.startswith("示例") for member in MEMBERS)


def test_the_scan_for_personal_data_knows_the_demos_phones_and_accounts() -> None:
    assert {personal_data_in(one.phone) for one in HOUSEHOLDS} == {"mobile"}
    assert {personal_data_in(one.bank_account) for one in HOUSEHOLDS} == {"bank_card"}


def test_every_household_lies_in_a_village_of_the_county_and_below_the_income_line() -> None:
    villages = set(load_villages())
    assert len(villages) == 80
    assert {one.village for one in HOUSEHOLDS} <= villages
    assert all(0 < one.annual_income_fen < len(one.members) * INCOME_LINE_FEN for one in HOUSEHOLDS)


def test_leads_sum_over_the_six_channels() -> None:
    counts = FIGURES.leads_by_channel
    assert len(counts) == 6
    assert sum(channel.leads for channel in counts.values()) == 859
    assert sum(channel.monitored for channel in counts.values()) == 394
    for name, channel in counts.items():
        of_channel = [lead for lead in LEADS if lead.channel == name]
        assert len(of_channel) == channel.leads
        assert sum(lead.household is not None for lead in of_channel) == channel.monitored


def test_every_household_comes_from_exactly_one_lead() -> None:
    households = [lead.household.number for lead in LEADS if lead.household]
    assert sorted(households) == [one.number for one in HOUSEHOLDS]
    assert all(lead.refused_at is None for lead in LEADS if lead.household)


def test_leads_are_numbered_in_the_order_of_their_dates() -> None:
    assert [lead.number for lead in LEADS] == list(range(1, 860))
    assert [lead.found_on for lead in LEADS] == sorted(lead.found_on for lead in LEADS)


def test_every_day_lies_in_2021() -> None:
    days = [lead.found_on for lead in LEADS] + [claim.event_on for claim in CLAIMS]
    days += [step.done_on for lead in LEADS for step in lead_steps(lead)]
    # A claim is reported, checked and approved within 20 days, and paid in September.
    days += [claim.event_on + dt.timedelta(days=20) for claim in CLAIMS]
    days += [dt.date.fromisoformat(f"2021-{pay.day}") for fund in all_money(FIGURES) for pay in fund.payments]
    assert all(day.toordinal() in YEAR for day in days)
    assert max(days) < dt.datetime.now(SHANGHAI).date()


def test_a_lead_walks_its_steps_in_order_and_ends_where_it_is_refused() -> None:
    for lead in LEADS:
        steps = lead_steps(lead)
        assert [step.done_on for step in steps] == sorted(step.done_on for step in steps)
        assert [step.refused for step in steps] == [False] * (len(steps) - 1) + [lead.refused_at is not None] * bool(
            steps
        )
        if lead.household:
            assert "registered" in [step.code for step in steps]
        elif lead.refused_at is None:
            assert steps == ()


def test_seventy_households_claim_once_for_five_causes() -> None:
    assert len(CLAIMS) == len({claim.household.number for claim in CLAIMS}) == 70
    assert {claim.cause for claim in CLAIMS} == {
        "serious_illness", "natural_disaster", "accident", "industry_failure", "schooling",
    }  # fmt: skip
    assert sum(cause.count for cause in FIGURES.claims.values()) == 70


def test_a_claimed_loss_exceeds_what_others_pay_and_only_schooling_is_left_open() -> None:
    for claim in CLAIMS:
        assert (claim.loss_fen is None) == (claim.cause == "schooling")
        if claim.loss_fen is not None:
            assert claim.loss_fen > claim.other_fen >= 0
        assert (claim.other_payer is None) == (claim.other_fen == 0)


def test_claims_happen_after_their_household_was_registered() -> None:
    registered = {
        lead.household.number: step.done_on
        for lead in LEADS
        if lead.household
        for step in lead_steps(lead)
        if step.code == "registered"
    }
    assert all(registered[claim.household.number] < claim.event_on for claim in CLAIMS)


def test_the_seven_funds_receive_what_they_are_allotted_and_the_insurance_can_pay() -> None:
    by_fund = {fund.fund: fund for fund in all_money(FIGURES)}
    assert len(by_fund) == len(all_money(FIGURES))
    for fund in by_fund.values():
        assert sum(fund.receipts.values()) >= fund.allotted >= sum(payment.yuan for payment in fund.payments)
    assert by_fund["insurance"].allotted * FEN >= FIGURES.seed.amount_paid_fen
    tops = {code.partition(".")[0] for code in by_fund}
    assert tops == {"industry", "employment", "health", "education", "safety_net", "repair", "insurance"}


def test_forty_overhaul_funds_and_water_roads_and_clinics_lie_under_repair() -> None:
    funds = {fund.code: fund.parent for fund in all_sub_funds(FIGURES)}
    assert sum(parent == "repair.overhaul" for parent in funds.values()) == 40
    assert {funds[f"repair.{name}"] for name in ("overhaul", "water", "roads", "clinics")} == {"repair"}
    assert len(funds) == len(all_sub_funds(FIGURES))


def test_the_welfare_posts_are_paid_for() -> None:
    posts = next(fund for fund in FIGURES.money if fund.fund == "employment.welfare_posts")
    assert {payment.yuan for payment in posts.payments} == {FIGURES.seed.welfare_posts * 600}


def test_the_plan_is_the_same_every_time() -> None:
    def digest(figures: Figures, households: tuple[Household, ...], leads: tuple[Lead, ...]) -> str:
        return hashlib.sha256(repr((households, leads, plan_claims(figures, households))).encode()).hexdigest()

    again = load_figures()
    households = plan_households(again, load_villages())
    assert digest(again, households, plan_leads(again, households)) == digest(FIGURES, HOUSEHOLDS, LEADS)
    # This very plan, so that a change of the generator is seen and meant.
    assert digest(FIGURES, HOUSEHOLDS, LEADS)[:16] == "3ab1d12653f156a9"


@pytest.mark.parametrize(("total", "parts", "unit"), [(1000, 3, 10), (7, 7, 1), (50_980_000, 14, 10_000), (5, 1, 100)])
def test_a_split_sums_up_and_is_even_but_for_the_last_part(total: int, parts: int, unit: int) -> None:
    shares = split_evenly(total, parts, unit)
    assert (sum(shares), len(shares)) == (total, parts)
    assert len(set(shares[:-1])) <= 1
    assert all(share % unit == 0 for share in shares[:-1])


def test_one_wrong_digit_is_no_valid_number() -> None:
    number = id_number("990923", dt.date(1980, 2, 29), 7)
    assert id_number_checksum_is_valid(number)
    assert not id_number_checksum_is_valid(number[:16] + str((int(number[16]) + 1) % 10) + number[17])
    account = account_number(12)
    assert luhn_is_valid(account)
    assert not luhn_is_valid(account[:-1] + str((int(account[-1]) + 1) % 10))


def test_a_lead_without_a_household_that_nobody_handled_has_no_steps() -> None:
    untouched = replace(LEADS[0], household=None, refused_at=None)
    assert lead_steps(untouched) == ()
    refused = replace(LEADS[0], household=None, refused_at="verification")
    assert [step.code for step in lead_steps(refused)] == ["lead_accepted", "village_town_verification"]


def test_stories_happen_to_households_that_nobody_pays_and_name_what_the_services_know() -> None:
    told = plan_stories(HOUSEHOLDS, CLAIMS)
    assert len(told) == len(load_stories().stories) > 0
    numbers = [one.household.number for one in told]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & {claim.household.number for claim in CLAIMS}
    for one in told:
        assert one.story.cause in FIGURES.claims
        assert set(one.story.papers) <= kind_codes()
        assert one.story.event_on.year == one.story.year
        assert not personal_data_in(str(one.story.model_dump()))
    further = load_stories().programme
    assert {one.story.year for one in told} == {FIGURES.policy.year, further.year}


def test_the_list_names_nobody_twice_and_breaks_one_household_only() -> None:
    listed = plan_listed(load_villages())
    members = [member for one in listed for member in one.members]
    assert not {member.id_number for member in members} & {member.id_number for member in MEMBERS}
    assert len({member.id_number for member in members}) == len(members)
    assert not {one.bank_account for one in listed} & {one.bank_account for one in HOUSEHOLDS}
    rows = list(csv.DictReader(io.StringIO(list_file(listed).decode("utf-8-sig"))))
    assert [row["姓名"] for row in rows] == [member.name for member in members]
    wrong = {row["户编号"] for row in rows if not id_number_checksum_is_valid(row["身份证号码"])}
    assert wrong == {"NS-000912"}


def test_a_paper_is_a_whole_pdf() -> None:
    inspector = Inspector()
    inspector.feed(paper("Demo paper: invoice", "Claim 610923-2021-000001"))
    assert inspector.finish() == "application/pdf"
