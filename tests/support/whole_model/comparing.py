"""Holds everything a book shows at the end of a sequence against the model: figures, entries, past days, the chain, repeated requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.support.whole_model.book import OK, PROPOSED, Book, Entry, Line
from tests.support.whole_model.driver import REMEMBERED, HttpBook
from tests.support.whole_model.months import Close, months_of
from tests.support.whole_model.operation import Ids, Json, Request, same, tried
from tests.support.whole_model.registers import registers_equal, reports_equal
from tests.support.whole_model.reserving import assert_shown

LISTED = 1000
_KEYS_OF_THEIR_OWN = frozenset({"/journal-entries/bulk", "/operations/batch"})
"""Calls whose items bring their keys."""
_NEVER_ASKED: Json = {"rules": [{"kind": "*", "fund": "*", "from_fen": 1_000_000}]}


@dataclass(frozen=True, slots=True)
class Look:
    """Where to look at the end: a day in the past, a seq and a sent request, as parts of what there is; and whether at every report."""

    day: str
    seq: int
    again: tuple[int, ...]
    thorough: bool = True


async def assert_equal(book: HttpBook, look: Look) -> None:
    """Everything the book shows is what the model says."""
    await _entries(book)
    await _trial_balance(book, {}, turnover(book.model))
    await _registers(book)
    await registers_equal(book)
    if look.thorough:
        await _figures(book)
        await _past(book, look)
        await reports_equal(book, look.day)
        await _checklist(book)
    await _same_again(book, look)
    shown = await book.read("/chain/verification")
    same((shown["verified"], shown["records"], shown["head"]["seq"]), (True, book.model.records, book.model.seq))


async def _figures(book: HttpBook) -> None:
    for year in (2021, None):
        items = (await book.read("/funds", fiscal_year=year or "all", limit=LISTED))["items"]
        same(sorted(item["code"] for item in items), sorted(book.model.funds))
        for item in items:
            expected: Json = {"as_of_seq": book.model.seq, "fiscal_year": year}
            expected |= book.model.figures(item["code"], year)
            same({name: item[name] for name in expected}, expected, item["code"])
    execution = await book.read("/reports/fund-execution", fiscal_year=2021)
    for item in execution["items"]:
        figures = book.model.figures(item["code"], 2021)
        assert all(item[name] == figures[name] for name in figures if name != "cash_fen"), item


def _shown_line(line: Line, ids: Ids, *, red: bool) -> tuple[object, ...]:
    return (
        line.fund,
        line.account,
        line.side,
        line.fen,
        red,
        line.year or None,
        line.source or None,
        line.purpose or None,
        None if line.encumbrance is None else ids.encumbrances[line.encumbrance],
        None if line.item is None else ids.items[line.item],
    )


_NAMES = (
    "fund",
    "account",
    "side",
    "amount_fen",
    "red",
    "budget_year",
    "source",
    "purpose_code",
    "encumbrance",
    "item",
)


async def _entries(book: HttpBook) -> None:
    """Every entry, line by line, with its people."""
    ids = book.ids
    shown = (await book.read("/journal-entries", limit=LISTED))["items"]
    same([item["id"] for item in shown], ids.entries)
    for item, entry in zip(shown, book.model.entries, strict=True):
        draft = entry.draft
        same({name: item[name] for name in _HEAD}, _head(entry, ids))
        lines = sorted((_shown_line(line, ids, red=draft.red) for line in draft.lines), key=repr)
        same(sorted((tuple(one[name] for name in _NAMES) for one in item["postings"]), key=repr), lines)


_HEAD = (
    *("kind", "period", "effective_on", "voucher_type", "voucher_number", "red", "undoes", "non_budget"),
    *("prepared_by", "posted_by", "reviewed_by"),
)


def _head(entry: Entry, ids: Ids) -> dict[str, object]:
    draft = entry.draft
    undoes = None if draft.undoes is None else ids.entries[draft.undoes]
    values = (
        *(draft.kind, draft.when.period, draft.when.on, draft.voucher_type, entry.voucher, draft.red, undoes),
        *(draft.non_budget, draft.people.prepared, draft.people.posted, draft.people.reviewed),
    )
    return dict(zip(_HEAD, values, strict=True))


def turnover(book: Book, *, day: str = "9999", seq: int | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    """Debit and credit of every account that moved, by the end of a day and an entry."""
    debit: Counter[tuple[str, str]] = Counter()
    credit: Counter[tuple[str, str]] = Counter()
    for entry in book.entries[:seq]:
        if entry.draft.when.on <= day:
            for line in entry.draft.lines:
                side = debit if line.side == "debit" else credit
                side[line.fund, line.account] += -line.fen if entry.draft.red else line.fen
    return {key: (debit[key], credit[key]) for key in debit.keys() | credit.keys()}


async def _trial_balance(book: HttpBook, query: Json, expected: dict[tuple[str, str], tuple[int, int]]) -> None:
    report = await book.read("/reports/trial-balance", **query)
    shown = {(one["fund"], one["account"]): (one["debit_fen"], one["credit_fen"]) for one in report["items"]}
    same(_moved(shown), _moved(expected), query)
    assert all(one["balance_fen"] == one["debit_fen"] - one["credit_fen"] for one in report["items"])
    assert all(one["debit_fen"] == one["credit_fen"] for one in report["totals"])


async def _past(book: HttpBook, look: Look) -> None:
    """The trial balance of a day as an earlier entry left it, and one account's lines from that day on."""
    model = book.model
    seq = look.seq % (model.seq + 1)
    await _trial_balance(book, {"at_seq": seq, "as_of": look.day}, turnover(model, day=look.day, seq=seq))
    if model.seq:
        line = model.entries[seq - 1].draft.lines[0]
        await _account_ledger(book, line.fund, line.account, look.day)
        await _balance(book, line, {"as_of": look.day, "at_seq": seq})


