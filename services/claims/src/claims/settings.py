"""What the claims service is told by its environment (`CLAIMS_…`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_settings import SettingsConfigDict

from claims.documents.bucket import Bucket, BucketFileError
from common.settings import SealingSettings
from common.validation import field_error


def _usable_bucket_file(path: Path | None, info: ValidationInfo) -> Path | None:
    """Refuse a bucket file that could not connect, before anything starts; the fault is named, a key never."""
    if info.data.get("document_store") == "s3":
        if path is None:
            raise field_error("required", "存储为 s3 时必填。", "is required where the document store is s3")
        try:
            Bucket.from_file(path)
        except BucketFileError as error:
            raise field_error("bucket_file", "存储桶文件无法使用。", f"{error}.") from None
    return path


BucketFile = Annotated[Path | None, AfterValidator(_usable_bucket_file)]
"""The file of a `claims.documents.bucket.Bucket`; None where contents lie in a folder."""


class Settings(SealingSettings):
    """Settings of the claims service and its worker; the common ones are in `common.settings`."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    ledger_url: str = Field(pattern=r"^https?://", description="Address of the ledger, e.g. http://127.0.0.1:8001.")
    ledger_token_file: Path = Field(
        description="File with this service's own token for the ledger; read anew when it changes."
    )
    document_store: Literal["folder", "s3"] = Field(default="folder", description="Where contents of documents lie.")
    document_bucket_file: BucketFile = Field(
        default=None,
        validate_default=True,
        description="Of the store `s3`: JSON with endpoint, bucket, region, access_key_id, secret_access_key.",
    )
    document_folder: Path = Field(
        description="Where the contents of documents lie sealed; of an S3-compatible store, where they are spooled."
    )
    export_folder: Path | None = Field(
        default=None,
        description="Where files people take away are while they are written, in clear; by default `exports` in the document folder.",
    )
    document_bytes: int = Field(default=20 * 2**20, ge=1024, le=2**30, description="Largest document, in bytes.")
    documents_per_claim: int = Field(default=60, ge=1, le=1000, description="Most documents of one claim.")
