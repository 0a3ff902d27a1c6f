"""The checks of a claim: small pure functions that answer with inputs, a reason in both languages, and a source.

These are rule version 1's; version 2 shares those it did not change. Decisions stored under either are made again by
them, so none of them is ever edited: a change is a new function and a new rule version.
A check never decides alone; `rules` runs all of a version's in its order and lists every answer.
Rules that we chose ourselves say `assumed`; they are explained in docs/domain/insurance.md.
"""

from collections.abc import Callable, Mapping
from typing import Final

from claims.eligibility.benefit import Figures, covered_kinds
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Inputs, Text, Value
from claims.policies.rules import Base, Terms
from common.money import yuan

ASSUMED: Final = "assumed"

Answer = tuple[CheckOutcome, Text]
PASS, FAIL, REVIEW = CheckOutcome.PASS, CheckOutcome.FAIL, CheckOutcome.NEEDS_REVIEW


def answered(code: CheckCode, inputs: Mapping[str, Value], answer: Answer, source: str) -> Check:
    """Put a check together."""
    outcome, reason = answer
    return Check(code=code, outcome=outcome, inputs=inputs, reason=reason, source=source)


def check_policy_in_force(inputs: Inputs) -> Check:
    """Check that a programme covers the day of the event."""
    policy, event_on = inputs.policy, inputs.claim.event_on
    shown: dict[str, Value] = {"event_on": event_on.isoformat()}
    if policy is None:
        answer = (
            FAIL,
            Text(
                f"事件发生日{event_on}没有有效的保险方案", f"No policy was in force on the day of the event, {event_on}"
            ),
        )
        return answered(CheckCode.POLICY_IN_FORCE, shown, answer, "the book's policies")
    shown |= {
        "policy_year": policy.year,
        "valid_from": policy.valid_from.isoformat(),
        "valid_to": policy.valid_to.isoformat(),
    }
    holds = policy.valid_from <= event_on <= policy.valid_to
    answer = (
        (PASS, Text(f"{policy.name}在事件发生日有效", f"{policy.name} was in force on the day of the event"))
        if holds
        else (FAIL, Text(f"{policy.name}在事件发生日无效", f"{policy.name} was not in force on the day of the event"))
    )
    return answered(CheckCode.POLICY_IN_FORCE, shown, answer, f"policy {policy.year}")


def check_terms_in_force(inputs: Inputs) -> Check:
    """Check that the programme has terms for the cause on the day of the event."""
    terms, claim = inputs.terms, inputs.claim
    shown: dict[str, Value] = {"cause": claim.cause.value, "event_on": claim.event_on.isoformat()}
    if terms is None:
        answer = (
            FAIL,
            Text("事件发生日没有该事由的有效条款", "The policy has no terms for this cause on the day of the event"),
        )
        return answered(CheckCode.TERMS_IN_FORCE, shown, answer, "the policy's terms")
    shown |= {
        "terms_version": terms.version,
        "valid_from": terms.valid_from.isoformat(),
        "valid_to": terms.valid_to.isoformat(),
    }
    answer = (
        PASS,
        Text(f"适用该事由条款第{terms.version}版", f"Version {terms.version} of the terms for this cause applies"),
    )
    return answered(CheckCode.TERMS_IN_FORCE, shown, answer, "the policy's terms")


def check_dates(inputs: Inputs) -> Check:
    """Check that event, report and today are in order."""
    claim, today = inputs.claim, inputs.today
    shown: dict[str, Value] = {
        "event_on": claim.event_on.isoformat(),
        "reported_on": claim.reported_on.isoformat(),
        "today": today.isoformat(),
    }
    if claim.event_on > today:
        answer: Answer = FAIL, Text("事件发生日在今天之后", "The event lies in the future")
    elif claim.reported_on < claim.event_on:
        answer = FAIL, Text("报案日早于事件发生日", "The claim was reported before the event")
    elif claim.reported_on > today:
        answer = FAIL, Text("报案日在今天之后", "The report lies in the future")
    else:
        answer = PASS, Text("日期先后合理", "Event, report and today are in order")
    return answered(CheckCode.DATES, shown, answer, ASSUMED)


