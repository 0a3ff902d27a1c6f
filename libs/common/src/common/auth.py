"""Who is asking: bearer tokens (JWT) checked against the issuer's JSON Web Key Set, scopes and books.

`Authenticator` verifies tokens; `require("ledger:post")` is the FastAPI dependency that guards an operation. The order
is fixed: the token (401), then the book in the path (403), then the scope (403), and all of it before the body is read.
Only ES256, EdDSA and RS256 are understood; the algorithm must be the one of the key, never merely the one the token claims.

A token may be bound to places (the claim `places`: codes of towns and villages). Operations refuse such a token (403) unless
they were written to heed its places: `require("claims:read", heeds_places=True)`. So a new operation shows nothing by oversight.
"""

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import httpx
import jwt
from fastapi import Request
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from common.errors import FORBIDDEN, UNAUTHENTICATED, Problem, unavailable
from common.logging import get_logger

log = get_logger(__name__)

ALL_BOOKS: Final = "*"
AUDIENCE: Final = "fangpin"
LEEWAY_SECONDS: Final = 15
REFRESH_SECONDS: Final = 300.0
"""A key set read from an address is used this long before it is asked for again."""
ROTATION_PAUSE_SECONDS: Final = 10.0
"""An unknown key id makes us ask again, but not more often than this: a forged id must not become a flood."""
_FETCH_SECONDS: Final = 5.0
_LONGEST_TOKEN: Final = 8192
_REMEMBERED_TOKENS: Final = 2000
_SMALLEST_RSA_BITS: Final = 2048
_REQUIRED_CLAIMS: Final = ["iss", "aud", "exp", "nbf", "sub"]
_STATE: Final = "fangpin_principal"
_PLACE: Final = re.compile(r"[0-9]{9}|[0-9]{12}", re.ASCII)
_MOST_PLACES: Final = 200


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or service a token speaks for: its subject, its scopes, its books (``*`` means all) and its places.

    `places` are division codes of towns (9 digits) and villages (12 digits); none means the whole book.
    """

    sub: str
    scopes: frozenset[str]
    books: frozenset[str]
    places: frozenset[str] = frozenset()

    def may(self, *scopes: str) -> bool:
        """Tell whether the token carries any of these scopes."""
        return not self.scopes.isdisjoint(scopes)

    def may_use_book(self, book: str) -> bool:
        """Tell whether the token is for this book."""
        return book in self.books or ALL_BOOKS in self.books

    def check_book(self, book: str) -> None:
        """Raise ``forbidden`` unless the token is for this book; for books named in a body instead of the path."""
        if not self.may_use_book(book):
            raise FORBIDDEN.error()

    def check_scope(self, *scopes: str) -> None:
        """Raise ``forbidden`` unless the token carries any of these scopes; for rules that depend on the body."""
        if not self.may(*scopes):
            raise FORBIDDEN.error()


@dataclass(frozen=True, slots=True)
class _Key:
    algorithm: str
    key: object
    """A public key of the cryptography package, as PyJWT reads it."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    not_before: float
    expires: float


class KeySetError(Exception):
    """The issuer's key set cannot be read now."""


class Authenticator:
    """Verifies bearer tokens of one issuer. One per process; safe for concurrent use in one event loop."""

    def __init__(self, jwks: str, issuer: str, audience: str = AUDIENCE) -> None:
        """Take the key set's path or http(s) address; nothing is read before the first token."""
        self._jwks = jwks
        self._issuer = issuer
        self._audience = audience
        self._keys: Mapping[str, _Key] = {}
        self._content = b""
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Principal:
        """Return who an Authorization header speaks for. Raises ``unauthenticated``, or ``unavailable`` without keys."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated(offered=authorization is not None)
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise _unauthenticated(offered=True)
        await self._refresh_if_old()
        digest = sha256(token.encode("ascii")).digest()
        remembered = self._verified.get(digest)
        if remembered is not None:
            now = time.time()
            if remembered.not_before - LEEWAY_SECONDS <= now < remembered.expires + LEEWAY_SECONDS:
                self._verified.move_to_end(digest)
                return remembered.principal
            del self._verified[digest]
        return await self._verify(token, digest)

    async def check_keys(self) -> None:
        """Raise ``unavailable`` unless the key set can be read; a readiness check."""
        await self._refresh_if_old()

    async def _verify(self, token: str, digest: bytes) -> Principal:
        try:
            key = await self._key_for(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key.key,  # type: ignore[arg-type] # one of the three public key classes
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED_CLAIMS, "verify_sub": True},
            )
            principal = principal_from(claims)
            remembered = _Remembered(principal, float(claims["nbf"]), float(claims["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _unauthenticated(offered=True) from None
        self._verified[digest] = remembered
        while len(self._verified) > _REMEMBERED_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def _key_for(self, header: Mapping[str, object]) -> _Key:
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(kid, str):
            raise jwt.InvalidTokenError("no key id")
        key = self._keys.get(kid)
        if key is None:
            await self._refresh(older_than=ROTATION_PAUSE_SECONDS)
            key = self._keys.get(kid)
        if key is None or key.algorithm != algorithm:
            raise jwt.InvalidTokenError("no such key")
        return key

    async def _refresh_if_old(self) -> None:
        await self._refresh(older_than=REFRESH_SECONDS)

    async def _refresh(self, older_than: float) -> None:
        if time.monotonic() - self._read_at < older_than:
            return
        async with self._lock:
            if time.monotonic() - self._read_at < older_than:
                return
            try:
                content = await self._load()
                keys = parse_key_set(content)
            except KeySetError as error:
                log.warning("key_set_unreadable", reason=str(error))
                if not self._keys:
                    raise unavailable() from None
                # The issuer being down must not lock everyone out: the known keys serve until it is back.
                self._read_at = time.monotonic() - REFRESH_SECONDS + ROTATION_PAUSE_SECONDS
                return
            if content != self._content:
                # Also a key replaced under its old id ends what was verified with it.
                self._verified.clear()
            self._keys, self._content = keys, content
            self._read_at = time.monotonic()

    async def _load(self) -> bytes:
        if not self._jwks.startswith(("http://", "https://")):
            try:
                return await asyncio.to_thread(Path(self._jwks).read_bytes)
            except OSError as error:
                raise KeySetError(f"the key set file cannot be read: {error.strerror}") from None
        try:
            async with httpx.AsyncClient(timeout=_FETCH_SECONDS) as client:
                response = await client.get(self._jwks)
                response.raise_for_status()
                return response.content
        except httpx.HTTPError as error:
            raise KeySetError(f"the key set address does not answer: {type(error).__name__}") from None


class Requirement:
    """The FastAPI dependency `require` makes: lets a request pass that carries any of its scopes for its book."""

    def __init__(self, scopes: tuple[str, ...], *, heeds_places: bool = False) -> None:
        """Remember the scopes, any of which suffices, and whether the operation looks at the token's places itself."""
        if not scopes:
            raise ValueError("an operation must require at least one scope")
        self.scopes = scopes
        self.heeds_places = heeds_places

    async def __call__(self, request: Request) -> Principal:
        """Return the principal, or raise ``unauthenticated`` (401) before ``forbidden`` (403)."""
        principal: Principal | None = request.scope.get(_STATE)
        if principal is None:
            authenticator: Authenticator = request.app.state.authenticator
            offered = request.headers.getlist("authorization")
            principal = await authenticator.authenticate(offered[0] if len(offered) == 1 else None)
            request.scope[_STATE] = principal
        book = request.path_params.get("book")
        if book is not None:
            principal.check_book(book)
        principal.check_scope(*self.scopes)
        if principal.places and not self.heeds_places:
            raise FORBIDDEN.error()
        return principal


