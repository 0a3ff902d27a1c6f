"""The letter says all that the decision says, nothing of its own, and runs nothing."""

import datetime as dt
import re
from dataclasses import replace
from enum import StrEnum
from html import unescape

import pytest

from claims.claims.paths import path_of, refusal_reasons
from claims.claims.rules import Status, WaitingFor
from claims.eligibility.model import CheckCode, CheckOutcome, Inputs, LossItem, OtherPayment
from claims.eligibility.rules import decide
from claims.letters.page import desk_on, page, policy, words
from claims.letters.rules import AppealWay, Letter, Standing, appeal_of, standing
from claims.letters.service import reason_of
from claims.names import Kind, name_of, names
from claims.policies.rules import Cause, PathName
from common.errors import Language
from common.money import capitals, yuan
from tests.support.decision_inputs import ELIGIBLE, with_claim, with_facts, with_household

DAY = dt.date(2021, 7, 2)
TOO_RICH = with_household(annual_income_fen=9_000_000)
OPEN = with_facts(same_event_claims=("610923-2021-000003",))
NO_TERMS = replace(ELIGIBLE, terms=None, policy=None)
MANY = with_claim(
    losses=(LossItem("medical_bill", 3_800_000, "k1", "****0001"), LossItem("medical_bill", 412_351, None, None)),
    other_payments=(OtherPayment("medical_insurance", 1_200_000), OtherPayment("county", 7)),
)


def letter(
    inputs: Inputs = ELIGIBLE,
    status: Status = Status.PAID,
    *,
    final: bool = True,
    path: PathName = PathName.SHORT,
    is_appeal: bool = False,
    appealed: bool = False,
    **other: object,
) -> Letter:
    kind = standing(status, final=final)
    refused_on = DAY if status is Status.REFUSED else None
    made = Letter(
        book="610923",
        office="宁陕县",
        number="610923-2021-000012",
        claimant="张示例",
        status=status,
        standing=kind,
        dated_on=DAY,
        version=2,
        latest=True,
        decision=decide(inputs),
        inputs=inputs,
        reason=None,
        note=None,
        appeal=appeal_of(kind, path_of(path), refused_on, is_appeal=is_appeal, appealed=appealed),
        desk=desk_on(DAY),
    )
    return replace(made, **other)  # type: ignore[arg-type]


def text_of(html: str) -> str:
    """What a reader sees: no style sheet, no tags."""
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("inputs", [ELIGIBLE, TOO_RICH, OPEN, NO_TERMS, MANY])
def test_every_reason_amount_and_source_of_the_decision_stands_in_the_letter(
    inputs: Inputs, language: Language
) -> None:
    made = letter(inputs)
    seen = text_of(page(made, language))
    for check in made.decision.checks:
        assert (check.reason.zh if language == "zh" else check.reason.en) in seen
    for step in made.decision.computation:
        assert (step.explanation.zh if language == "zh" else step.explanation.en) in seen
        assert yuan(step.amount_fen) in seen
    for item in inputs.claim.losses:
        assert yuan(item.amount_fen) in seen
        assert item.document_masked is None or item.document_masked in seen
    for paid in inputs.claim.other_payments:
        assert yuan(paid.amount_fen) in seen
    if made.decision.computation:
        assert capitals(made.decision.benefit_fen) in seen
    for check in made.decision.checks:
        assert name_of("sources", check.source, language) in seen


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ("assumed", "暂定（本县暂行标准）", "assumed (set provisionally by the county)"),
        ("policy 2021", "2021年度防贫保险方案", "the programme of 2021"),
        (
            "cap: 宁陕县〔2021〕9号; base: assumed",
            "封顶标准：宁陕县〔2021〕9号；计算口径：暂定（本县暂行标准）",
            "cap: 宁陕县〔2021〕9号; base: assumed (set provisionally by the county)",
        ),
        # What a county wrote itself is shown as it is, braces and all.
        ("文件 {year} policy", "文件 {year} policy", "文件 {year} policy"),
    ],
)
def test_a_source_is_named_in_the_language_of_the_reader(source: str, zh: str, en: str) -> None:
    assert (name_of("sources", source, "zh"), name_of("sources", source, "en")) == (zh, en)