def check_claimant(inputs: Inputs) -> Check:
    """Check that the claimant belongs to the household."""
    belongs = inputs.claim.claimant_member_id in inputs.household.member_ids
    shown: dict[str, Value] = {
        "claimant_member_id": str(inputs.claim.claimant_member_id),
        "household_members": len(inputs.household.member_ids),
    }
    answer = (
        (PASS, Text("申请人是该户家庭成员", "The claimant is a member of the household"))
        if belongs
        else (FAIL, Text("申请人不是该户家庭成员", "The claimant is not a member of the household"))
    )
    return answered(CheckCode.CLAIMANT_IS_MEMBER, shown, answer, "the book's register of households")


def check_income_line(inputs: Inputs) -> Check:
    """Check that the income line of the event's year is known: without one nothing is decided."""
    year, line = inputs.claim.event_on.year, inputs.facts.income_line
    if line is None:
        answer = (
            REVIEW,
            Text(
                f"未设定{year}年收入监测线，不能核定",
                f"No income line is set for {year}; the claim cannot be decided without one",
            ),
        )
        return answered(CheckCode.INCOME_LINE, {"year": year, "income_line_fen": None}, answer, ASSUMED)
    amount = yuan(line.amount_fen)
    answer = PASS, Text(f"{year}年收入监测线为每人{amount}元", f"The income line of {year} is {amount} yuan a person")
    return answered(CheckCode.INCOME_LINE, {"year": year, "income_line_fen": line.amount_fen}, answer, line.source)


def check_covered_group(inputs: Inputs) -> Check:
    """Check that the household is monitored, or its income per person is not above the income line.

    Incomes are compared as a whole (income against line times members), so nothing is rounded. An income of neither
    the event's year nor the year before says too little: a reviewer has to settle it.
    """
    household, line, year = inputs.household, inputs.facts.income_line, inputs.claim.event_on.year
    people = len(household.member_ids)
    shown: dict[str, Value] = {
        "monitored": household.monitored,
        "annual_income_fen": household.annual_income_fen,
        "income_year": household.income_year,
        "members": people,
        "income_line_fen": None if line is None else line.amount_fen,
    }
    if household.monitored:
        answer: Answer = PASS, Text("该户是监测对象", "The household is monitored")
    elif line is None:
        answer = (
            REVIEW,
            Text(
                "未设定收入监测线，无法判断是否属于保障人群",
                "Without an income line it cannot be told whether the household is covered",
            ),
        )
    elif household.income_year not in {year - 1, year}:
        answer = (
            REVIEW,
            Text(
                f"登记的是{household.income_year}年收入，需人工复核",
                f"The registered income is of {household.income_year}; a reviewer has to look at it",
            ),
        )
    elif household.annual_income_fen <= line.amount_fen * people:
        answer = PASS, Text("家庭人均收入不高于收入监测线", "Income per person is at or below the income line")
    else:
        answer = (
            FAIL,
            Text(
                "该户不是监测对象，且人均收入高于收入监测线",
                "The household is not monitored and its income per person is above the income line",
            ),
        )
    return answered(CheckCode.COVERED_GROUP, shown, answer, ASSUMED)


def check_waiting_period(inputs: Inputs, terms: Terms) -> Check:
    """Check that the event lies after the waiting period, counted from the policy's first day."""
    event_on = inputs.claim.event_on
    start = terms.valid_from if inputs.policy is None else inputs.policy.valid_from
    days = (event_on - start).days
    shown: dict[str, Value] = {
        "days_since_start": days,
        "waiting_days": terms.waiting_days,
        "policy_start": start.isoformat(),
    }
    answer = (
        (PASS, Text("事件发生在等待期之后", "The event lies after the waiting period"))
        if days >= terms.waiting_days
        else (
            FAIL,
            Text(
                f"事件发生在等待期内（等待期{terms.waiting_days}天）",
                f"The event lies within the waiting period of {terms.waiting_days} days",
            ),
        )
    )
    return answered(CheckCode.WAITING_PERIOD, shown, answer, terms.sources.waiting_days)


