"""What the claims service is told by its environment (`CLAIMS_…`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from common.crypto import KeyFileError, KeyRing
from common.settings import ServiceSettings
from common.validation import field_error


def _usable_key_file(path: Path) -> Path:
    """Refuse a key file that could not seal, before anything starts; the fault is named, a key never."""
    try:
        KeyRing.from_file(path)
    except KeyFileError as error:
        raise field_error("key_file", "密钥文件无法使用。", f"{error}.") from None
    return path


class Settings(ServiceSettings):
    """Settings of the claims service and its worker; the common ones are in `common.settings`."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    key_file: Annotated[Path, AfterValidator(_usable_key_file)] = Field(
        description="The key ring that seals personal data (JSON: current, keys, index_key)."
    )
    ledger_url: str = Field(pattern=r"^https?://", description="Address of the ledger, e.g. http://127.0.0.1:8001.")
    ledger_token_file: Path = Field(
        description="File with this service's own token for the ledger; read anew when it changes."
    )