@pytest.mark.parametrize("inputs", [ELIGIBLE, TOO_RICH, OPEN, NO_TERMS, MANY])
def test_no_english_source_of_ours_stands_in_a_chinese_letter(inputs: Inputs) -> None:
    # What the county wrote as the source of a figure is shown as it wrote it.
    written = "Shaanxi 2021|scheme, section [0-9]"
    for check in letter(inputs).decision.checks:
        assert re.search("[a-z]{4}", re.sub(written, "", name_of("sources", check.source, "zh"))) is None, check.source


@pytest.mark.parametrize(
    ("status", "final", "kind"),
    [
        (Status.REPORTED, False, Standing.OPEN),
        (Status.UNDER_REVIEW, False, Standing.OPEN),
        (Status.SENT_BACK, False, Standing.OPEN),
        (Status.APPROVED, True, Standing.APPROVED),
        (Status.AWAITING_FUNDS, True, Standing.APPROVED),
        (Status.PAID, True, Standing.APPROVED),
        (Status.PAYMENT_RETURNED, True, Standing.APPROVED),
        (Status.REFUSED, False, Standing.REFUSED),
        (Status.REFUSED, True, Standing.REFUSED),
        (Status.WITHDRAWN, False, Standing.WITHDRAWN),
        (Status.WITHDRAWN, True, Standing.WITHDRAWN),
    ],
)
def test_the_kind_of_letter_follows_from_where_the_claim_stands(status: Status, *, final: bool, kind: Standing) -> None:
    assert standing(status, final=final) is kind


def test_an_open_claim_and_an_earlier_version_are_drafts_and_a_notice_is_none() -> None:
    said = words("zh")
    draft = str(said["draft"])
    assert draft in page(letter(OPEN, Status.REPORTED, final=False), "zh")
    assert draft in page(letter(latest=False), "zh")
    assert draft not in page(letter(), "zh")
    assert draft not in page(letter(TOO_RICH, Status.REFUSED, final=False), "zh")


OFFER = {"zh": "可以提出一次申诉", "en": "You may appeal this refusal once"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("made", "way"),
    [
        (letter(), AppealWay.APPROVED),
        (letter(is_appeal=True), AppealWay.APPROVED),
        (letter(OPEN, Status.REPORTED, final=False), AppealWay.OPEN),
        (letter(OPEN, Status.SENT_BACK, final=False, is_appeal=True), AppealWay.OPEN),
        (letter(status=Status.WITHDRAWN, final=False), AppealWay.WITHDRAWN),
        (letter(TOO_RICH, Status.REFUSED, final=False), AppealWay.OFFERED),
        (letter(TOO_RICH, Status.REFUSED, final=False, path=PathName.FULL), AppealWay.OFFERED),
        (letter(TOO_RICH, Status.REFUSED, final=False, is_appeal=True), AppealWay.FINAL),
        (letter(TOO_RICH, Status.REFUSED, final=False, path=PathName.FULL, is_appeal=True), AppealWay.FINAL),
        (letter(TOO_RICH, Status.REFUSED, final=False, appealed=True), AppealWay.APPEALED),
    ],
)
def test_an_appeal_is_offered_only_where_one_is_possible(made: Letter, way: AppealWay, language: Language) -> None:
    assert made.appeal.way is way
    seen = text_of(page(made, language))
    assert (OFFER[language] in seen) is (way is AppealWay.OFFERED)
    said = words(language)["no_appeal"]
    where = made.desk.where.zh if language == "zh" else made.desk.where.en
    assert isinstance(said, dict)
    assert {one for one, text in said.items() if text.format(where=where) in seen} == {way.value} & said.keys()
    assert (where in seen) is (way not in {AppealWay.OPEN, AppealWay.WITHDRAWN})


