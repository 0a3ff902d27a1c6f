"""Recompute every fund's figures from the JSON Lines export alone, and compare them with what ``GET /funds`` answers.

An auditor's tool: the standard library only, none of the services' code, so that it can be read in one sitting and run anywhere::

    python deploy/audit/recompute_funds.py journal.jsonl 2021 funds.json

prints one line a fund, then the differences, and exits 1 if there is one. ``funds.json`` is the answer of ``GET /funds?fiscal_year=2021``.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

CONTROL_ACCOUNTS = {"allotted": "debit", "available": "credit", "encumbered": "credit", "expended": "credit"}
CASH_ACCOUNT = "1002"
FIGURES = ("allotted_fen", "encumbered_fen", "expended_fen", "available_fen", "cash_fen")


def own_figures(lines: Iterable[str], fiscal_year: int) -> dict[str, dict[str, int]]:
    """Each fund's own figures in fen: control accounts of the year, cash over all years."""
    figures: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for line in lines:
        for posting in json.loads(line)["postings"]:
            account, own = posting["account"], figures[posting["fund"]]
            signed = -posting["amount_fen"] if posting["red"] else posting["amount_fen"]
            if account == CASH_ACCOUNT:
                own["cash_fen"] += signed if posting["side"] == "debit" else -signed
            elif account in CONTROL_ACCOUNTS and posting["budget_year"] == fiscal_year:
                own[f"{account}_fen"] += signed if posting["side"] == CONTROL_ACCOUNTS[account] else -signed
    return figures


def with_descendants(own: dict[str, dict[str, int]], parents: dict[str, str | None]) -> dict[str, dict[str, int]]:
    """What each fund shows: its own figures plus those of every fund below it. `parents` names each fund's parent."""
    shown = {code: dict.fromkeys(FIGURES, 0) for code in parents}
    for code, figures in own.items():
        above: str | None = code if code in parents else None
        while above is not None:
            for figure in FIGURES:
                shown[above][figure] += figures[figure]
            above = parents[above]
    return shown


def differences(shown: list[dict[str, object]], recomputed: dict[str, dict[str, int]]) -> list[str]:
    """One sentence for every figure that is not what the export gives."""
    found = []
    for item in shown:
        code = str(item["code"])
        found += [
            f"{code}.{figure}: the service shows {item[figure]}, the export gives {recomputed[code][figure]}"
            for figure in FIGURES
            if item[figure] != recomputed[code][figure]
        ]
    return found


def main(journal_path: str, fiscal_year: str, funds_path: str) -> int:
    """Print the recomputed figures and the differences; 0 if there are none."""
    with Path(funds_path).open(encoding="utf-8") as funds_file:
        shown = json.load(funds_file)["items"]
    with Path(journal_path).open(encoding="utf-8") as journal:
        own = own_figures(journal, int(fiscal_year))
    recomputed = with_descendants(own, {item["code"]: item["parent"] for item in shown})
    missing = sorted(set(own) - set(recomputed))
    for code, figures in recomputed.items():
        print(code, *(f"{name}={figures[name]}" for name in FIGURES))
    found = differences(shown, recomputed) + [f"{code}: in the export, not shown by the service" for code in missing]
    for sentence in found:
        print("DIFFERENCE", sentence)
    print(f"{len(recomputed)} funds, {len(found)} differences")
    return 1 if found or not recomputed else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case [journal_path, fiscal_year, funds_path]:
            sys.exit(main(journal_path, fiscal_year, funds_path))
        case _:
            sys.exit("usage: recompute_funds.py JOURNAL.jsonl FISCAL_YEAR FUNDS.json")
