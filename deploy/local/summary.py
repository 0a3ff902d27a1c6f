"""What `make run` prints when everything is up: addresses, tokens, and the figures the services answer.

No figure comes from anywhere but an answer of the services.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table

from deploy.local.issuer import DEFAULT_BOOK, Issuer, titles

TIMEOUT_SECONDS: Final = 30.0
FEN_PER_YUAN: Final = 100
WIDTH: Final = 140


def show_summary(issuer: Issuer, ledger_url: str, claims_url: str) -> None:
    """Print addresses, one token a role, the funds and the claims summary."""
    # Into a pipe or a narrow window figures are wrapped by the terminal, never cut.
    console = Console(highlight=False, soft_wrap=True, width=max(WIDTH, Console().width))
    console.print(f"\nledger  {ledger_url}  (documentation {ledger_url}/docs)")
    console.print(f"claims  {claims_url}  (documentation {claims_url}/docs)")
    console.print(
        f"\nSign-in tokens for book {DEFAULT_BOOK}, one a role (another: make -s token WHO=officer SUB=li-2)\n"
    )
    for who, title in titles().items():
        console.print(f"{who}: {title}\n{issuer.token(who)}\n", markup=False)
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        auditor = {"Authorization": f"Bearer {issuer.token('auditor', sub='runner-summary')}", "Accept-Language": "en"}
        funds = client.get(f"{ledger_url}/v1/books/{DEFAULT_BOOK}/funds", params={"limit": 1000}, headers=auditor)
        claims = client.get(f"{claims_url}/v1/books/{DEFAULT_BOOK}/reports/summary", headers=auditor)
    console.print(funds_table(funds) if funds.is_success else f"funds: {refusal(funds)}")
    console.print(claims_table(claims) if claims.is_success else f"claims: {refusal(claims)}")


def refusal(answer: httpx.Response) -> str:
    """What a service said instead of an answer, in one line."""
    if answer.status_code == httpx.codes.NOT_FOUND:
        return f"no book {DEFAULT_BOOK} yet"
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    title = problem.get("title") if isinstance(problem, Mapping) else None
    return f"answered {answer.status_code} {title or ''}".rstrip()


def yuan(fen: object) -> str:
    """Write fen as yuan with two digits; anything that is no amount as it is."""
    if not isinstance(fen, int):
        return str(fen)
    whole, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"


def funds_table(answer: httpx.Response) -> Table:
    """The top funds; sub-funds are counted below their parent."""
    items: Sequence[Mapping[str, object]] = answer.json()["items"]
    table = Table(title="Funds (yuan, latest year with an allotment)", title_justify="left")
    columns = ("allotted_fen", "encumbered_fen", "expended_fen", "available_fen", "cash_fen")
    table.add_column("fund")
    table.add_column("sub-funds", justify="right")
    for column in columns:
        table.add_column(column.removesuffix("_fen"), justify="right")
    for item in (item for item in items if item["parent"] is None):
        code = str(item["code"])
        below = sum(1 for other in items if str(other["code"]).startswith(f"{code}."))
        figures = [yuan(item[column]) for column in columns]
        table.add_row(f"{code} {item['name_zh']}", str(below or ""), *figures)
    return table


def claims_table(answer: httpx.Response) -> Table:
    """The claims summary as it was answered; nested counts become rows of their own."""
    table = Table(title="Claims", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    for name, value in flat(answer.json()):
        is_money = name.endswith("_fen")
        table.add_row(name.removesuffix("_fen").replace("_", " "), yuan(value) if is_money else str(value))
    return table


def flat(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Flatten nested objects to (name, figure) pairs."""
    rows: list[tuple[str, object]] = []
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            rows += flat(inner, f"{prefix}{name}: ")
        else:
            rows.append((f"{prefix}{name}", inner))
    return rows
