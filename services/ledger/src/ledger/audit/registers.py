"""What the chain tells of a book's registers, and what the tables say. Pure.

The chain's own records are hashed; the rows of books, funds, accounts and months that came of them are not. This holds one
against the other, so that a fund moved to another parent or an account to another basis is found as well. A register is what all its
records add up to; a proposal, a decision or a version of the approval rules is a row beside the one record that tells of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.journal.drafts import Json

Facts = Mapping[str, Json]
Subject = tuple[str, ...]
"""What a fact is about: ``("book",)``, ``("fund", code)``, ``("account", fund, code)``, ``("period", code)``."""

BOOK_FACTS = ("code", "name", "first_period")
FUND_FACTS = ("parent", "category", "name_zh", "name_en", "source_order", "position")
BESIDE_FACTS: Mapping[str, Mapping[str, str]] = {
    "proposal": {
        name: name
        for name in (
            "id",
            "operation",
            "kind",
            "funds",
            "amount_fen",
            "period",
            "effective_on",
            "description",
            "reference",
            "prepared_by",
            "sent_by",
            "proposed_at",
            "arguments",
        )
    },
    "decision": {
        "proposal": "proposal",
        "outcome": "outcome",
        "by_person": "by",
        "reason": "reason",
        "seq": "seq",
        "decided_at": "decided_at",
    },
    "approval_rules": {"rules": "rules", "set_by": "set_by", "set_at": "set_at"},
}
"""By the kind of a record: the columns of the row beside it, and what its content calls them."""
ACCOUNT_FACTS = ("basis", "normal_side", "guarded", "name_zh", "name_en")


@dataclass(slots=True)
class Registers:
    """The registers as the chain tells them; ``told_at`` holds the position of the record that last told each fact."""

    facts: dict[Subject, dict[str, Json]] = field(default_factory=dict)
    told_at: dict[Subject, int] = field(default_factory=dict)

    def learn(self, position: int, kind: str, content: Facts) -> None:
        """Take in a record of kind ``book``, ``fund``, ``chart`` or ``period``; others tell of no register."""
        if kind == "book":
            self._tell(position, ("book",), content, BOOK_FACTS)
            for fund in _objects(content.get("funds")):
                self._learn_fund(position, fund, content)
        elif kind == "fund":
            self._learn_fund(position, content, content)
        elif kind == "chart":
            self._learn_chart(position, content)
        elif kind == "period":
            told = {"status": "closed" if content.get("action") == "close" else "open"}
            self._tell(position, ("period", str(content.get("period"))), told, ("status",))

    def first_difference(self, stored: Mapping[Subject, Facts]) -> int | None:
        """Return the position of the first record whose facts the tables do not hold as told, or nothing.

        A row the chain knows nothing of is laid at the first record's door.
        """
        wrong = [
            self.told_at[subject] for subject, facts in self.facts.items() if not _holds(stored.get(subject), facts)
        ]
        wrong += [1 for subject in stored if subject not in self.facts]
        return min(wrong, default=None)

    def _learn_fund(self, position: int, fund: Facts, record: Facts) -> None:
        code = str(fund.get("code"))
        self._tell(position, ("fund", code), fund, FUND_FACTS)
        for account in _objects(record.get("accounts")):
            subject = ("account", code, str(account.get("code")))
            self._tell(position, subject, account, ACCOUNT_FACTS)

    def _learn_chart(self, position: int, record: Facts) -> None:
        """Take in accounts that funds got after they were made."""
        funds = record.get("funds")
        for fund in funds if isinstance(funds, list) else []:
            for account in _objects(record.get("accounts")):
                self._tell(position, ("account", str(fund), str(account.get("code"))), account, ACCOUNT_FACTS)

    def _tell(self, position: int, subject: Subject, facts: Facts, names: tuple[str, ...]) -> None:
        self.facts[subject] = {name: facts[name] for name in names if name in facts}
        self.told_at[subject] = position


Told = tuple[int, str, Facts]
"""A record's position, kind and content."""


def first_not_beside(records: Iterable[Told], rows: Mapping[str, Mapping[int, Sequence[Facts]]]) -> int | None:
    """Return the first position where record and row do not say the same, or where one of them stands alone; or nothing.

    ``rows`` are those at the records' positions, by the kind of record they belong to.
    """
    wrong: list[int] = []
    left = {(kind, position) for kind, beside in rows.items() for position in beside}
    for position, kind, content in records:
        if kind not in BESIDE_FACTS:
            continue
        told = {column: content.get(name) for column, name in BESIDE_FACTS[kind].items()}
        left.discard((kind, position))
        if rows.get(kind, {}).get(position, ()) != [told]:
            wrong.append(position)
    wrong += [position for _, position in left]
    return min(wrong, default=None)


def _holds(row: Facts | None, facts: Facts) -> bool:
    return row is not None and all(row.get(name) == value for name, value in facts.items())


def _objects(value: Json) -> list[Facts]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
