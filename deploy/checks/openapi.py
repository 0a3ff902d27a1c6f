"""OpenAPI drift: docs/openapi/{ledger,claims}.json say what the apps say."""

import json
import os
import secrets
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

from deploy.local.databases import SERVICES, addresses, role_names
from deploy.local.environment import constructor_arguments, service_settings
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys
from deploy.local.state import CHECKOUT

FOLDER: Final = CHECKOUT / "docs" / "openapi"
NOWHERE: Final = "http://127.0.0.1:9"


def faults(*, write: bool) -> list[str]:
    """Compare each document with its app, or write it anew."""
    found: list[str] = []
    for service in SERVICES:
        said = document(service)
        path = FOLDER / f"{service}.json"
        if write:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(said, encoding="utf-8")
        elif not path.exists():
            found.append(f"{path.relative_to(CHECKOUT)} is missing: run `make openapi`")
        elif path.read_text(encoding="utf-8") != said:
            found.append(f"{path.relative_to(CHECKOUT)} differs from the app: run `make openapi`")
    return found


def document(service: str) -> str:
    """Answer the app's OpenAPI document; nothing is started and no database is reached."""
    with tempfile.TemporaryDirectory(prefix="fangpin-openapi-") as folder:
        issuer, keys = Issuer(Path(folder)), ServiceKeys(Path(folder))
        issuer.ensure()
        keys.ensure(issuer)
        passwords = {role: secrets.token_hex(8) for role in role_names()}
        database = addresses(9, service, service, passwords)
        arguments = constructor_arguments(service_settings(database, issuer, keys, NOWHERE))
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(f"{service.upper()}_")}
        try:
            app = import_module(f"{service}.app").create(import_module(f"{service}.settings").Settings(**arguments))
        finally:
            os.environ.update(hidden)
        return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
