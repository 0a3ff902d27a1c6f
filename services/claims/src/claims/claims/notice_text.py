"""The words of a public notice, and how long it runs. Pure.

A notice shows the household by its head's masked name and its village, the benefit, and a cause in words that tell nobody's
health. Illness, accident and schooling share one word: were only illness called something vague, the vagueness would tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from claims.policies.rules import Cause
from common.money import plain_yuan
from common.personal_data import personal_data_in
from common.text import compact

_EXPENSES: Final = ("家庭必要支出较大", "large necessary expenses of the household")
NEUTRAL_CAUSES: Final[Mapping[Cause, tuple[str, str]]] = {
    Cause.SERIOUS_ILLNESS: _EXPENSES,
    Cause.ACCIDENT: _EXPENSES,
    Cause.SCHOOLING: _EXPENSES,
    Cause.NATURAL_DISASTER: ("自然灾害受损", "damage by a natural disaster"),
    Cause.INDUSTRY_FAILURE: ("生产经营受损", "losses of production"),
}
HEALTH_WORDS: Final = (
    "病",
    "医",
    "伤",
    "残",
    "癌",
    "手术",
    "住院",
    "诊",
    "illness",
    "disease",
    "hospital",
    "injur",
    "disab",
)


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice in both languages."""

    zh: str
    en: str


def mask_name(name: str) -> str:
    """Return a name with everything but its first character hidden; two stars at most, so that its length tells little."""
    return name[:1] + "*" * min(max(len(name) - 1, 1), 2)


def notice_text(
    *, number: str, place: str, masked_head: str, cause: Cause, benefit_fen: int, published_on: date, days: int
) -> NoticeText:
    """Return the words of a notice."""
    zh_cause, en_cause = NEUTRAL_CAUSES[cause]
    amount, last = plain_yuan(benefit_fen), published_on + timedelta(days=days - 1)
    return NoticeText(
        zh=(
            f"精准防贫保险理赔公示\n编号：{number}\n农户：{masked_head}（{place}）\n事由：{zh_cause}\n拟赔付金额：{amount} 元\n"
            f"公示期：{published_on.isoformat()} 至 {last.isoformat()}（{days} 天）\n对以上内容有异议的，请在公示期内向村委会或乡镇反映。"
        ),
        en=(
            f"Public notice of an insurance claim\nNumber: {number}\nHousehold: {masked_head} ({place})\nReason: {en_cause}\n"
            f"Proposed benefit: {amount} yuan\nFrom {published_on.isoformat()} to {last.isoformat()} ({days} days)\n"
            "Objections are taken by the village committee and the town within these days."
        ),
    )


def tells(text: NoticeText, place: str, secrets: Iterable[str]) -> bool:
    """Tell whether a notice names a person it must not name, a personal number, or somebody's health.

    `secrets` are what the register holds of the household: full names, ID numbers, phones, the account. A place may be
    called what it likes.
    """
    for words in (text.zh.replace(place, ""), text.en.replace(place, "")):
        packed = compact(words)
        if personal_data_in(words) is not None or any(word in words.lower() for word in HEALTH_WORDS):
            return True
        if any(compact(secret) in packed for secret in secrets):
            return True
    return False


def runs_until(published_on: date, days: int, objections: Iterable[tuple[date, date | None]]) -> date | None:
    """Return the first day on which a notice has run its days, or None while an objection stops its clock.

    An objection is the day it was raised and the day it was resolved (None: not yet). Days on which one was open do not
    count; days under several open objections are taken off once.
    """
    day, counted = published_on, 0
    spans = list(objections)
    if any(resolved is None for _, resolved in spans):
        return None
    while counted < days:
        stopped = any(raised <= day < resolved for raised, resolved in spans if resolved is not None)
        counted += not stopped
        day += timedelta(days=1)
    return day
