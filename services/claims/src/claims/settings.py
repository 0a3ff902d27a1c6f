"""What the claims service is told by its environment (`CLAIMS_…`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SealingSettings


class Settings(SealingSettings):
    """Settings of the claims service and its worker; the common ones are in `common.settings`."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    ledger_url: str = Field(pattern=r"^https?://", description="Address of the ledger, e.g. http://127.0.0.1:8001.")
    ledger_token_file: Path = Field(
        description="File with this service's own token for the ledger; read anew when it changes."
    )
