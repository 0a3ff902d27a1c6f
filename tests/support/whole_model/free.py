"""Free entries, alone and many at once, and taking them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import OK, PROPOSED, Book, Draft, Line, People, When
from tests.support.whole_model.operation import (
    FEN,
    FUNDS_DRAWN,
    PICK,
    SOURCE_OR_NONE,
    TERMS,
    WHENS,
    Ids,
    Json,
    Operation,
    Posting,
    Request,
    Terms,
    credit,
    dated,
    debit,
    one_of,
    submit_all,
)

ANY = "any"
"""The source of a credit of cash that names none: the fund's order of sources decides."""


@dataclass(frozen=True, kw_only=True)
class FreeEntry(Posting):
    """A journal entry as a person writes it; ``what`` is its shape, ``other`` the second fund of those that have one."""

    name: ClassVar[str] = "journal"
    what: str
    fund: str
    other: str
    fen: int
    source: str | None
    when: When
    voucher_type: str = "记"

    def written(self) -> list[Line]:  # noqa: C901, PLR0911, PLR0912 - one branch for each shape
        """The lines as they are sent."""
        f, o, fen, source = self.fund, self.other, self.fen, self.source
        spent = [debit(f, "5001", fen), credit(f, "1002", fen, source or ANY)]
        budgetary = [debit(f, "7101", fen), credit(f, "8001", fen)]
        match self.what:
            case "accrual":
                return [debit(f, "5001", fen), credit(f, "2303", fen)]
            case "spending":
                return spent + budgetary
            case "unbudgeted" | "non_budget":
                return spent
            case "half_budgeted":
                return [*spent, debit(f, "7101", fen - 1), credit(f, "8001", fen - 1)] if fen > 1 else spent
            case "taken_twice":
                return [debit(f, "5001", fen + 2), credit(f, "1002", fen, ANY), credit(f, "1002", 2, ANY)]
            case "income":
                return [debit(f, "1002", fen, source or ""), credit(f, "2307", fen)]
            case "unbalanced":
                return [debit(f, "1218", fen), credit(f, "2307", fen + 1)]
            case "across":
                return [debit(f, "1218", fen), credit(o, "2307", fen)]
            case "control":
                return [debit(f, "allotted", fen), credit(f, "available", fen)]
            case "unknown":
                return [debit(f, "1218", fen), credit(f, "9999", fen)]
            case "lent":
                return [
                    debit(f, "121801", fen),
                    credit(f, "1218", fen),
                    debit(o, "1218", fen),
                    credit(o, "230701", fen),
                ]
            case "half_lent":
                return [debit(f, "121801", fen), credit(f, "1218", fen)]
            case _:
                return [
                    debit(f, "300101", fen),
                    credit(f, "1218", fen),
                    debit(o, "1218", fen),
                    credit(o, "300101", fen),
                ]

    def body(self) -> Json:
        """What is sent, without people and conditions."""
        postings: list[Json] = []
        for line in self.written():
            said: Json = {"fund": line.fund, "account": line.account, "side": line.side, "amount_fen": line.fen}
            postings.append(said | ({"source": line.source} if line.source not in {"", ANY} else {}))
        body = {"description": "凭证", "voucher_type": self.voucher_type, "postings": postings}
        return body | dated(self.when) | ({"non_budget": True} if self._non_budget else {})

    @property
    def _non_budget(self) -> bool:
        return self.what in {"non_budget", "taken_twice"}

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.when.year

    def shown(self, book: Book) -> None:
        del book

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        return Request("/journal-entries", self.body() | self.terms.said(book), self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        if people.same:
            return "same_person"
        taken: dict[str, Counter[str]] = {}
        lines: list[Line] = []
        for line in self.written():
            if line.source != ANY:
                lines.append(line)
            elif line.fund not in book.funds:
                lines.append(replace(line, source=""))
            else:
                parts = book.split(line.fund, line.fen, taken.setdefault(line.fund, Counter()))
                lines += [replace(line, source=source, fen=fen) for source, fen in parts]
        return Draft("journal", self.when, lines, people, non_budget=self._non_budget, voucher_type=self.voucher_type)


@dataclass(frozen=True, kw_only=True)
class Reversal(Posting):
    """Any entry is asked to be taken back; only free ones can be."""

    name: ClassVar[str] = "reversal"
    pick: int
    when: When
    free_only: bool

    def bind(self, book: Book) -> Self | None:
        found = [
            number
            for number, entry in enumerate(book.entries)
            if not self.free_only or entry.draft.kind in {"journal", "reversal"}
        ]
        place = one_of(found, self.pick)
        return None if place is None else replace(self, pick=found[place])

    def subject(self, book: Book) -> tuple[str, int]:
        undone = book.entries[self.pick].draft
        return undone.lines[0].fund, undone.when.year

    def shown(self, book: Book) -> None:
        del book

    def request(self, book: Book, ids: Ids) -> Request:
        body = {"reason": "误"} | dated(self.when) | self.terms.said(book)
        return Request(f"/journal-entries/{ids.entries[self.pick]}/reversal", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        undone = book.entries[self.pick]
        if people.same:
            return "same_person"
        if undone.draft.kind == "reversal":
            return "reversal_of_reversal"
        if undone.draft.kind != "journal":
            return "typed_operation_entry"
        if undone.undone_by is not None:
            return "already_reversed"
        if self.when.on < undone.draft.when.on:
            return "invalid_request"
        draft = Draft("reversal", self.when, undone.draft.lines, people, red=True, undoes=self.pick)
        draft.voucher_type = undone.draft.voucher_type
        return draft


@dataclass(frozen=True, kw_only=True)
class Bulk(Operation):
    """Several free entries in one call: each by itself, or all or none. Its outcome is the list of theirs."""

    name: ClassVar[str] = "bulk"
    wishes: tuple[FreeEntry, ...]
    atomic: bool

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        entries = [wish.body() | {"idempotency_key": ids.fresh_key()} for wish in self.wishes]
        return Request("/journal-entries/bulk", {"atomic": self.atomic, "entries": entries}, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        return submit_all(book, self.wishes, atomic=self.atomic)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        del book
        for result in answer["results"]:
            if result["status"] == "posted":
                ids.entries.append(result["entry"]["id"])
            elif result["status"] == "proposed":
                ids.proposals.append(result["proposal"]["id"])


def outcome_of_bulk(answer: Mapping[str, Any]) -> str:
    """Read a bulk answer as the model writes its outcome."""
    names = {"posted": OK, "approved": OK, "proposed": PROPOSED}
    return ",".join(
        one["problem"]["code"] if one["status"] == "refused" else names.get(one["status"], one["status"])
        for one in answer["results"]
    )


_WHATS = (
    *("accrual", "spending", "spending", "unbudgeted", "non_budget", "non_budget", "half_budgeted", "taken_twice"),
    *("income", "income", "unbalanced", "across", "control", "unknown", "lent", "half_lent", "given"),
)
_FREE: dict[str, Any] = {
    "what": st.sampled_from(_WHATS),
    "fund": FUNDS_DRAWN,
    "other": st.just("industry"),
    "fen": FEN,
    "source": SOURCE_OR_NONE,
    "when": WHENS,
    "voucher_type": st.sampled_from(("记", "记", "付")),
}
_IN_BULK: dict[str, Any] = _FREE | {"what": st.sampled_from((*_WHATS[:10], "accrual", "accrual", "accrual", "income"))}
STRATEGIES: dict[str, st.Chance[Any]] = {
    "journal": st.builds(FreeEntry, **_FREE, terms=TERMS),
    "reversal": st.builds(Reversal, pick=PICK, when=WHENS, free_only=st.sampled_from((True, True, False)), terms=TERMS),
    "bulk": st.builds(
        Bulk,
        wishes=st.lists(
            st.builds(FreeEntry, **_IN_BULK, terms=st.builds(Terms, st.just("li"))), min_size=1, max_size=4
        ),
        atomic=st.booleans(),
        terms=st.sampled_from((Terms(), Terms(), Terms(), Terms(dry=True))),
    ),
}
