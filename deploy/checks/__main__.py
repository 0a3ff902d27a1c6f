"""`python -m deploy.checks lock door migrations openapi [--write]`: each check is one line, or what is wrong."""

import sys
from typing import Annotated, Final

import typer

from deploy.checks import door, lock, migrations, openapi
from deploy.local.failures import RunnerError, run_app

FAILED: Final = 1
CHECKS: Final = ("lock", "door", "migrations", "openapi")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def check(
    names: Annotated[list[str], typer.Argument(help="lock, door, migrations, openapi")],
    *,
    write: Annotated[bool, typer.Option(help="openapi: write the documents instead of comparing")] = False,
) -> None:
    """Run the checks named; exit code 1 when one finds something."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise RunnerError(f"unknown check {unknown[0]}; choose of: {', '.join(CHECKS)}")
    found = 0
    for name in names:
        match name:
            case "lock":
                faults = lock.faults()
            case "door":
                faults = door.faults()
            case "migrations":
                faults = migrations.faults()
            case _:
                faults = openapi.faults(write=write)
        sys.stdout.write(f"check: {name}{': ' + str(len(faults)) + ' found' if faults else ''}\n")
        for fault in faults:
            sys.stdout.write(f"  {fault}\n")
        found += len(faults)
    if found:
        sys.exit(FAILED)


if __name__ == "__main__":
    run_app(app)
