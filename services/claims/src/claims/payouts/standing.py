"""Moving a claim through its statuses for what happened to its money. The claims room owns the statuses and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.claims import store as claims_store

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.claims.rules import Event
