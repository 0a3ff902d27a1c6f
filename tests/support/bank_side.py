"""The bank's side of a template: it reads the file for payments and writes its return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.payouts.bank_files import Credit, fen_of, yuan_text
from claims.payouts.bank_layout import read_rows, write_rows
from claims.payouts.bank_templates import PaymentFile, PaymentValue, ReturnFile, ReturnValue, TotalsCell
from claims.payouts.rules import Control, ReturnRow

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_payment_file(file: PaymentFile, content: bytes) -> tuple[list[Credit], Control]:
    """The credits and the control figures of a payment file."""
    lines = [line.cells for line in read_rows(file, content)]
    totals = lines.pop(0 if file.totals == "header" else -1)
    if file.headings:
        assert lines.pop(0) == tuple(column.heading for column in file.columns)
    places = {column.value: place for place, column in enumerate(file.columns)}
    found = [
        Credit(
            position=int(cells[places[PaymentValue.POSITION]]),
            item_number=cells[places[PaymentValue.ITEM_NUMBER]],
            holder=cells[places[PaymentValue.HOLDER]],
            account=cells[places[PaymentValue.ACCOUNT]],
            amount_fen=_fen(file, cells[places[PaymentValue.AMOUNT]]),
        )
        for cells in lines
    ]
    said = dict(zip(file.totals_row, [cell for cell in totals if cell], strict=True))
    total = said[TotalsCell.TOTAL]
    return found, Control(int(said[TotalsCell.COUNT]), 0 if total in {"0", "0.00"} else _fen(file, total))


def return_file(file: ReturnFile, rows: Sequence[ReturnRow], control: Control | None = None) -> bytes:
    """The bank's return of these rows; `control` replaces the true control figures."""
    control = control or Control(len(rows), sum(row.amount_fen for row in rows))
    words = {outcome: word for word, outcome in file.outcomes.items()}
    texts = [
        {
            ReturnValue.ITEM_NUMBER: row.item_number,
            ReturnValue.OUTCOME: words[row.outcome],
            ReturnValue.AMOUNT: _text(file, row.amount_fen),
            ReturnValue.BOOKED_ON: row.booked_on.isoformat(),
            ReturnValue.REASON: row.reason or "",
            ReturnValue.IGNORED: "",
        }
        for row in rows
    ]
    lines = [[text[column.value] for column in file.columns] for text in texts]
    if file.headings:
        lines.insert(0, [column.heading for column in file.columns])
    shown = {
        TotalsCell.LABEL: file.label or "",
        TotalsCell.COUNT: str(control.count),
        TotalsCell.TOTAL: _text(file, control.total_fen),
    }
    lines.insert(0 if file.totals == "header" else len(lines), [shown[cell] for cell in file.totals_row])
    return b"".join(write_rows(file, lines))


def _text(file: ReturnFile, fen: int) -> str:
    return yuan_text(fen) if file.amounts == "yuan" else str(fen)


def _fen(file: PaymentFile, text: str) -> int:
    fen = fen_of(text) if file.amounts == "yuan" else int(text)
    assert fen is not None
    return fen
