"""Sealing and opening what names a person: the only place where a household's clear personal values meet their ciphertext.

Every value is bound to the row and column it stands in (the cipher's context), so that a ciphertext moved to another row does
not open. Blind indexes are bound to the book, so that the same number in two counties cannot be linked.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from claims.households.rules import birth_date, normal_name, normal_number
from common.crypto import FieldCipher
from common.text import compact


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value at rest: ciphertext and blind index."""

    cipher: bytes
    index: bytes


@dataclass(frozen=True, slots=True)
class OpenMember:
    """A member's clear values, in memory only. Never logged (no repr), never stored, never in an idempotency row."""

    name: str
    id_number: str
    phone: str | None

    def __repr__(self) -> str:
        return "OpenMember(…)"


class PersonalData:
    """Seals and opens the personal fields of one book."""

    def __init__(self, cipher: FieldCipher, book: str) -> None:
        self._cipher = cipher
        self._book = book

    def seal_name(self, member_id: UUID, name: str) -> Sealed:
        """Seal a member's name."""
        return Sealed(self._encrypt(name, "member.name", member_id), self.name_index(name))

    def seal_id_number(self, member_id: UUID, number: str) -> Sealed:
        """Seal a member's compacted ID number."""
        return Sealed(self._encrypt(number, "member.id_number", member_id), self.id_number_index(number))

    def seal_phone(self, member_id: UUID, phone: str) -> Sealed:
        """Seal a member's phone in E.164 form."""
        return Sealed(self._encrypt(phone, "member.phone", member_id), self.phone_index(phone))

    def seal_bank_account(self, household_id: UUID, account: str) -> Sealed:
        """Seal a household's compacted bank account."""
        return Sealed(
            self._encrypt(account, "household.bank_account", household_id), self._index(account, "bank_account")
        )

    def seal_external_number(self, household_id: UUID, number: str) -> Sealed:
        """Seal the number of a household in the lists it comes from: some offices put an ID number there."""
        return Sealed(
            self._encrypt(number, "household.external_number", household_id), self.external_number_index(number)
        )

    def seal_text(self, text: str, column: str, row_id: UUID) -> bytes:
        """Seal a text that is never searched (a cadre's name, what a lead says); `column` is `table.column`."""
        return self._encrypt(text, column, row_id)

    def open_text(self, sealed: bytes, column: str, row_id: UUID) -> str:
        """Open what `seal_text` sealed for the same column and row."""
        return self._cipher.decrypt(sealed, self._context(column, row_id))

    def open_bank_account(self, household_id: UUID, sealed: bytes) -> str:
        """Open a household's bank account."""
        return self.open_text(sealed, "household.bank_account", household_id)

    def open_member(self, member_id: UUID, name: bytes, id_number: bytes, phone: bytes | None) -> OpenMember:
        """Open a member's personal fields."""
        return OpenMember(
            name=self.open_text(name, "member.name", member_id),
            id_number=self.open_text(id_number, "member.id_number", member_id),
            phone=None if phone is None else self.open_text(phone, "member.phone", member_id),
        )

    def name_index(self, name: str) -> bytes:
        """Blind index of a name in its normal form."""
        return self._index(normal_name(name), "name")

    def id_number_index(self, number: str) -> bytes:
        """Blind index of an ID number; compacted first, so that how it was typed does not matter."""
        return self._index(compact(number), "id_number")

    def phone_index(self, phone: str) -> bytes:
        """Blind index of a phone in E.164 form."""
        return self._index(phone, "phone")

    def external_number_index(self, number: str) -> bytes:
        """Blind index of a household's number in the lists it comes from."""
        return self._index(normal_number(number), "external_number")

    def name_birth_index(self, name: str, number: str) -> bytes:
        """Blind index of a name with the date of birth inside an ID number: who may be one person under two numbers."""
        return self._index(f"{normal_name(name)}/{birth_date(compact(number))}", "name_birth")

    def content_index(self, content: str) -> bytes:
        """Blind index of all that a list says of a household: equal for equal contents, and nothing else."""
        return self._index(content, "household_content")

    def _encrypt(self, text: str, column: str, row_id: UUID) -> bytes:
        return self._cipher.encrypt(text, self._context(column, row_id))

    def _context(self, column: str, row_id: UUID) -> str:
        return f"{self._book}/{column}/{row_id}"

    def _index(self, text: str, kind: str) -> bytes:
        return self._cipher.blind_index(text, f"{self._book}/{kind}")
