"""The development issuer: signs the tokens of `make token`, of the demo and of the tests.

Owns: the development signing key and its JWKS file, and the roles of people.toml. It exists in
development mode only: where FANGPIN_MODE says anything but `development` it refuses to sign.
"""

import json
import os
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from deploy.local.failures import RunnerError
from deploy.local.state import write_secret

ISSUER: Final = "urn:fangpin:development-issuer"
AUDIENCE: Final = "fangpin"
DEFAULT_BOOK: Final = "610923"
LIFETIME_SECONDS: Final = 12 * 3600
CLAIMS_SERVICE_SCOPES: Final = ("ledger:read", "ledger:post", "ledger:act_for")
PLACE_DIGITS: Final = (9, 12)
KEY_ID: Final = "development-1"


def require_development_mode() -> None:
    """Refuse to go on outside development mode."""
    mode = os.environ.get("FANGPIN_MODE", "development")
    if mode != "development":
        message = f"the development issuer works in development mode only (FANGPIN_MODE={mode})"
        raise RunnerError(message)


def roles() -> dict[str, tuple[str, ...]]:
    """Answer the scopes of each role in people.toml."""
    return {who: tuple(entry["scopes"]) for who, entry in _people().items()}


def titles() -> dict[str, str]:
    """Answer what each role in people.toml does, in a few words."""
    return {who: str(entry["title"]) for who, entry in _people().items()}


@cache
def _people() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("people.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs tokens with the ES256 key in `folder`; the services verify with `jwks_path`."""

    folder: Path

    @property
    def key_path(self) -> Path:
        """The private key (PEM, 0600)."""
        return self.folder / "issuer.pem"

    @property
    def jwks_path(self) -> Path:
        """The public key set that the services are pointed at."""
        return self.folder / "jwks.json"

    @property
    def name(self) -> str:
        """The `iss` of every token."""
        return ISSUER

    def ensure(self) -> None:
        """Make key and JWKS unless they are there. The caller holds a lock if others may do it too."""
        require_development_mode()
        if not self.key_path.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            pem = made.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_secret(self.key_path, pem.decode("ascii"))
        public = ECAlgorithm.to_jwk(self._key().public_key(), as_dict=True)
        entry = {**public, "kid": KEY_ID, "use": "sig", "alg": "ES256"}
        write_secret(self.jwks_path, json.dumps({"keys": [entry]}, indent=1) + "\n")

    def token(
        self,
        who: str,
        book: str = DEFAULT_BOOK,
        sub: str | None = None,
        scopes: Sequence[str] | None = None,
        *,
        lifetime_seconds: int = LIFETIME_SECONDS,
        places: Sequence[str] = (),
    ) -> str:
        """Answer a token for `who` (a role of people.toml) in `book` (`*` for all).

        `scopes` replaces the role's own; a name that is no role is then allowed. `places` binds the token to towns (9 digits)
        and villages (12 digits); none is the whole book.
        Raises `RunnerError` for an unknown role, for no place, and outside development mode.
        """
        if scopes is None:
            table = roles()
            if who not in table:
                message = f"unknown WHO={who}; choose one of: {', '.join(table)}"
                raise RunnerError(message)
            scopes = table[who]
        if not all(place.isdigit() and len(place) in PLACE_DIGITS for place in places):
            raise RunnerError("PLACE names towns (9 digits) and villages (12 digits)")
        extra = {"places": list(places)} if places else {}
        return self.sign(sub or f"{who}-1", [book], scopes, lifetime_seconds, extra)

    def claims_service_token(self, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """Answer the token the claims service calls the ledger with."""
        return self.sign("service:claims", ["*"], CLAIMS_SERVICE_SCOPES, lifetime_seconds)

    def sign(
        self,
        sub: str,
        books: Sequence[str],
        scopes: Sequence[str],
        lifetime_seconds: int,
        extra: Mapping[str, object] = MappingProxyType({}),
    ) -> str:
        """Sign a token with exactly these claims and the `extra` ones; `lifetime_seconds` may lie in the past."""
        require_development_mode()
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "scope": " ".join(scopes),
            "books": list(books),
            **extra,
        }
        return jwt.encode(claims, self._key(), algorithm="ES256", headers={"kid": KEY_ID})

    def _key(self) -> ec.EllipticCurvePrivateKey:
        loaded = serialization.load_pem_private_key(self.key_path.read_bytes(), password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            message = f"{self.key_path} is not an EC key; `make clean` makes a new one"
            raise RunnerError(message)
        return loaded
