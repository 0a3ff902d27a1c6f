"""The only client of the ledger.

Owns: how a call is made (address, own token, timeouts) and how an answer is understood. An answer is exactly one of

- `Done`: the ledger has booked it, under this key, now or at an earlier try;
- `Refused`: a rule of the ledger said no; final for this key;
- `Unknown`: anything from which the outcome cannot be told: a timeout, a lost connection, 401, 429, 5xx, an answer that is not the
  ledger's. The same key must be sent again. A 202 belongs here: the ledger keeps the wish as a proposal, and a second person may yet
  do it or refuse it. Our calls name who prepared and who reviewed, so the ledger has no reason to ask for one.

It opens no database transaction and must never be called inside one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import Field, ValidationError

from claims.payouts.ledger_figures import Encumbrance, JournalEntry, LedgerFigure, Month, OpenItem
from common.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from types import TracebackType

    from claims.payouts.ledger_calls import Call

log = get_logger(__name__)

REFUSAL_STATUSES = frozenset({403, 404, 409, 422})
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Done:
    """The ledger's receipt. `ledger_id` is the encumbrance's or the liquidation's id; `entry_hash` is hexadecimal."""

    ledger_id: UUID
    entry_id: UUID
    entry_seq: int
    voucher_number: int
    entry_hash: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule of the ledger said no: its stable code and its words."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome is not known; `why` is for the log."""

    why: str


Outcome = Done | Refused | Unknown


class LedgerUnavailableError(RuntimeError):
    """A question to the ledger could not be answered now."""


class UnknownInLedgerError(RuntimeError):
    """The ledger answered that it has no such thing."""


class _Entry(LedgerFigure):
    id: UUID
    seq: Annotated[int, Field(strict=True, ge=1)]
    voucher_number: Annotated[int, Field(strict=True, ge=1)]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Booked(LedgerFigure):
    id: UUID
    entry: _Entry


class _Problem(LedgerFigure):
    code: Annotated[str, Field(min_length=1, max_length=100)]
    detail: str = ""
    title: str = ""


class _Months(LedgerFigure):
    items: list[Month]
    next_cursor: str | None = None


class _Encumbrances(LedgerFigure):
    items: list[Encumbrance]
    next_cursor: str | None


class _Entries(LedgerFigure):
    items: list[JournalEntry]
    next_cursor: str | None


Page = TypeVar("Page", _Months, _Encumbrances, _Entries, OpenItem, JournalEntry, Encumbrance)


