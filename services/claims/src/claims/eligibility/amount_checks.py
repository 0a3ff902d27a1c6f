"""The checks of rule version 2 that look at the claim's amounts: payers, warning line, deductible, grade, caps."""

from claims.eligibility.amounts import UNCOVERED, Amounts, Limit, cap_name
from claims.eligibility.checks import ASSUMED, FAIL, PASS, Answer, answered
from claims.eligibility.model import Check, CheckCode, Inputs, Text, Value
from claims.policies.rules import Cap, Terms
from common.money import yuan


def check_prior_payers(_: Inputs, terms: Terms, amounts: Amounts) -> Check:
    """Check that something is left to the household after what others paid."""
    shown: dict[str, Value] = {
        "covered_loss_fen": amounts.covered_loss_fen,
        "other_payments_fen": amounts.other_payments_fen,
        "counted_payments_fen": amounts.counted_fen,
        "net_loss_fen": amounts.net_loss_fen,
        "prior_payers": tuple(sorted(terms.prior_payers)),
    }
    answer: Answer = (
        (PASS, Text("扣除其他渠道赔付后仍有自付损失", "A loss is left after what others paid"))
        if amounts.uncovered_fen > 0
        else (FAIL, Text("其他渠道已赔付全部损失", "Others already paid the whole loss"))
    )
    source = terms.sources.prior_payers or "Wei county and Qingdao schemes (docs/domain/insurance.md)"
    return answered(CheckCode.PRIOR_PAYERS, shown, answer, source)


def check_warning_line(_: Inputs, terms: Terms, amounts: Amounts) -> Check:
    """Check that the loss left to the household reaches the warning line, below which it is not looked at."""
    line = terms.warning_fen
    shown: dict[str, Value] = {"net_loss_fen": amounts.net_loss_fen, "warning_fen": line}
    if line is None:
        answer: Answer = PASS, Text("条款未设预警线", "The terms set no warning line")
    elif amounts.grade_fen is not None:
        answer = PASS, Text("按伤残等级给付，不适用预警线", "Paid by disability grade: the warning line does not apply")
    elif amounts.net_loss_fen >= line:
        answer = (
            PASS,
            Text(f"自付损失达到预警线{yuan(line)}元", f"The loss reaches the warning line of {yuan(line)} yuan"),
        )
    else:
        answer = (
            FAIL,
            Text(f"自付损失未达到预警线{yuan(line)}元", f"The loss is below the warning line of {yuan(line)} yuan"),
        )
    return answered(CheckCode.WARNING_LINE, shown, answer, terms.sources.warning_fen or ASSUMED)


def check_deductible(_: Inputs, terms: Terms, amounts: Amounts) -> Check:
    """Check that the loss exceeds the deductible, by enough for the tiers to pay at least one fen."""
    shown: dict[str, Value] = {
        "net_loss_fen": amounts.net_loss_fen,
        "deductible_fen": terms.deductible_fen,
        "tiers_total_fen": amounts.tiers_fen,
    }
    line = yuan(terms.deductible_fen)
    if amounts.grade_fen is not None or not terms.tiers:
        answer: Answer = PASS, Text("按伤残等级给付，不适用起付线", "Paid by disability grade: no deductible applies")
    elif amounts.excess_fen == 0:
        answer = (
            FAIL,
            Text(f"自付损失未超过起付线{line}元", f"The loss does not exceed the deductible of {line} yuan"),
        )
    elif amounts.tiers_fen == 0:
        answer = (
            FAIL,
            Text(
                "起付线以上部分按比例计算不足一分", "The tiers pay less than one fen for the part above the deductible"
            ),
        )
    else:
        answer = PASS, Text(f"自付损失超过起付线{line}元", f"The loss exceeds the deductible of {line} yuan")
    return answered(CheckCode.DEDUCTIBLE, shown, answer, terms.sources.deductible_fen)


def check_disability_grade(inputs: Inputs, terms: Terms, amounts: Amounts) -> Check:
    """Check that the terms can pay by the grade the claim states; terms with a table alone need one."""
    grade = inputs.claim.disability_grade
    shown: dict[str, Value] = {"disability_grade": grade, "grade_fen": amounts.grade_fen}
    if amounts.grade_fen is not None:
        amount = yuan(amounts.grade_fen)
        answer: Answer = PASS, Text(f"伤残{grade}级给付{amount}元", f"Disability grade {grade} is paid {amount} yuan")
    elif terms.tiers:
        answer = PASS, Text("按损失分段计算", "The claim is paid by the tiers")
    else:
        answer = (
            FAIL,
            Text("条款按伤残等级给付，未申报伤残等级", "The terms pay by disability grade, and the claim states none"),
        )
    return answered(CheckCode.DISABILITY_GRADE, shown, answer, terms.sources.grades or ASSUMED)


def check_caps(_: Inputs, terms: Terms, amounts: Amounts) -> Check:
    """Check that something is left of every running cap, and say which one limits the benefit."""
    base = amounts.limits[0]
    shown: dict[str, Value] = {
        "base": terms.base.value,
        "cap_fen": base.amount_fen,
        "consumed_fen": base.consumed_fen,
        "cap_remaining_fen": base.remaining_fen,
        "consumed_by": base.consumed_by,
        "limited_by": amounts.limited_by,
    }
    for limit in amounts.limits[1:]:
        name = limit.cap.value.removesuffix("_fen")
        shown[limit.cap.value] = limit.amount_fen
        if limit.cap is not Cap.CLAIM:
            shown |= {
                f"{name}_consumed_fen": limit.consumed_fen,
                f"{name}_remaining_fen": limit.remaining_fen,
                f"{name}_consumed_by": limit.consumed_by,
            }
    used_up = [limit for limit in amounts.limits if limit.remaining_fen == 0]
    sources = [f"cap: {terms.sources.cap_fen}; base: {terms.sources.base}"]
    texts = {
        Cap.CLAIM: terms.sources.claim_cap_fen,
        Cap.PERSON: terms.sources.person_cap_fen,
        Cap.HOUSEHOLD: terms.sources.household_cap_fen,
        Cap.PERSON_YEAR: terms.sources.person_year_cap_fen,
        Cap.HOUSEHOLD_YEAR: terms.sources.household_year_cap_fen,
    }
    sources += [f"{limit.cap.value}: {texts[limit.cap]}" for limit in amounts.limits[1:]]
    return answered(CheckCode.CAP, shown, caps_answer(used_up, terms, amounts), "; ".join(sources))


def caps_answer(used_up: list[Limit], terms: Terms, amounts: Amounts) -> Answer:
    """Say which caps are used up, or which one limits the benefit, or that enough is left."""
    if used_up:
        names = [cap_name(limit.cap, terms) for limit in used_up]
        return FAIL, Text(
            f"{'、'.join(name.zh for name in names)}已用完", f"Used up: the {', the '.join(name.en for name in names)}"
        )
    by = amounts.limited_by
    if by == UNCOVERED:
        return PASS, Text("给付以自付损失为限", "The benefit is limited to the loss that is left")
    if by is not None:
        name = cap_name(Cap(by), terms)
        return PASS, Text(f"按{name.zh}余额计", f"The benefit is limited to what is left of the {name.en}")
    return PASS, Text("各项封顶线余额足够", "Enough is left of every cap")
