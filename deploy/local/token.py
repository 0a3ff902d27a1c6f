"""`make token`: print one development token and nothing else.

A program of its own, because scripts call it often and it needs nothing of the rest of the runner.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.failures import run_app
from deploy.local.issuer import DEFAULT_BOOK, Issuer, require_development_mode
from deploy.local.state import DEFAULT_FOLDER, State

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def token(
    who: Annotated[str, typer.Option(envvar="WHO", help="the role")] = "",
    book: Annotated[str, typer.Option(envvar="BOOK", help="the book, or * for all")] = DEFAULT_BOOK,
    sub: Annotated[str, typer.Option(envvar="SUB", help="the person; by default <WHO>-1")] = "",
    place: Annotated[str, typer.Option(envvar="PLACE", help="codes of towns or villages, with blanks between")] = "",
    state: Annotated[Path, typer.Option(help="where keys are kept")] = DEFAULT_FOLDER,
) -> None:
    """Print one development token; the signing key is made when it is missing."""
    require_development_mode()
    kept = State(state.absolute())
    kept.open()
    issuer = Issuer(kept.keys)
    with kept.held("keys", wait=True):
        issuer.ensure()
    sys.stdout.write(issuer.token(who, book or DEFAULT_BOOK, sub or None, places=place.split()) + "\n")


if __name__ == "__main__":
    run_app(app)
