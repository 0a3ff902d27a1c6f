"""The journal as Beancount text: it passes ``bean-check``, and its balances are the trial balance's."""

from ledger.audit.account_tree import tree_path
from ledger.audit.entries import ExportedEntry, ExportedPosting, ExportHeader, one_line, yuan_text
from ledger.journal.drafts import Basis

MEDIA_TYPE = "text/plain; charset=utf-8"


def quoted(text: str) -> str:
    """Return a Beancount string: quotes and backslashes escaped, on one line."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def account_name(basis: Basis, account: str, fund: str) -> str:
    """Return an account's name: ``Assets:1002:Repair:Overhaul``, ``Equity:Control:Available:Safety-net``.

    Fund codes are lower case with underscores; here segments begin with a capital and have hyphens, so no two
    codes share a name.
    """
    segments = tree_path(basis, account, fund)
    return ":".join(f"{segment[0].upper()}{segment[1:]}".replace("_", "-") for segment in segments)


def header(export: ExportHeader) -> str:
    """Options and an ``open`` directive for every account that has been posted to."""
    lines = [
        f'option "title" {quoted(f"{export.book} {export.book_name}")}',
        'option "operating_currency" "CNY"',
        f"; entries effective from {export.effective_from} to {export.effective_to}, up to seq {export.seq}",
        "",
    ]
    for account in export.accounts:
        lines.append(f"{export.effective_from} open {account_name(account.basis, account.account, account.fund)} CNY")
        lines.append(f"  name: {quoted(account.name_zh)}")
    return "\n".join(lines) + "\n\n"


def entry(exported: ExportedEntry) -> str:
    """Return one transaction with all its bases. Debits are positive, credits negative; red postings the opposite."""
    lines = [f"{exported.effective_on} * {quoted(exported.description)}"]
    strings = {
        "id": exported.id,
        "kind": exported.kind,
        "voucher": f"{exported.voucher_type}-{exported.voucher_number}",
        "period": exported.period,
        "reference": exported.reference,
        "payee-ref": exported.payee_ref,
        "undoes": exported.undoes,
        "prepared-by": exported.prepared_by,
        "reviewed-by": exported.reviewed_by,
        "posted-by": exported.posted_by,
        "hash": exported.hash,
    }
    lines.append(f"  seq: {exported.seq}")
    lines += [f"  {name}: {quoted(text)}" for name, text in strings.items() if text]
    for posting in exported.postings:
        lines += _posting(posting)
    return "\n".join(lines) + "\n\n"


def _posting(posting: ExportedPosting) -> list[str]:
    name = account_name(posting.basis, posting.account, posting.fund)
    lines = [f"  {name}  {yuan_text(posting.balance_fen)} CNY", f"    side: {quoted(posting.side)}"]
    if posting.red:
        lines.append("    red: TRUE")
    if posting.budget_year:
        lines.append(f"    budget-year: {posting.budget_year}")
    strings = {
        "source": posting.source,
        "encumbrance": posting.encumbrance,
        "memo": posting.memo,
        "purpose": posting.purpose_code,
        "item": posting.item,
    }
    return lines + [f"    {key}: {quoted(text)}" for key, text in strings.items() if text]