def _moved(turnover: dict[tuple[str, str], tuple[int, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    return {key: pair for key, pair in turnover.items() if pair != (0, 0)}


async def _balance(book: HttpBook, like: Line, moment: dict[str, object]) -> None:
    """The balance a line moved, and what was reserved, at a moment in the past."""
    asked = {"budget_year": like.year, "source": like.source, "purpose": like.purpose}
    query = {"fund": like.fund, "account": like.account} | {name: value for name, value in asked.items() if value}
    report = await book.read("/reports/balance", **query, **moment)
    counted = [
        (line, line.moved(red=entry.draft.red))
        for entry in book.model.entries[: int(str(moment["at_seq"]))]
        if entry.draft.when.on <= str(moment["as_of"])
        for line in entry.draft.lines
    ]
    expected = sum(
        fen
        for line, fen in counted
        if (line.fund, line.account) == (like.fund, like.account)
        and line.year in {like.year, like.year or line.year}
        and line.source in {like.source, like.source or line.source}
        and line.purpose in {like.purpose, like.purpose or line.purpose}
    )
    same(report["balance_fen"], expected, query)
    shown = await book.read("/balances", limit=LISTED, **moment)
    for fund in shown["funds"]:
        left = sum(one["remaining_fen"] for one in shown["encumbrances"] if one["fund"] == fund["fund"])
        reserved = -sum(fen for line, fen in counted if (line.fund, line.account) == (fund["fund"], "encumbered"))
        same((fund["remaining_fen"], fund["encumbered_fen"], left), (reserved, reserved, reserved), fund["fund"])


async def _account_ledger(book: HttpBook, fund: str, account: str, day: str) -> None:
    """One account's lines from a day on, in the order of dates, with the balance after each."""
    model = book.model
    report = await book.read("/reports/account-ledger", fund=fund, account=account, from_=day, limit=LISTED)
    lines = [
        (entry.draft.when.on, number + 1, line.moved(red=entry.draft.red))
        for number, entry in enumerate(model.entries)
        for line in entry.draft.lines
        if (line.fund, line.account) == (fund, account)
    ]
    balance = sum(fen for on, _, fen in lines if on < day)
    same(report["opening_balance_fen"], balance)
    shown = [(one["effective_on"], one["seq"], one["debit_fen"] - one["credit_fen"]) for one in report["items"]]
    same(sorted(shown), sorted(line for line in lines if line[0] >= day))
    same([one[:2] for one in shown], sorted(one[:2] for one in shown))
    for one in report["items"]:
        balance += one["debit_fen"] - one["credit_fen"]
        same(one["balance_fen"], balance)
    same(report["closing_balance_fen"], balance)


async def _registers(book: HttpBook) -> None:
    """Encumbrances, proposals, rules and months."""
    model, ids = book.model, book.ids
    listed = (await book.read("/encumbrances", limit=LISTED))["items"]
    same([item["id"] for item in listed], ids.encumbrances)
    for item, found in zip(listed, model.encumbrances, strict=True):
        assert_shown(found, item)
    listed = (await book.read("/proposals", limit=LISTED))["items"]
    same([item["id"] for item in listed], ids.proposals)
    for item, wish in zip(listed, model.proposals, strict=True):
        entry = None if wish.entry is None else ids.entries[wish.entry]
        expected = (wish.status, wish.kind, wish.period, wish.people.prepared, wish.people.posted, entry)
        names = ("status", "kind", "period", "prepared_by", "sent_by", "entry")
        same(tuple(item[name] for name in names), expected)
    rules = (await book.read("/approval-rules"))["rules"]
    same(rules, [{"kind": rule.kind, "fund": rule.fund, "from_fen": rule.from_fen} for rule in model.rules])
    months = {item["code"]: item["status"] for item in (await book.read("/periods", limit=LISTED))["items"]}
    expected_months = months_of(model)
    told = {code: status for code, status in months.items() if code in expected_months or status == "closed"}
    same(told, expected_months)


async def _checklist(book: HttpBook) -> None:
    """Whether the next period is ready to be closed."""
    following = next((code for code, status in months_of(book.model).items() if status == "open"), None)
    if following is not None:
        ready = (await book.read(f"/periods/{following}/checklist"))["ready"]
        same(ready, Close(month=following).apply(tried(book.model)) == OK, following)


async def _same_again(book: HttpBook, look: Look) -> None:
    """A request sent again under its key is answered as before, and does nothing; another under its key is refused."""
    kept = [one for one in book.sent if one.status in REMEMBERED and _whole(one.answer)]
    for pick in look.again if kept else ():
        one = kept[pick % len(kept)]
        response = await book.send(one.request, one.key)
        same(response.status_code, one.status, response.text)
        same(_timeless(response.json()), _timeless(one.answer))
        if one.request.path not in _KEYS_OF_THEIR_OWN:
            other = await book.send(Request("/approval-rules", _NEVER_ASKED, "li"), one.key)
            same(other.json()["code"], "idempotency_key_reused", other.text)


def _whole(answer: Json) -> bool:
    """Whether nothing of it was refused: what was refused for its shape or its state before a neighbour may be done another time."""
    return all(one["status"] not in {"refused", "not_attempted"} for one in answer.get("results", []))


def _timeless(answer: Any) -> Any:
    """An answer without what says that it is a repeated one."""
    if not isinstance(answer, dict):
        return answer
    results = answer.get("results")
    if not isinstance(results, list):
        return {name: value for name, value in answer.items() if name not in {"instance", "request_id"}}
    return [_replayed(one) for one in results]


def _replayed(result: Json) -> Json:
    done = {"posted", "approved", "replayed", PROPOSED}
    plain = {name: value for name, value in result.items() if name != "problem"}
    return plain | {"status": "replayed"} if result["status"] in done else {"status": result["status"]}
