"""Fixtures every test may use. What they do is in `tests/support`; here they are only named.

What tests draw by chance is the same in every run, so that a run says the same of the same code; `make test SEED=7` draws other examples.
"""

import os

from hypothesis import settings

from tests.support.fixtures import (
    anyio_backend,
    claims_client,
    claims_database,
    claims_settings,
    clients,
    issuer,
    ledger_client,
    ledger_database,
    ledger_settings,
    postgres,
    seed,
    service_keys,
    stack,
    templates,
)
from tests.support.network import loopback_only

__all__ = [
    "anyio_backend",
    "claims_client",
    "claims_database",
    "claims_settings",
    "clients",
    "issuer",
    "ledger_client",
    "ledger_database",
    "ledger_settings",
    "loopback_only",
    "postgres",
    "seed",
    "service_keys",
    "stack",
    "templates",
]

settings.register_profile("same_draws", derandomize=True, database=None)
if not os.environ.get("SEED"):
    settings.load_profile("same_draws")
