"""Which store keeps the contents, by the settings."""

from __future__ import annotations

from claims.documents.bucket import Bucket, BucketStore
from claims.documents.contents import ContentStore
from claims.documents.folder import FolderStore
from claims.settings import Settings


def content_store(settings: Settings) -> ContentStore:
    """The store the settings name for the contents of documents."""
    if settings.document_bucket_file is not None and settings.document_store == "s3":
        return BucketStore(Bucket.from_file(settings.document_bucket_file))
    return FolderStore(settings.document_folder)
