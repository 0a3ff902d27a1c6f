"""What a use case of the claims service works with: settings, database, cipher, contents. Built once at start, kept on the app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.documents.contents import ContentStore
from claims.documents.stores import content_store
from claims.households.personal import PersonalData
from claims.settings import Settings
from common.crypto import FieldCipher
from common.database import create_engine


@dataclass(frozen=True, slots=True)
class Context:
    """The running service's resources."""

    settings: Settings
    engine: AsyncEngine
    cipher: FieldCipher
    contents: ContentStore

    def personal(self, book: str) -> PersonalData:
        """What seals and opens the personal fields of a book."""
        return PersonalData(self.cipher, book)


def build_context(settings: Settings, *, application_name: str) -> Context:
    """The resources of a process of the claims service, the worker included. Raises KeyFileError for a key file that will not do."""
    engine = create_engine(settings.database_url, application_name=application_name, pool_size=settings.pool_size)
    return Context(settings, engine, FieldCipher(settings.ring()), content_store(settings))


async def context_of(request: Request) -> Context:
    """The context of the app that serves this request."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(context_of)]
"""A route's parameter that receives the service's resources."""
