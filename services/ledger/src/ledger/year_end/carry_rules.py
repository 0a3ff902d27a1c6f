"""Setting the rules of carrying forward: data of the book, recorded in its chain; the latest version counts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.journal.chain import canonical_text, instant
from ledger.journal.drafts import Act, Fill, RecordDraft, SideRow
from ledger.problems import DUPLICATE_FUND_IN_RULES, UNKNOWN_FUND_IN_RULE
from ledger.year_end.carrying import ANY_FUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.errors import Problem
    from ledger.journal.drafts import Json, PostedEntry, PostedRecord
    from ledger.journal.state import BookState, CarryRule


def decide_carry_rules(rules: Sequence[CarryRule], by_person: str, state: BookState) -> Act | Problem:
    """Record what becomes of each fund's budget at year-end from now on. Refusals: duplicate_fund_in_rules, unknown_fund_in_rule."""
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.fund in seen:
            return DUPLICATE_FUND_IN_RULES.error(field=f"rules[{number}].fund", fund=rule.fund)
        if rule.fund != ANY_FUND and state.fund(rule.fund) is None:
            return UNKNOWN_FUND_IN_RULE.error(field=f"rules[{number}].fund", fund=rule.fund)
        seen.add(rule.fund)
    said: list[Json] = [
        {"fund": rule.fund, "available": rule.available, "encumbered": rule.encumbered} for rule in rules
    ]

    def content(entry: PostedEntry | None) -> dict[str, Json]:
        del entry
        return {"rules": said, "set_by": by_person}

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, state
        [record] = records
        return {"rules": said, "set_by": by_person, "set_at": instant(record.at), "position": record.position}

    def moves(state: BookState) -> None:
        state.carry_rules = tuple(rules)

    row = SideRow(
        "carry_rules",
        {"position": Fill.POSITION, "rules": canonical_text(said), "set_by": by_person, "set_at": Fill.AT},
    )
    return Act((RecordDraft("carry_rules", content, (row,)),), render, moves=moves)