def require(*scopes: str, heeds_places: bool = False) -> Requirement:
    """Guard an operation: ``principal: Annotated[Principal, Depends(require("ledger:post"))]``; any scope suffices.

    A token bound to places gets 403, unless `heeds_places` promises that the operation shows and takes nothing of other places.
    """
    return Requirement(scopes, heeds_places=heeds_places)


def principal_from(claims: Mapping[str, object]) -> Principal:
    """Read the claims of a verified token. Raises ValueError if sub, scope, books or places are not what we understand."""
    sub = claims.get("sub")
    # As a `Line`: a person named in a body, whose outer blanks are cut, must be the person of the token, or two would pass for one.
    if not isinstance(sub, str) or not 0 < len(sub) <= 200 or not sub.isprintable() or sub != sub.strip():  # noqa: PLR2004
        raise ValueError("sub must be a short printable text without outer blanks")
    return Principal(
        sub=sub,
        scopes=_words(claims.get("scope", "")),
        books=_words(claims.get("books", [])),
        places=_places(claims["places"]) if "places" in claims else frozenset(),
    )


def parse_key_set(content: bytes) -> dict[str, _Key]:
    """Read a JSON Web Key Set; keys we cannot use are left out. Raises KeySetError if it is not one."""
    try:
        entries = json.loads(content)["keys"]
        keys = {entry["kid"]: key for entry in entries if (key := _read_key(entry)) is not None}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeySetError("the key set is not of the form RFC 7517 describes") from None
    if not keys:
        raise KeySetError("the key set holds no key for ES256, EdDSA or RS256 with a key id")
    return keys


def _read_key(entry: Mapping[str, object]) -> _Key | None:
    if entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str) or "d" in entry:
        return None
    kind = (entry.get("kty"), entry.get("crv"))
    text = json.dumps(entry)
    try:
        if kind == ("EC", "P-256"):
            key = _Key("ES256", ECAlgorithm.from_jwk(text))
        elif kind == ("OKP", "Ed25519"):
            key = _Key("EdDSA", OKPAlgorithm.from_jwk(text))
        elif kind[0] == "RSA":
            rsa = RSAAlgorithm.from_jwk(text)
            if rsa.key_size < _SMALLEST_RSA_BITS:
                return None
            key = _Key("RS256", rsa)
        else:
            return None
    except (jwt.PyJWTError, ValueError):
        return None
    return key if entry.get("alg", key.algorithm) == key.algorithm else None


def _words(value: object) -> frozenset[str]:
    if isinstance(value, str):  # RFC 6749: scopes are one text with blanks
        return frozenset(value.split())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return frozenset(value)
    raise ValueError("must be a text or a list of texts")


def _places(value: object) -> frozenset[str]:
    """The places of a token that names any. An empty list is no wish for the whole book, so it is refused like a broken code."""
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_PLACES:
        raise ValueError("places must be a list of 1 to 200 codes")
    if not all(isinstance(item, str) and _PLACE.fullmatch(item) for item in value):
        raise ValueError("a place is a town's code of 9 digits or a village's of 12")
    return frozenset(value)


def _unauthenticated(*, offered: bool) -> Problem:
    # RFC 6750, 3.1: an error code only if a token was sent.
    challenge = 'Bearer realm="fangpin", error="invalid_token"' if offered else 'Bearer realm="fangpin"'
    return UNAUTHENTICATED.error(headers={"WWW-Authenticate": challenge})