class TokenFile:
    """The service's own bearer token, read again whenever the file changes (it is short-lived and renewed from outside)."""

    def __init__(self, path: Path) -> None:
        """Remember where the token is; it is read at the first call."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def read(self) -> str:
        """The present token. Raises `OSError` where the file cannot be read."""
        facts = self._path.stat()
        seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        if seen != self._seen:
            self._token = self._path.read_text(encoding="ascii").strip()
            self._seen = seen
        return self._token


class LedgerClient:
    """Calls the ledger with the claims service's own token. Use as an async context manager; safe for concurrent calls."""

    def __init__(
        self,
        base_url: str,
        token_file: Path,
        *,
        timeout_seconds: float = 20,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare the client; `timeout_seconds` bounds one whole call, `transport` replaces the network in tests."""
        self._tokens = TokenFile(token_file)
        self._timeout = timeout_seconds
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=min(3.0, timeout_seconds)),
            transport=transport,
            # Shorter than a server keeps an idle connection, so that none is used in the moment it is closed.
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2),
            trust_env=False,
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call) -> Outcome:
        """Make the call and say how it ended. Never raises for anything the ledger or the network does."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._http.post(
                    f"/v1/books/{call.book}{call.path}",
                    json=dict(call.body),
                    headers=self._headers() | {"Idempotency-Key": call.key},
                )
        except (httpx.HTTPError, TimeoutError, OSError, UnicodeError) as error:
            return Unknown(f"{type(error).__name__}: {error}"[:500])
        return understand(answer)

    async def months(self, book: str) -> list[Month]:
        """Every month of the book, oldest first. Raises `LedgerUnavailableError`."""
        months: list[Month] = []
        cursor: str | None = None
        while True:
            page = await self._get(book, "/periods", _Months, _page(cursor))
            months += page.items
            cursor = page.next_cursor
            if cursor is None:
                return sorted(months, key=lambda month: month.code)

    async def encumbrances(self, book: str, fund: str) -> AsyncIterator[Encumbrance]:
        """Every encumbrance of the fund, whatever its status, page by page. Raises `LedgerUnavailableError`."""
        cursor: str | None = None
        while True:
            page = await self._get(book, "/encumbrances", _Encumbrances, _page(cursor) | {"fund": fund})
            for encumbrance in page.items:
                yield encumbrance
            cursor = page.next_cursor
            if cursor is None:
                return

    async def encumbrance(self, book: str, encumbrance_id: UUID) -> Encumbrance:
        """One encumbrance as it stands. Raises `LedgerUnavailableError`, `UnknownInLedgerError`."""
        return await self._get(book, f"/encumbrances/{encumbrance_id}", Encumbrance, {})

    async def entries(self, book: str, fund: str, account: str) -> AsyncIterator[JournalEntry]:
        """Every entry with a posting on this account of the fund, page by page. Raises `LedgerUnavailableError`."""
        cursor: str | None = None
        while True:
            page = await self._get(
                book, "/journal-entries", _Entries, _page(cursor) | {"fund": fund, "account": account}
            )
            for entry in page.items:
                yield entry
            cursor = page.next_cursor
            if cursor is None:
                return

    async def entry(self, book: str, entry_id: UUID) -> JournalEntry:
        """One entry. Raises `LedgerUnavailableError`, `UnknownInLedgerError`."""
        return await self._get(book, f"/journal-entries/{entry_id}", JournalEntry, {})

    async def open_item(self, book: str, item_id: UUID) -> OpenItem:
        """One open item with its balance now. Raises `LedgerUnavailableError`, `UnknownInLedgerError`."""
        return await self._get(book, f"/open-items/{item_id}", OpenItem, {})

    def _headers(self) -> dict[str, str]:
        # The reason of a refusal is shown to county staff.
        return {"Authorization": f"Bearer {self._tokens.read()}", "Accept-Language": "zh-CN"}

    async def _get(self, book: str, path: str, shape: type[Page], query: dict[str, str | int]) -> Page:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._http.get(f"/v1/books/{book}{path}", params=query, headers=self._headers())
            if answer.status_code == httpx.codes.OK:
                return shape.model_validate_json(answer.content)
        except (httpx.HTTPError, TimeoutError, OSError, UnicodeError, ValidationError) as error:
            log.warning("ledger_question_failed", path=path, error=type(error).__name__)
            raise LedgerUnavailableError(path) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise UnknownInLedgerError(path)
        log.warning("ledger_question_failed", path=path, status=answer.status_code)
        raise LedgerUnavailableError(path)


def _page(cursor: str | None) -> dict[str, str | int]:
    return {"limit": PAGE_SIZE} if cursor is None else {"limit": PAGE_SIZE, "cursor": cursor}


def understand(answer: httpx.Response) -> Outcome:
    """Read the ledger's answer to a POST; what is not clearly a receipt or a refusal is `Unknown`."""
    if answer.status_code == httpx.codes.ACCEPTED:
        return Unknown("HTTP 202: the ledger waits for a second person; nothing is booked")
    try:
        if answer.is_success:
            booked = _Booked.model_validate_json(answer.content)
            entry = booked.entry
            return Done(booked.id, entry.id, entry.seq, entry.voucher_number, entry.hash)
        if answer.status_code in REFUSAL_STATUSES:
            problem = _Problem.model_validate_json(answer.content)
            return Refused(problem.code, (problem.detail or problem.title)[:500])
    except ValidationError:
        return Unknown(f"HTTP {answer.status_code} with a body that is not the ledger's")
    return Unknown(f"HTTP {answer.status_code}")
