"""The checks rule version 2 adds or changes that look at the claim's circumstances, not at its amounts.

Like those in `checks`: small, pure, each with its inputs, a reason in both languages, and its source. None of them is
edited once a decision was made by it: a change is a new rule version.
"""

from claims.eligibility.benefit import covered_kinds
from claims.eligibility.checks import ASSUMED, FAIL, PASS, REVIEW, Answer, answered
from claims.eligibility.model import Check, CheckCode, Inputs, LossItem, Text, Value
from claims.policies.rules import Terms, ThirdParty


def check_claimant_on_the_day(inputs: Inputs) -> Check:
    """Check that the claimant belonged to the household on the day of the event.

    Who left or died before it is not covered; who died on it or later was, and a reviewer says who receives the money
    [assumed]. A record made in error never belonged.
    """
    claim, person = inputs.claim, inputs.household.claimant
    shown: dict[str, Value] = {
        "claimant_member_id": str(claim.claimant_member_id),
        "household_members": len(inputs.household.member_ids),
        "event_on": claim.event_on.isoformat(),
        "left_on": None if person is None or person.left_on is None else person.left_on.isoformat(),
        "left_reason": None if person is None else person.left_reason,
    }
    if person is None or person.left_reason == "recorded_in_error":
        answer: Answer = FAIL, Text("申请人不是该户家庭成员", "The claimant is not a member of the household")
    elif person.left_on is None:
        answer = PASS, Text("申请人是该户家庭成员", "The claimant is a member of the household")
    elif person.left_on < claim.event_on:
        answer = (
            FAIL,
            Text(
                f"申请人已于{person.left_on}去世或离户，早于事件发生日",
                f"The claimant died or left the household on {person.left_on}, before the event",
            ),
        )
    elif person.left_reason == "died":
        answer = (
            REVIEW,
            Text(
                f"申请人已于{person.left_on}去世，须书面认定领款人",
                f"The claimant died on {person.left_on}: who receives the money has to be settled in writing",
            ),
        )
    else:
        answer = (
            PASS,
            Text(
                "事件发生日申请人是该户家庭成员", "The claimant was a member of the household on the day of the event"
            ),
        )
    return answered(CheckCode.CLAIMANT_IS_MEMBER, shown, answer, "the book's register of households")


def check_evidence(inputs: Inputs, terms: Terms) -> Check:
    """Check that every covered bill of a kind that needs evidence carries an invoice or settlement number."""
    items = [item for item in covered_kinds(terms, inputs.claim.losses) if item.kind in terms.evidence_kinds]
    bare = [item for item in items if item.document_key is None and item.settlement_key is None]
    shown: dict[str, Value] = {
        "evidence_kinds": tuple(sorted(terms.evidence_kinds)),
        "items": len(items),
        "items_without_number": len(bare),
    }
    answer: Answer = (
        (
            REVIEW,
            Text(
                f"{len(bare)}笔损失没有票据号或结算单号",
                f"Losses without an invoice or settlement number: {len(bare)}",
            ),
        )
        if bare
        else (PASS, Text("损失有票据或结算单为据", "The losses carry the evidence the terms ask for"))
    )
    return answered(CheckCode.EVIDENCE, shown, answer, terms.sources.evidence_kinds or ASSUMED)


def check_exclusions(inputs: Inputs, terms: Terms) -> Check:
    """Check that no circumstance of the claim is excluded by the terms on the day of the event."""
    claim = inputs.claim
    stated = tuple(sorted(set(claim.circumstances)))
    found = [one for one in terms.exclusions if one.code in stated and one.holds_on(claim.event_on)]
    shown: dict[str, Value] = {"circumstances": stated, "excluded": tuple(one.code for one in found)}
    if found:
        answer: Answer = (
            FAIL,
            Text(
                f"属于责任免除：{'、'.join(one.zh for one in found)}",
                f"Excluded by the terms: {', '.join(one.en for one in found)}",
            ),
        )
        return answered(CheckCode.EXCLUSIONS, shown, answer, "; ".join(one.source for one in found))
    return answered(
        CheckCode.EXCLUSIONS, shown, (PASS, Text("不属于责任免除", "Nothing excludes the claim")), "the policy's terms"
    )


def check_liable_third_party(inputs: Inputs, terms: Terms) -> Check:
    """Check whether somebody else is liable, as far as the terms ask.

    Where they exclude it, nobody knowing is not enough: a reviewer settles in writing that nobody is. Where they deduct
    it, a liable party who paid nothing so far has to be looked at.
    """
    liable, paid = inputs.claim.liable_third_party, bool(inputs.claim.other_payments)
    shown: dict[str, Value] = {
        "liable_third_party": liable,
        "rule": terms.third_party.value,
        "other_payments": len(inputs.claim.other_payments),
    }
    excluded = terms.third_party is ThirdParty.EXCLUDED
    if excluded and liable:
        answer: Answer = (
            FAIL,
            Text("第三方应负责任，条款不予赔付", "Somebody else is liable, and the terms then pay nothing"),
        )
    elif excluded and liable is None:
        answer = REVIEW, Text("须认定是否有第三方责任", "Whether somebody else is liable has to be settled")
    elif liable and not paid:
        answer = (
            REVIEW,
            Text("第三方应负责任，但未申报其赔付", "Somebody else is liable, but no payment of theirs is stated"),
        )
    elif liable:
        answer = PASS, Text("第三方赔付已扣除", "What others paid is taken off")
    else:
        answer = PASS, Text("无第三方责任", "Nobody else is known to be liable")
    return answered(CheckCode.LIABLE_THIRD_PARTY, shown, answer, terms.sources.third_party or ASSUMED)


