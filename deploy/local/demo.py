"""Loading the demo book through the services' own APIs, as a process of its own."""

import importlib.util
import sys
from typing import Final

from deploy.local.child import Child
from deploy.local.failures import RunnerError
from deploy.local.services import process_environment
from deploy.local.state import State
from deploy.local.supervisor import Supervisor

LOADER: Final = "deploy.demo.__main__"


def is_there() -> bool:
    """Tell whether this checkout has a demo loader."""
    return importlib.util.find_spec(LOADER) is not None


def load_demo(supervisor: Supervisor, state: State, ledger_url: str, claims_url: str) -> None:
    """Load the demo book if it is not there; the loader knows, and says what it does."""
    if not is_there():
        return
    loader = Child(
        name="demo",
        command=[
            sys.executable, "-m", "deploy.demo",
            "--ledger", ledger_url, "--claims", claims_url, "--keys", str(state.keys),
        ],
        log=state.logs / "demo.log",
        environment=process_environment({}),
    )  # fmt: skip
    code = supervisor.run_to_end(loader)
    if code != 0:
        last = (loader.log_tail(1) or "it said nothing").strip()
        message = f"the demo was not loaded: {last} (log: {loader.log})"
        raise RunnerError(message)
