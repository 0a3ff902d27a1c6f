"""When a claim takes documents, what a file's name says, and how it is shown. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final
from uuid import UUID

from claims.claims.rules import CONSUMING, GIVEN_UP, Status
from claims.documents.content import JPEG, PDF, PNG

ENDED: Final = GIVEN_UP | {Status.CLOSED}
"""A claim that has ended takes no more papers. [assumed]"""

EXTENSIONS: Final = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
"""The types that are taken, and how a downloaded file's name ends."""

LONGEST_NAME: Final = 255
_NAMED: Final = {"pdf": PDF, "jpg": JPEG, "jpeg": JPEG, "jpe": JPEG, "jfif": JPEG, "png": PNG}
_OTHER_NAMES: Final = {"image/jpg": JPEG, "image/pjpeg": JPEG, "image/x-png": PNG, "application/x-pdf": PDF}
_SAYS_NOTHING: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
# Not the 01 of "2021.06.01".
_EXTENSION: Final = re.compile(r"\.([a-z][a-z0-9]{0,9})$")
_FORBIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class State(StrEnum):
    """What has become of a document."""

    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


def takes_documents(status: Status) -> bool:
    """Tell whether papers may be added: until the claim has ended, also after the approval (follow-up visits, proofs of payment)."""
    return status not in ENDED


def may_withdraw(status: Status) -> bool:
    """Tell whether a paper may be withdrawn: not once it may have carried an approval, or the claim has ended [assumed]."""
    return status not in ENDED and status not in CONSUMING


def bare_name(name: str) -> str | None:
    """Return a file's name without the folders a client may send with it; None for one that may not be kept.

    The name is never used as a path. Control characters (NUL among them) and more than 255 characters are refused.
    """
    bare = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1].strip()
    if len(bare) > LONGEST_NAME or any(unicodedata.category(character) in _FORBIDDEN for character in name):
        return None
    return bare


def masked_file_name(name: str) -> str:
    """Return what lists show of a file's name: its first character and how it ends. ``张***.jpg``."""
    stem, dot, extension = name.rpartition(".")
    stem, ending = (stem, dot + extension) if dot and _EXTENSION.search(name.lower()) else (name, "")
    first = stem[:1] if stem[:1].isalpha() else ""
    return f"{first}***{ending}"


def claimed_types(name: str | None, media_type: str | None) -> tuple[str, ...]:
    """Return what a form says a file is, by the end of its name and by its stated type; what says nothing is left out."""
    claims = []
    if name is not None and (found := _EXTENSION.search(name.lower())) is not None:
        claims.append(_NAMED.get(found[1], found[1]))
    stated = (media_type or "").lower()
    if stated not in _SAYS_NOTHING:
        claims.append(_OTHER_NAMES.get(stated, stated))
    return tuple(claims)


def content_name(book: str, address: bytes, document_id: UUID) -> str:
    """Return the name a content is stored under: its book, its keyed address, its document.

    The address is a keyed hash of the content's SHA-256: equal in one book, not comparable between books, and no proof to who sees the
    store alone that a certain file was handed in. The id keeps two handings-in of one file apart: each has a key of its own.
    """
    text = address.hex()
    return f"{book}/{text[:2]}/{text}.{document_id.hex}"


def download_name(number: str, kind: str, document_id: UUID, media_type: str) -> str:
    """Return the name a downloaded file is given: nothing in it names a person."""
    return f"{number}-{kind}-{document_id.hex[-8:]}.{EXTENSIONS[media_type]}"