def check_duplicate_numbers(inputs: Inputs) -> Check:
    """Check that no invoice or settlement number stands twice in the claim or in another claim that goes first.

    One settlement may cover several invoices of one claim; without invoice numbers to tell them apart it counts twice
    [assumed].
    """
    losses = inputs.claim.losses
    elsewhere = inputs.facts.duplicate_documents
    twice = numbers_used_twice(losses)
    shown: dict[str, Value] = {
        "documents": len({item.document_key for item in losses if item.document_key is not None}),
        "settlements": len({item.settlement_key for item in losses if item.settlement_key is not None}),
        "twice_in_this_claim": tuple(sorted(twice)),
        "in_other_claims": tuple(sorted(f"{found.document_masked} ({found.claim_number})" for found in elsewhere)),
    }
    if twice or elsewhere:
        answer: Answer = (
            FAIL,
            Text("同一票据号或结算单号重复使用", "An invoice or settlement number is used more than once"),
        )
    else:
        answer = PASS, Text("票据号、结算单号没有重复", "No invoice or settlement number is used more than once")
    return answered(CheckCode.DUPLICATE_DOCUMENT, shown, answer, ASSUMED)


def numbers_used_twice(losses: tuple[LossItem, ...]) -> set[str]:
    """Return the masked numbers that stand twice among the bills of one claim."""
    seen: set[str] = set()
    twice: set[str] = set()
    for item in losses:
        # A settlement is told apart by the invoices it covers, if they are stated.
        key, masked = (
            (item.settlement_key, item.settlement_masked)
            if item.document_key is None
            else (item.document_key, item.document_masked)
        )
        if key is not None:
            if key in seen:
                twice.add(masked or "")
            seen.add(key)
    return twice


def check_open_claim(inputs: Inputs) -> Check:
    """Check that no earlier claim of the person for the cause is still undecided; a reviewer may settle that it is another matter."""
    others = tuple(sorted(inputs.facts.open_claims))
    answer: Answer = (
        (
            REVIEW,
            Text(
                f"该人同事由有未办结的申请：{'、'.join(others)}",
                f"An earlier claim of the person for this cause is still open: {', '.join(others)}",
            ),
        )
        if others
        else (PASS, Text("该人同事由没有未办结的申请", "No earlier claim of the person for this cause is open"))
    )
    return answered(CheckCode.OPEN_CLAIM, {"claims": others}, answer, ASSUMED)


FOUR_HAVE_TEXTS = {
    "commercial_flat": Text("有商品房", "a commercial flat"),
    "vehicle": Text("有机动车", "a vehicle"),
    "company": Text("有工商登记企业", "a registered company"),
    "fiscal_member": Text("有财政供养人员", "a fiscally paid member"),
}


def check_four_have(inputs: Inputs) -> Check:
    """Warn where a data comparison found one of the four: a written reason is needed, and it never refuses by itself."""
    found = tuple(sorted(inputs.facts.four_have))
    texts = [FOUR_HAVE_TEXTS.get(code, Text(code, code)) for code in found]
    answer: Answer = (
        (
            REVIEW,
            Text(
                f"四有人员预警（{'、'.join(text.zh for text in texts)}），须写明理由",
                f"Four-have warning ({', '.join(text.en for text in texts)}): give the reason in writing",
            ),
        )
        if found
        else (PASS, Text("没有四有人员预警", "No four-have warning"))
    )
    return answered(
        CheckCode.FOUR_HAVE, {"found": found}, answer, "a warning, never a refusal (docs/domain/insurance.md)"
    )


def check_documents_complete(inputs: Inputs, terms: Terms) -> Check:
    """Check that every kind of document the terms ask for is on file."""
    missing = tuple(sorted(set(terms.required_documents) - set(inputs.facts.documents_present)))
    shown: dict[str, Value] = {"required": tuple(sorted(terms.required_documents)), "missing": missing}
    answer: Answer = (
        (REVIEW, Text(f"缺少材料：{'、'.join(missing)}", f"Documents missing: {', '.join(missing)}"))
        if missing
        else (PASS, Text("材料齐全", "Every required document is on file"))
    )
    return answered(CheckCode.DOCUMENTS_COMPLETE, shown, answer, terms.sources.required_documents or ASSUMED)
