"""Settings of the ledger, from the environment (``LEDGER_*``)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SealingSettings


class Settings(SealingSettings):
    """What the ledger needs to run, beyond what every service needs. Durations are seconds, sizes are counts of entries."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    extra_operations: Path | None = Field(
        default=None, description="Folder with a county's own operations (*.yaml), beside the shipped ones."
    )
    engine_connections: int = Field(
        default=4, ge=1, le=64, description="Connections of the posting engine: so many books post at the same time."
    )
    group_size: int = Field(
        default=1_000,
        ge=1,
        le=10_000,
        description="Most entries of one transaction; a bulk call's chunks have this size.",
    )
    queue_limit: int = Field(
        default=20_000, ge=1, le=1_000_000, description="Most entries that may wait; beyond it callers get 503."
    )
    shutdown_grace: float = Field(
        default=8.0, gt=0, le=600, description="How long a stop waits for entries already accepted."
    )
    reconnect_pause: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="Longest pause before entries are tried again after a lost connection to the database; then callers get 503.",
    )
