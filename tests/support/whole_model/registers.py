"""Holds the registers beside the entries against the model: open items and gifts, purposes and versions, what stands open in one snapshot,
a year's end and what became of its budget.
"""

from __future__ import annotations

from collections import Counter

from tests.support.whole_model.book import Book, Item, Key
from tests.support.whole_model.driver import HttpBook
from tests.support.whole_model.operation import Ids, Json, same

LISTED = 1000
YEAR = 2021
GIFTS = ("restricted_gift", "free_gift", "named_gift")


async def registers_equal(book: HttpBook) -> None:
    """What stands open is what the model says: items, and encumbrances beside the balances that hold them."""
    await _items(book)
    await _snapshot(book)


async def reports_equal(book: HttpBook, day: str) -> None:
    """Decisions, the budget as it stood on a day, and the turn of the year are what the model says."""
    await _decisions(book)
    await _budget_at(book, day)
    await _turn_of_the_year(book)


async def _items(book: HttpBook) -> None:
    model, ids = book.model, book.ids
    shown = (await book.read("/open-items", limit=LISTED))["items"]
    same([one["id"] for one in shown], ids.items)
    for one, item in zip(shown, model.items, strict=True):
        expected = _item(item, ids)
        same({name: one[name] for name in expected}, expected)
        sources = {
            (part["source"] or "", part["opened_fen"], part["settled_fen"], part["remaining_fen"])
            for part in one["sources"]
        }
        moved = {source for source in item.opened | item.settled if item.opened[source] or item.settled[source]}
        same(sources, {(name, item.opened[name], item.settled[name], item.remaining(name)) for name in moved}, one)
    if any(item.kind in GIFTS for item in model.items):
        gifts = (await book.read("/donations", limit=LISTED))["items"]
        told = [(one["id"], one["amount_fen"], one["unspent_fen"]) for one in gifts]
        same(
            told,
            [
                (ids.items[n], i.opened.total(), _unspent(model, n))
                for n, i in enumerate(model.items)
                if i.kind in GIFTS
            ],
        )


def _item(item: Item, ids: Ids) -> Json:
    return {
        "kind": item.kind,
        "fund": item.fund,
        "account": item.account,
        "side": item.side,
        "status": "open" if item.remaining_total else "settled",
        "encumbrance": None if item.encumbrance is None else ids.encumbrances[item.encumbrance],
        "purpose_code": item.purpose or None,
        "opened_on": item.on,
        "opened_fen": item.opened.total(),
        "settled_fen": item.settled.total(),
        "remaining_fen": item.remaining_total,
    }


def _unspent(model: Book, number: int) -> int:
    """What is left of a gift; of free ones the fund's donations are spent first in, first out."""
    gift = model.items[number]
    if gift.kind != "free_gift":
        return gift.remaining_total
    later = sum(
        one.opened.total() for one in model.items[number + 1 :] if (one.kind, one.fund) == ("free_gift", gift.fund)
    )
    return max(0, min(gift.opened.total(), model.balance(gift.fund, "1002", 0, "donation") - later))


async def _snapshot(book: HttpBook) -> None:
    model = book.model
    shown = await book.read("/balances")
    same(shown["as_of_seq"], model.seq)
    open_ones = [n for n, one in enumerate(model.encumbrances) if one.remaining]
    same([one["id"] for one in shown["encumbrances"]], [book.ids.encumbrances[n] for n in open_ones])
    for one in shown["funds"]:
        own = [model.encumbrances[n].remaining for n in open_ones if model.encumbrances[n].fund == one["fund"]]
        expected = (-model.total(one["fund"], "available"), sum(own), sum(own), len(own))
        names = ("available_fen", "encumbered_fen", "remaining_fen", "open_encumbrances")
        same(tuple(one[name] for name in names), expected, one["fund"])


async def _decisions(book: HttpBook) -> None:
    model = book.model
    purposes = {
        (one["fund"], one["code"]): (frozenset(one["kinds"]), frozenset(one["sources"]))
        for one in (await book.read("/purposes"))["items"]
    }
    same(purposes, model.purposes)
    versions = [
        (
            one["fiscal_year"],
            one["version"],
            one["kind"],
            tuple((line["fund"], line["purpose_code"] or "", line["change_fen"]) for line in one["lines"]),
        )
        for one in (await book.read("/budget-versions", limit=LISTED))["items"]
    ]
    same(versions, [one[:4] for one in sorted(model.decided)])
    rules = (await book.read("/carry-forward-rules"))["rules"]
    same([(one["fund"], one["available"], one["encumbered"]) for one in rules], list(model.carry_rules))


async def _budget_at(book: HttpBook, day: str) -> None:
    """Budget against actual, fund by fund and purpose by purpose, at the end of a day."""
    model = book.model
    stood: Counter[tuple[str, str, str]] = Counter()
    for entry in model.entries:
        if entry.draft.when.on <= day:
            for line in entry.draft.lines:
                if line.year == YEAR:
                    stood[line.fund, line.purpose, line.account] += line.moved(red=entry.draft.red)
    decided: Counter[tuple[str, str, str]] = Counter()
    for year, _, kind, changes, on in model.decided:
        if year == YEAR and on <= day:
            for fund, purpose, fen in changes:
                decided[fund, purpose, kind] += fen
    shown = (await book.read("/reports/budget-vs-actual", fiscal_year=YEAR, as_of=day))["items"]
    same({(one["fund"], one["purpose_code"] or "") for one in shown}, {(fund, purpose) for fund, purpose, _ in stood})
    for one in shown:
        key = (one["fund"], one["purpose_code"] or "")
        names = ("original", "amended", "moved")
        expected = {f"{name}_fen": decided[*key, name] for name in names}
        expected |= {"budget_fen": stood[*key, "allotted"], "available_fen": -stood[*key, "available"]}
        expected |= {"encumbered_fen": -stood[*key, "encumbered"], "expended_fen": -stood[*key, "expended"]}
        same({name: one[name] for name in expected}, expected, key)


async def _turn_of_the_year(book: HttpBook) -> None:
    """Every balance as the year left it, which the next year finds; and what became of its encumbrances."""
    model, ids = book.model, book.ids
    left: Counter[Key] = Counter()
    over: list[tuple[str, str, int]] = []
    for entry in model.entries:
        draft = entry.draft
        for line in draft.lines if draft.when.year <= YEAR else ():
            left[line.key] += line.moved(red=draft.red)
        for line in draft.lines if draft.when.period == f"{YEAR}-13" else ():
            outcome = {"encumbrance_lapse": "lapsed", "carry_forward": "carried"}.get(draft.kind)
            if outcome and (line.account, line.side) == ("encumbered", "debit") and line.encumbrance is not None:
                over.append((ids.encumbrances[line.encumbrance], outcome, line.fen))
    report = await book.read("/reports/year-end", fiscal_year=YEAR)
    assert report["equal"]
    shown = {
        (one["fund"], one["account"], one["budget_year"] or 0, one["source"] or "", one["purpose_code"] or ""): one[
            "closing_fen"
        ]
        for one in report["items"]
    }
    same(shown, {key: fen for key, fen in left.items() if fen})
    carried = await book.read("/reports/carry-forward", fiscal_year=YEAR, limit=LISTED)
    same([(one["encumbrance"], one["outcome"], one["amount_fen"]) for one in carried["items"]], over)
    standing = [one.remaining for one in model.encumbrances if one.year == YEAR and one.remaining]
    same((carried["still_standing"], carried["still_standing_fen"]), (len(standing), sum(standing)))
