"""Holder and account of an item, compared in clear and in memory with the household's own as they stand now.

Compared opened, not by index: keys may have been rotated on one side and not yet on the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.households.rules import normal_name
from claims.payouts.rules import AccountStanding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from claims.households.personal import PersonalData
    from claims.payouts.bank_store import FailedItem, Payee

HOLDER = "payout_item.holder"
ACCOUNT = "payout_item.account"


def standing_of(personal: PersonalData, failed: FailedItem | None, holder: str, account: str) -> AccountStanding:
    """What a new item's holder and account are to those of the failed credit it pays again."""
    if failed is None:
        return AccountStanding.FIRST
    before = (
        personal.open_text(failed.holder_cipher, HOLDER, failed.id),
        personal.open_text(failed.account_cipher, ACCOUNT, failed.id),
    )
    same = (normal_name(before[0]), before[1]) == (normal_name(holder), account)
    return AccountStanding.UNCHANGED if same else AccountStanding.CORRECTED


def changed_items(personal: PersonalData, payees: Sequence[Payee]) -> set[UUID]:
    """The items whose household has another account, or another head or name, than the item was made with."""
    return {payee.item_id for payee in payees if _has_changed(personal, payee)}


def _has_changed(personal: PersonalData, payee: Payee) -> bool:
    if payee.account_now_cipher is None or payee.holder_now_cipher is None or payee.holder_now_id is None:
        return True
    account = personal.open_text(payee.account_cipher, ACCOUNT, payee.item_id)
    if account != personal.open_bank_account(payee.household_id, payee.account_now_cipher):
        return True
    holder = personal.open_text(payee.holder_cipher, HOLDER, payee.item_id)
    return normal_name(holder) != normal_name(
        personal.open_text(payee.holder_now_cipher, "member.name", payee.holder_now_id)
    )