def check_reporting_period(inputs: Inputs, terms: Terms) -> Check:
    """Check that the event was reported within the reporting period."""
    days = (inputs.claim.reported_on - inputs.claim.event_on).days
    shown: dict[str, Value] = {"days_until_report": days, "reporting_days": terms.reporting_days}
    limit = terms.reporting_days
    answer = (
        (PASS, Text("在报案期限内报案", "Reported within the reporting period"))
        if days <= limit
        else (
            FAIL,
            Text(
                f"报案超过期限（期限{limit}天，实际{days}天）",
                f"Reported {days} days after the event; the reporting period is {limit} days",
            ),
        )
    )
    return answered(CheckCode.REPORTING_PERIOD, shown, answer, terms.sources.reporting_days)


def check_loss_kinds(inputs: Inputs, terms: Terms) -> Check:
    """Check that the terms cover at least one item; the others are named and left out of the computation."""
    losses = inputs.claim.losses
    covered = covered_kinds(terms, losses)
    left_out = tuple(sorted({item.kind for item in losses if item not in covered}))
    shown: dict[str, Value] = {
        "covered_kinds": tuple(sorted(terms.loss_kinds)),
        "kinds_not_covered": left_out,
        "items": len(losses),
        "items_with_document": sum(item.document_key is not None for item in losses),
    }
    if not covered:
        answer: Answer = FAIL, Text("申报的损失都不在条款范围内", "The terms cover none of the losses")
    elif left_out:
        answer = (
            PASS,
            Text("部分损失不在条款范围内，未计入", "Some losses are not covered by the terms and are left out"),
        )
    else:
        answer = PASS, Text("申报的损失都在条款范围内", "The terms cover every loss")
    return answered(CheckCode.LOSS_KINDS, shown, answer, terms.sources.loss_kinds or ASSUMED)


def check_prior_payers(_: Inputs, figures: Figures) -> Check:
    """Check that something is left to the household after what others paid."""
    shown: dict[str, Value] = {
        "covered_loss_fen": figures.covered_loss_fen,
        "other_payments_fen": figures.other_payments_fen,
        "net_loss_fen": figures.net_loss_fen,
    }
    answer = (
        (PASS, Text("扣除其他渠道赔付后仍有自付损失", "A loss is left after what others paid"))
        if figures.net_loss_fen > 0
        else (FAIL, Text("其他渠道已赔付全部损失", "Others already paid the whole loss"))
    )
    return answered(CheckCode.PRIOR_PAYERS, shown, answer, "Wei county and Qingdao schemes (docs/domain/insurance.md)")


def check_deductible(_: Inputs, terms: Terms, figures: Figures) -> Check:
    """Check that the loss exceeds the deductible, by enough for the tiers to pay at least one fen."""
    shown: dict[str, Value] = {
        "net_loss_fen": figures.net_loss_fen,
        "deductible_fen": terms.deductible_fen,
        "tiers_total_fen": figures.tiers_fen,
    }
    line = yuan(terms.deductible_fen)
    if figures.excess_fen == 0:
        answer: Answer = (
            FAIL,
            Text(f"自付损失未超过起付线{line}元", f"The loss does not exceed the deductible of {line} yuan"),
        )
    elif figures.tiers_fen == 0:
        answer = (
            FAIL,
            Text(
                "起付线以上部分按比例计算不足一分", "The tiers pay less than one fen for the part above the deductible"
            ),
        )
    else:
        answer = PASS, Text(f"自付损失超过起付线{line}元", f"The loss exceeds the deductible of {line} yuan")
    return answered(CheckCode.DEDUCTIBLE, shown, answer, terms.sources.deductible_fen)


