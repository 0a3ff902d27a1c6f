"""Secrets the services need in development, made once and kept in the state folder.

Owns: fingerprint keys (idempotency), each service's key ring for personal data, the claims service's
token for the ledger. Losing a key ring loses the personal data: `make clean` removes both together.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.issuer import Issuer
from deploy.local.state import write_secret

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The secrets in `folder`; `ensure` makes what is missing."""

    folder: Path

    def ring_path(self, service: str) -> Path:
        """A service's KEY_FILE."""
        return self.folder / f"{service}-keys.json"

    @property
    def token_path(self) -> Path:
        """The claims service's LEDGER_TOKEN_FILE."""
        return self.folder / "claims-ledger.token"

    @property
    def documents(self) -> Path:
        """The claims service's DOCUMENT_FOLDER, beside the keys that open what lies in it."""
        return self.folder.with_name("documents")

    def fingerprint_key(self, service: str) -> str:
        """Answer the hex key of a service's request fingerprints."""
        return self._fingerprint_path(service).read_text(encoding="ascii").strip()

    def ensure(self, issuer: Issuer) -> None:
        """Make missing secrets, and a fresh token for the claims service."""
        for service in ("ledger", "claims"):
            path = self._fingerprint_path(service)
            if not path.exists():
                write_secret(path, secrets.token_hex(KEY_BYTES) + "\n")
            if not self.ring_path(service).exists():
                ring = {
                    "current": "k1",
                    "keys": {"k1": secrets.token_hex(KEY_BYTES)},
                    "index_key": secrets.token_hex(KEY_BYTES),
                }
                write_secret(self.ring_path(service), json.dumps(ring, indent=1) + "\n")
        self.renew_token(issuer)

    def renew_token(self, issuer: Issuer) -> None:
        """Replace the claims service's token; it is read anew by whoever calls the ledger."""
        write_secret(self.token_path, issuer.claims_service_token() + "\n")

    def _fingerprint_path(self, service: str) -> Path:
        return self.folder / f"{service}-fingerprint.key"
