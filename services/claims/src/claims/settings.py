"""What the claims service is told by its environment (`CLAIMS_…`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import KeyFile, ServiceSettings


class Settings(ServiceSettings):
    """Settings of the claims service and its worker; the common ones are in `common.settings`."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    key_file: KeyFile = Field(description="The key ring that seals personal data (JSON: current, keys, index_key).")
    ledger_url: str = Field(pattern=r"^https?://", description="Address of the ledger, e.g. http://127.0.0.1:8001.")
    ledger_token_file: Path = Field(
        description="File with this service's own token for the ledger; read anew when it changes."
    )
    document_folder: Path = Field(
        description="Where the contents of documents lie sealed; of an S3-compatible store, where they are spooled."
    )
    document_bytes: int = Field(default=20 * 2**20, ge=1024, le=2**30, description="Largest document, in bytes.")
    documents_per_claim: int = Field(default=60, ge=1, le=1000, description="Most documents of one claim.")
