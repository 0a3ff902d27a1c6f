"""Settings of the ledger, from the environment (``LEDGER_*``)."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the ledger needs to run. Durations are seconds, sizes are counts of entries."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    fingerprint_key: SecretStr
    """Secret (hex) of the keyed hash that tells whether a repeated idempotency key carries the same request."""

    engine_connections: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections the posting engine may hold: so many books post at the same time."""

    group_size: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    """Most entries written in one transaction, and the size of a bulk call's chunks."""

    queue_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    """Most entries that may wait; beyond it callers get 503 with Retry-After."""

    shutdown_grace: Annotated[float, Field(gt=0, le=600)] = 20.0
    """How long a stop waits for entries already accepted."""
