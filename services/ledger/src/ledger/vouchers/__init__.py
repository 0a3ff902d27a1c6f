"""The vouchers room: a journal entry as the printable page 记账凭证 that is signed and filed. Reads only."""
