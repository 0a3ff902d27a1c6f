"""Sealing and opening what a claim says of people's health: losses and payments, decisions with their inputs, notes.

Every text is bound to the claim and the version it belongs to, so that a ciphertext moved elsewhere does not open.
Document numbers are found again through a blind index bound to the book, never stored in clear.
"""

from __future__ import annotations

from uuid import UUID

from claims.claims.details import Details, Loss, from_text, to_text
from claims.eligibility.codec import decision_from_text, inputs_from_text
from claims.eligibility.model import Decision, Inputs, LossItem, OtherPayment
from claims.problems import PERSONAL_DATA_ERASED
from common.crypto import ERASED, ERASED_TEXT, FieldCipher, mask_account
from common.text import compact


class ClaimSeal:
    """Seals and opens the texts of the claims of one book."""

    def __init__(self, cipher: FieldCipher, book: str) -> None:
        self._cipher = cipher
        self._book = book

    def seal_details(self, claim_id: UUID, version: int, details: Details) -> bytes:
        """Seal what was lost and what others paid, document numbers in clear inside."""
        return self._cipher.encrypt(to_text(details), self._context("claim_details", claim_id, version))

    def open_details(self, claim_id: UUID, version: int, sealed: bytes) -> Details:
        """Open what `seal_details` sealed for the same claim and version; what was erased is nothing lost and nothing paid."""
        if self.is_erased(sealed):
            return Details((), ())
        text = self._cipher.decrypt(sealed, self._context("claim_details", claim_id, version))
        return from_text(text)

    def seal_inputs(self, claim_id: UUID, version: int, text: str) -> bytes:
        """Seal the inputs of a decision in their canonical form."""
        return self._cipher.encrypt(text, self._context("claim_decision.inputs", claim_id, version))

    def open_inputs(self, claim_id: UUID, version: int, sealed: bytes) -> Inputs:
        """Open the inputs of a decision. Raises `personal_data_erased`."""
        if self.is_erased(sealed):
            raise PERSONAL_DATA_ERASED.error()
        return inputs_from_text(self._cipher.decrypt(sealed, self._context("claim_decision.inputs", claim_id, version)))

    def seal_decision(self, claim_id: UUID, version: int, text: str) -> bytes:
        """Seal a decision in its canonical form."""
        return self._cipher.encrypt(text, self._context("claim_decision.content", claim_id, version))

    def open_decision_text(self, claim_id: UUID, version: int, sealed: bytes) -> str:
        """Open a decision to the very bytes that were sealed. Raises `personal_data_erased`."""
        if self.is_erased(sealed):
            raise PERSONAL_DATA_ERASED.error()
        return self._cipher.decrypt(sealed, self._context("claim_decision.content", claim_id, version))

    def open_decision(self, claim_id: UUID, version: int, sealed: bytes) -> Decision:
        """Open a decision."""
        return decision_from_text(self.open_decision_text(claim_id, version, sealed))

    def seal_note(self, claim_id: UUID, position: int, note: str | None) -> bytes | None:
        """Seal the note of a line of the history."""
        return (
            None if note is None else self._cipher.encrypt(note, self._context("claim_event.note", claim_id, position))
        )

    def open_note(self, claim_id: UUID, position: int, sealed: bytes | None) -> str | None:
        """Open the note of a line of the history; what was erased reads `erased`."""
        if sealed is not None and self.is_erased(sealed):
            return ERASED_TEXT
        return (
            None
            if sealed is None
            else self._cipher.decrypt(sealed, self._context("claim_event.note", claim_id, position))
        )

    def seal_objection(self, claim_id: UUID, position: int, reason: str, part: str) -> bytes:
        """Seal why somebody objected to a notice, or why that was upheld or dismissed (`part` tells which)."""
        return self._cipher.encrypt(reason, self._context(f"claim_objection.{part}", claim_id, position))

    def open_objection(self, claim_id: UUID, position: int, sealed: bytes, part: str) -> str:
        """Open what `seal_objection` sealed; what was erased reads `erased`."""
        if self.is_erased(sealed):
            return ERASED_TEXT
        return self._cipher.decrypt(sealed, self._context(f"claim_objection.{part}", claim_id, position))

    def draw(self, claim_id: UUID, policy_id: UUID) -> int:
        """Return the claim's chance of a second look, 0 to 9,999: a keyed hash, so that nobody can choose or foresee it."""
        hashed = self._cipher.blind_index(str(claim_id), f"{self._book}/second_look/{policy_id}")
        return int.from_bytes(hashed[:8]) % 10_000

    @staticmethod
    def is_erased(sealed: bytes) -> bool:
        """Whether what stood here was destroyed."""
        return sealed == ERASED

    def document_index(self, number: str) -> bytes:
        """Blind index of a document number, the same however it was typed."""
        return self._cipher.blind_index(compact(number), f"{self._book}/claim_document")

    def documents(self, details: Details) -> list[bytes]:
        """Blind indexes of all invoice and settlement numbers of a claim: one kind, however a number was entered."""
        numbers = [number for item in details.loss for number in (item.document_number, item.settlement_number)]
        return [self.document_index(number) for number in numbers if number is not None]

    def loss_items(self, details: Details) -> tuple[LossItem, ...]:
        """Losses as the decision sees them: document numbers only as index and mask."""
        return tuple(self._loss_item(item) for item in details.loss)

    def _loss_item(self, item: Loss) -> LossItem:
        return LossItem(
            item.kind,
            item.amount_fen,
            *self._numbered(item.document_number),
            *self._numbered(item.settlement_number),
        )

    def _numbered(self, number: str | None) -> tuple[str | None, str | None]:
        """What stands for a number in a decision, and its masked form."""
        return (None, None) if number is None else (self.document_index(number).hex(), mask_account(compact(number)))

    def _context(self, column: str, claim_id: UUID, version: int) -> str:
        return f"{self._book}/{column}/{claim_id}/{version}"


def payments(details: Details) -> tuple[OtherPayment, ...]:
    """Return what others paid as the decision sees it."""
    return tuple(OtherPayment(paid.payer, paid.amount_fen) for paid in details.other_payments)
