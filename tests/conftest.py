"""Fixtures every test may use. What they do is in `tests/support`; here they are only named."""

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