def check_cap(inputs: Inputs, terms: Terms, figures: Figures) -> Check:
    """Check that something is left of the year's cap of the person or household."""
    shown: dict[str, Value] = {
        "base": terms.base.value,
        "cap_fen": terms.cap_fen,
        "consumed_fen": figures.consumed_fen,
        "cap_remaining_fen": figures.cap_remaining_fen,
        "consumed_by": tuple(sorted(inputs.facts.consumed_by)),
    }
    whose_zh, whose_en = ("该人", "person's") if terms.base is Base.PERSON else ("该户", "household's")
    if figures.cap_remaining_fen == 0:
        answer: Answer = FAIL, Text(f"{whose_zh}本年度封顶线已用完", f"The {whose_en} cap of the year is used up")
    elif figures.benefit_fen < figures.tiers_fen:
        answer = (
            PASS,
            Text(
                f"{whose_zh}本年度封顶线余额不足，按余额计",
                f"The {whose_en} cap limits the benefit to what is left of it",
            ),
        )
    else:
        answer = PASS, Text(f"{whose_zh}本年度封顶线余额足够", f"Enough is left of the {whose_en} cap of the year")
    return answered(CheckCode.CAP, shown, answer, f"cap: {terms.sources.cap_fen}; base: {terms.sources.base}")


def check_duplicate_document(inputs: Inputs) -> Check:
    """Check that no document number stands twice in the claim or in another claim that was not refused or withdrawn."""
    seen: set[str] = set()
    twice: set[str] = set()
    for item in inputs.claim.losses:
        if item.document_key is not None:
            if item.document_key in seen:
                twice.add(item.document_masked or "")
            seen.add(item.document_key)
    elsewhere = inputs.facts.duplicate_documents
    shown: dict[str, Value] = {
        "documents": len(seen),
        "twice_in_this_claim": tuple(sorted(twice)),
        "in_other_claims": tuple(sorted(f"{found.document_masked} ({found.claim_number})" for found in elsewhere)),
    }
    if twice or elsewhere:
        answer: Answer = FAIL, Text("同一票据号重复使用", "A document number is used more than once")
    else:
        answer = PASS, Text("票据号没有重复", "No document number is used more than once")
    return answered(CheckCode.DUPLICATE_DOCUMENT, shown, answer, ASSUMED)


def check_same_event(inputs: Inputs) -> Check:
    """Check that no other claim of the same base or person names the same cause and day.

    A reviewer may settle in writing that it is another event.
    """
    others = tuple(sorted(inputs.facts.same_event_claims))
    answer = (
        (
            REVIEW,
            Text(
                f"同日同事由已有申请：{'、'.join(others)}",
                f"The same day and cause were already claimed: {', '.join(others)}",
            ),
        )
        if others
        else (PASS, Text("没有同日同事由的其他申请", "No other claim names the same day and cause"))
    )
    return answered(CheckCode.SAME_EVENT, {"claims": others}, answer, ASSUMED)


def not_checked(code: CheckCode) -> Check:
    """Stand for a check that needs terms where there are none."""
    answer = REVIEW, Text("没有有效条款，无法核查", "Cannot be checked without terms in force")
    return answered(code, {}, answer, ASSUMED)


WITHOUT_TERMS: Final[Mapping[CheckCode, Callable[[Inputs], Check]]] = {
    CheckCode.POLICY_IN_FORCE: check_policy_in_force,
    CheckCode.TERMS_IN_FORCE: check_terms_in_force,
    CheckCode.DATES: check_dates,
    CheckCode.CLAIMANT_IS_MEMBER: check_claimant,
    CheckCode.INCOME_LINE: check_income_line,
    CheckCode.COVERED_GROUP: check_covered_group,
    CheckCode.DUPLICATE_DOCUMENT: check_duplicate_document,
    CheckCode.SAME_EVENT: check_same_event,
}

WITH_TERMS: Final[Mapping[CheckCode, Callable[[Inputs, Terms, Figures], Check]]] = {
    CheckCode.WAITING_PERIOD: lambda inputs, terms, _: check_waiting_period(inputs, terms),
    CheckCode.REPORTING_PERIOD: lambda inputs, terms, _: check_reporting_period(inputs, terms),
    CheckCode.LOSS_KINDS: lambda inputs, terms, _: check_loss_kinds(inputs, terms),
    CheckCode.PRIOR_PAYERS: lambda inputs, _, figures: check_prior_payers(inputs, figures),
    CheckCode.DEDUCTIBLE: check_deductible,
    CheckCode.CAP: check_cap,
}
