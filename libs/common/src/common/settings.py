"""Settings from environment variables, refused in one clear line when they are missing or wrong.

A service derives its own class with its prefix (``LEDGER_``, ``CLAIMS_``) and loads it once at start. Values never
appear in the message: a database address may carry a password.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, SecretBytes, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.crypto import KeyFileError, KeyRing
from common.validation import field_error, problem_from

SettingsType = TypeVar("SettingsType", bound=BaseSettings)
_KEY_BYTES = 32


def _key_from_hex(value: SecretStr) -> SecretBytes:
    try:
        key = bytes.fromhex(value.get_secret_value())
    except ValueError:
        raise field_error("not_hexadecimal", "须为十六进制。", "must be hexadecimal") from None
    if len(key) < _KEY_BYTES:
        raise field_error(
            "too_short", "至少 32 字节。", f"must have at least {_KEY_BYTES} bytes (64 hexadecimal digits)"
        )
    return SecretBytes(key)


def _postgres_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+asyncpg"} or not rest:
        raise field_error("not_a_url", "须为 postgresql:// 地址。", "must be an address that starts with postgresql://")
    return value


def _usable_key_file(path: Path) -> Path:
    """Refuse a key file that could not seal, before anything starts; the fault is named, a key never."""
    try:
        KeyRing.from_file(path)
    except KeyFileError as error:
        raise field_error("key_file", "密钥文件无法使用。", f"{error}.") from None
    return path


def _usable_key_ring(text: SecretStr) -> SecretStr:
    try:
        KeyRing.from_text(text.get_secret_value(), "the key ring")
    except KeyFileError as error:
        raise field_error("key_ring", "密钥环无法使用。", f"{error}.") from None
    return text


DatabaseUrl = Annotated[str, AfterValidator(_postgres_url)]
"""An address ``postgresql://user:password@host:port/database``."""

HexKey = Annotated[SecretStr, AfterValidator(_key_from_hex)]
"""A secret key as hexadecimal text, at least 32 bytes; read it with ``key_bytes``."""


KeyFile = Annotated[Path, AfterValidator(_usable_key_file)]
"""The file of a `common.crypto.KeyRing`."""

KeyRingText = Annotated[SecretStr, AfterValidator(_usable_key_ring)]
"""A `common.crypto.KeyRing` itself, as JSON text in one variable."""


class ServiceSettings(BaseSettings):
    """What both services are told. A service adds its own and sets ``env_prefix``."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: DatabaseUrl = Field(description="The service's own restricted role.")
    owner_database_url: DatabaseUrl | None = Field(default=None, description="The owner; only migrations use it.")
    jwks: str = Field(min_length=1, description="Path or http(s) address of the issuer's JSON Web Key Set.")
    issuer: str = Field(min_length=1, description="The `iss` every token must carry.")
    audience: str = Field(default="fangpin", min_length=1, description="The `aud` every token must carry.")
    fingerprint_key: HexKey = Field(description="Keys the fingerprints of requests, hexadecimal.")
    pool_size: int = Field(default=8, ge=1, le=200, description="Database connections of one process.")
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class SealingSettings(ServiceSettings):
    """What a service is told that seals personal data: its key ring, in a file or in a variable of its own."""

    key_file: KeyFile | None = Field(
        default=None, description="The file of the key ring that seals personal data (JSON: current, keys, index_key)."
    )
    key_ring: KeyRingText | None = Field(
        default=None, validate_default=True, description="The key ring itself, instead of a file."
    )

    @field_validator("key_ring")
    @classmethod
    def _one_ring(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A key file that was given and refused has said so itself.
        if (value is None) == (info.data.get("key_file") is None) and "key_file" in info.data:
            raise field_error(
                "one_key_ring",
                "须设置 KEY_FILE 或 KEY_RING 之一。",
                "exactly one of KEY_FILE and KEY_RING is required.",
            )
        return value

    def ring(self) -> KeyRing:
        """The key ring. Raises KeyFileError if the file changed since the settings were read and will not do any more."""
        if self.key_ring is not None:
            return KeyRing.from_text(self.key_ring.get_secret_value(), "the key ring")
        if self.key_file is None:
            raise AssertionError("unreachable: one of the two was required")
        return KeyRing.from_file(self.key_file)


def key_bytes(key: SecretStr | SecretBytes) -> bytes:
    """Return the bytes of a `HexKey` setting."""
    value = key.get_secret_value()
    return value if isinstance(value, bytes) else bytes.fromhex(value)


def load_settings(settings_class: type[SettingsType]) -> SettingsType:
    """Read the settings from the environment, or end the process with one line per fault on stderr and status 2."""
    try:
        return settings_class()
    except ValidationError as error:
        for line in describe_faults(settings_class, error):
            sys.stderr.write(line + "\n")
        raise SystemExit(2) from None


def describe_faults(settings_class: type[BaseSettings], error: ValidationError) -> list[str]:
    """Return a line per variable that says what is wrong with it: ``LEDGER_ISSUER: This is required``."""
    prefix = str(settings_class.model_config.get("env_prefix", ""))
    return [f"{prefix}{fault.field}".upper() + f": {fault.en}" for fault in problem_from(error).errors]