@pytest.mark.parametrize("path", PathName)
def test_the_period_of_an_appeal_is_that_of_the_claims_path(path: PathName) -> None:
    made = letter(TOO_RICH, Status.REFUSED, final=False, path=path)
    days = path_of(path).appeal_deadline.days
    last = DAY + dt.timedelta(days=days)
    seen = text_of(page(made, "zh"))
    assert (
        f"不予理赔之日（2021年7月2日）的次日起算，共 {days} 天，最后一天是{last.year}年{last.month}月{last.day}日"
        in seen
    )
    assert (
        f"within {days} days after the day of the refusal (2021-07-02). The last day is {last.isoformat()}"
        in text_of(page(made, "en"))
    )


def test_a_refusal_for_a_chosen_reason_says_it_in_plain_words() -> None:
    for code, reason in refusal_reasons().items():
        made = letter(status=Status.REFUSED, final=False, path=PathName.FULL, reason=reason_of(code), note="经核对")
        zh, en = unescape(page(made, "zh")), unescape(page(made, "en"))
        assert f">{words('zh')['refusal_reason']}</span><span>{reason.zh}</span>" in zh
        assert f">{words('en')['refusal_reason']}</span><span>{reason.en}</span>" in en
    silent = letter(status=Status.REFUSED, final=False, reason=reason_of(None), note="经核对")
    assert str(words("zh")["refusal_reason"]) not in text_of(page(silent, "zh"))
    # A code that is no longer in force is told as it was chosen.
    assert "long_gone" in text_of(page(replace(silent, reason=reason_of("long_gone")), "zh"))


def test_a_refusal_lists_its_reasons_first_and_the_reviewers_words() -> None:
    refused = text_of(page(letter(TOO_RICH, Status.REFUSED, final=False, note="收入高于监测线"), "zh"))
    failing = next(check for check in decide(TOO_RICH).checks if check.outcome is CheckOutcome.FAIL)
    assert refused.index(failing.reason.zh) < refused.index("一、您申请的事项")
    assert "收入高于监测线" in refused
    by_hand = text_of(page(letter(status=Status.REFUSED, final=False, note="申请人要求核对"), "zh"))
    assert str(words("zh")["no_failing"]) in by_hand


HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}{0}{name}"


def test_no_text_of_a_claim_becomes_markup_or_is_filled_in() -> None:
    inputs = with_claim(
        replace(ELIGIBLE, policy=ELIGIBLE.policy and replace(ELIGIBLE.policy, name=HOSTILE, insurer=HOSTILE)),
        losses=(LossItem(HOSTILE, 1_800_000, "k", HOSTILE),),
        other_payments=(OtherPayment(HOSTILE, 100),),
    )
    for language in ("zh", "en"):
        html = page(letter(inputs, Status.REFUSED, claimant=HOSTILE, note=HOSTILE), language)
        assert "<script" not in html
        assert "alert(1)</" not in html
        assert text_of(html).count(HOSTILE) >= 7
        assert "49" not in re.findall(r"alert\(1\).{0,30}", html)[0]


def test_the_page_loads_and_runs_nothing() -> None:
    html = page(letter(), "zh")
    assert not re.findall(r"(?:src|href|url\(|@import|\son\w+=|<script|<link|<img|<iframe)", html)
    assert "default-src 'none'" in policy()


def shape(value: object) -> object:
    """A text's fields to fill in; a table's texts by key."""
    if isinstance(value, str):
        return sorted(re.findall(r"\{(\w+)", value))
    return {key: shape(text) for key, text in value.items()} if isinstance(value, dict) else None


def test_both_languages_have_the_same_words() -> None:
    zh, en = words("zh"), words("en")
    assert zh.keys() == en.keys()
    assert {key: shape(text) for key, text in zh.items()} == {key: shape(text) for key, text in en.items()}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [("checks", CheckCode), ("causes", Cause), ("statuses", Status), ("waiting_for", WaitingFor)],
)
def test_every_code_has_a_name_in_both_languages(kind: Kind, codes: type[StrEnum]) -> None:
    assert {code.value for code in codes} <= names()[kind].keys()
    assert all(both.keys() == {"zh", "en"} and all(both.values()) for both in names()[kind].values())
