"""Load the demo book where it is not there: ``python -m deploy.demo --ledger URL --claims URL --keys FOLDER``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploy.demo.api import Api, DemoLoadError
from deploy.demo.load_claims import load_claims, pay_claims
from deploy.demo.load_funds import load_funds
from deploy.demo.load_list import load_list
from deploy.demo.load_register import load_register, load_villages
from deploy.demo.load_stories import load_stories_of
from deploy.demo.plan import Figures, load_figures, plan_households, plan_listed
from deploy.local.issuer import Issuer

WHAT_IT_IS = "Ningshan's counts of 2021; every person, number and single amount in it is invented"


async def load(api: Api, figures: Figures) -> None:
    """Load what is not there; a load that was cut off is taken up where it stopped, because every call carries its place as key."""
    if await api.exists() and _is_whole(await api.get("claims", "/reports/summary", "county"), figures):
        print(f"the demo book is there: {WHAT_IT_IS}", flush=True)
        return
    started, seed = time.monotonic(), figures.seed
    print(f"loading the demo book: {WHAT_IT_IS}", flush=True)
    print("demo book: the seven funds, their sub-funds and the year's money", flush=True)
    await load_funds(api, figures)
    print(
        f"demo book: {seed.monitored_households} households and {seed.leads} leads with their steps (the longest part)",
        flush=True,
    )
    villages = load_villages()
    households = plan_households(figures, villages)
    stored = await load_register(api, figures, households)
    print("demo book: a list of households that nobody monitors, imported as a file", flush=True)
    await load_list(api, plan_listed(villages))
    print(f"demo book: {seed.households_paid} claims from report to approval", flush=True)
    paid = await load_claims(api, figures, households, stored)
    print("demo book: claims that are refused, taken back, disputed, appealed or waiting", flush=True)
    await load_stories_of(api, figures, households, stored)
    # Paid last: the amount paid is what tells a whole book from one whose load was cut off.
    await pay_claims(api, paid)
    summary = await api.get("claims", "/reports/summary", "county")
    if not _is_whole(summary, figures):
        message = f"the loaded book does not show the programme's figures: {summary}"
        raise DemoLoadError(message)
    print(f"the demo book is loaded ({time.monotonic() - started:.0f} s)", flush=True)


def _is_whole(summary: Mapping[str, object], figures: Figures) -> bool:
    """Whether the book shows at least the programme's figures; it may have grown since."""
    seed = figures.seed
    wanted = {
        "leads": seed.leads,
        "monitored_households": seed.monitored_households,
        "monitored_people": seed.monitored_people,
        "households_paid": seed.households_paid,
        "amount_paid_fen": seed.amount_paid_fen,
    }
    return all(isinstance(found := summary[name], int) and found >= least for name, least in wanted.items())


def main(
    ledger: Annotated[str, typer.Option()],
    claims: Annotated[str, typer.Option()],
    keys: Annotated[Path, typer.Option()],
) -> None:
    """Load the demo book through the services at these addresses, signing in with the development issuer whose key lies in this folder."""
    figures = load_figures()
    issuer = Issuer(keys)

    async def run() -> None:
        def token(role: str, person: str) -> str:
            return issuer.token(role, book=figures.book.code, sub=person)

        async with Api(ledger, claims, figures.book.code, token) as api:
            await load(api, figures)

    try:
        asyncio.run(run())
    except DemoLoadError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(main)
