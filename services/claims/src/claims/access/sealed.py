"""Every sealed column of the claims database, kept by hand: where it is, and the context its ciphertexts are bound to.

What is missing here is not sealed anew under a new key: a test compares this list with the
database's `*_cipher` columns. A context names columns of the row in braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One sealed column; `context` as it was sealed, e.g. ``{book}/member.name/{id}``."""

    table: str
    column: str
    context: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns of the row that the context names."""
        return tuple(re.findall(r"\{(\w+)\}", self.context))


SEALED: Final = (
    SealedColumn("household", "bank_account_cipher", "{book}/household.bank_account/{id}"),
    SealedColumn("household", "responsible_cadre_cipher", "{book}/household.responsible_cadre/{id}"),
    SealedColumn("household", "external_number_cipher", "{book}/household.external_number/{id}"),
    # Earlier versions keep the ciphertexts of their time, bound as those were.
    SealedColumn("household_version", "bank_account_cipher", "{book}/household.bank_account/{household_id}"),
    SealedColumn("household_version", "responsible_cadre_cipher", "{book}/household.responsible_cadre/{household_id}"),
    SealedColumn("member_version", "name_cipher", "{book}/member.name/{member_id}"),
    SealedColumn("member_version", "id_number_cipher", "{book}/member.id_number/{member_id}"),
    SealedColumn("member_version", "phone_cipher", "{book}/member.phone/{member_id}"),
    SealedColumn(
        "duplicate_resolution", "note_cipher", "{book}/duplicate_resolution.note_cipher/{position}/{duplicate_id}"
    ),
    SealedColumn("import_refusal", "cells_cipher", "{book}/import_refusal.cells_cipher/{row}/{job_id}"),
    SealedColumn("member", "name_cipher", "{book}/member.name/{id}"),
    SealedColumn("member", "id_number_cipher", "{book}/member.id_number/{id}"),
    SealedColumn("member", "phone_cipher", "{book}/member.phone/{id}"),
    SealedColumn("lead", "description_cipher", "{book}/lead.description/{id}"),
    SealedColumn("lead", "reason_cipher", "{book}/lead.reason/{id}"),
    SealedColumn("lead_step", "note_cipher", "{book}/lead_step.note.{position}/{lead_id}"),
    SealedColumn("document", "file_name_cipher", "{book}/document.file_name/{id}"),
    # The key of the document's content: sealed anew, the content itself stays as it lies; destroyed, nothing opens it any more.
    SealedColumn("document", "key_cipher", "{book}/document.key/{id}"),
    SealedColumn("document", "withdrawal_reason_cipher", "{book}/document.withdrawal_reason/{id}"),
    SealedColumn("claim_details", "details_cipher", "{book}/claim_details/{claim_id}/{version}"),
    SealedColumn("claim_decision", "inputs_cipher", "{book}/claim_decision.inputs/{claim_id}/{version}"),
    SealedColumn("claim_decision", "content_cipher", "{book}/claim_decision.content/{claim_id}/{version}"),
    SealedColumn("claim_event", "note_cipher", "{book}/claim_event.note/{claim_id}/{position}"),
    SealedColumn("claim_objection", "reason_cipher", "{book}/claim_objection.raised/{claim_id}/{position}"),
    SealedColumn("claim_objection_ruling", "reason_cipher", "{book}/claim_objection.ruling/{claim_id}/{position}"),
    SealedColumn("payout_item", "holder_cipher", "{book}/payout_item.holder/{id}"),
    SealedColumn("payout_item", "account_cipher", "{book}/payout_item.account/{id}"),
    SealedColumn("bank_return_row", "reason_cipher", "{book}/bank_return_row.reason/{item_id}"),
)
