"""Sub-funds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import OK, Book
from tests.support.whole_model.operation import Ids, Operation, Request, Terms


@dataclass(frozen=True, kw_only=True)
class SubFund(Operation):
    """A fund below another, with every account of the chart."""

    name: ClassVar[str] = "sub_fund"
    code: str
    parent: str

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        body = {"code": self.code, "parent": self.parent, "name_zh": "子基金"}
        return Request("/funds", body, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        extension = self.code.removeprefix(f"{self.parent}.")
        if extension == self.code or "." in extension:
            return "invalid_request"
        if self.parent not in book.funds:
            return "not_found"
        if self.code in book.funds:
            return "fund_exists"
        book.funds.append(self.code)
        book.records += 1
        return OK


_TREE = (("repair.c01", "repair"),) * 4 + (
    ("repair.c01.a", "repair.c01"),
    ("repair.c01.a", "repair"),
    ("health.x", "repair"),
)
STRATEGIES: dict[str, st.Chance[Any]] = {
    "sub_fund": st.builds(
        lambda pair, terms: SubFund(code=pair[0], parent=pair[1], terms=terms),
        st.sampled_from(_TREE),
        st.sampled_from((Terms(), Terms(), Terms(), Terms(dry=True))),
    )
}
