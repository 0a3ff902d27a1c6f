"""The journal as hledger text: it passes ``hledger check --strict``, and its balances are the trial balance's."""

from ledger.audit.account_tree import account_type, tree_path
from ledger.audit.entries import ExportedEntry, ExportedPosting, ExportHeader, one_line, yuan_text
from ledger.journal.drafts import Basis

MEDIA_TYPE = "text/plain; charset=utf-8"

_WIDE_FORMS = str.maketrans({";": "；", ":": "：", ",": "，", "[": "［", "]": "］", "|": "｜"})


def plain(text: str) -> str:
    """Return a text hledger reads as text.

    The marks it gives a meaning (comments, tags, dates in brackets) become their full-width forms.
    """
    return one_line(text).translate(_WIDE_FORMS)


def account_name(basis: Basis, account: str, fund: str) -> str:
    """Return an account's name: ``assets:1002:repair:overhaul``, ``equity:control:available:repair``."""
    return ":".join(segment.lower() for segment in tree_path(basis, account, fund))


def header(export: ExportHeader) -> str:
    """Return declarations: the currency and every account that has been posted to."""
    lines = [
        f"; book {export.book} {plain(export.book_name)}",
        f"; entries effective from {export.effective_from} to {export.effective_to}, up to seq {export.seq}",
        "decimal-mark .",
        "commodity 1000.00 CNY",
        "",
    ]
    for account in export.accounts:
        kind = account_type(tree_path(account.basis, account.account, account.fund))
        lines.append(f"account {account_name(account.basis, account.account, account.fund)}  ; type:{kind}")
    return "\n".join(lines) + "\n\n"


def entry(exported: ExportedEntry) -> str:
    """Return one transaction with all its bases. Debits are positive, credits negative; red postings the opposite."""
    voucher = f"{plain(exported.voucher_type)}-{exported.voucher_number}"
    lines = [f"{exported.effective_on} * ({voucher}) {plain(exported.description)}"]
    tags = {
        "seq": str(exported.seq),
        "id": exported.id,
        "kind": exported.kind,
        "reference": exported.reference,
        "payee-ref": exported.payee_ref,
        "undoes": exported.undoes,
        "prepared-by": exported.prepared_by,
        "reviewed-by": exported.reviewed_by,
        "posted-by": exported.posted_by,
        "hash": exported.hash,
    }
    lines += [f"    ; {name}:{plain(text)}" for name, text in tags.items() if text]
    lines += [_posting(posting) for posting in exported.postings]
    return "\n".join(lines) + "\n\n"


def _posting(posting: ExportedPosting) -> str:
    name = account_name(posting.basis, posting.account, posting.fund)
    tags = {
        "line": str(posting.line),
        "side": posting.side,
        "red": "true" if posting.red else None,
        "budget-year": str(posting.budget_year) if posting.budget_year else None,
        "source": posting.source,
        "encumbrance": posting.encumbrance,
        "memo": posting.memo,
        "purpose": posting.purpose_code,
        "item": posting.item,
    }
    comment = ", ".join(f"{tag}:{plain(text)}" for tag, text in tags.items() if text)
    return f"    {name}  {yuan_text(posting.balance_fen)} CNY  ; {comment}"
