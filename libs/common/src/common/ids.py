"""Identifiers: UUID version 7, so that new rows sort by the time they were made."""

from uuid import UUID

import uuid_utils.compat


def uuid7() -> UUID:
    """Return a new time-ordered identifier as a standard library UUID."""
    return uuid_utils.compat.uuid7()
