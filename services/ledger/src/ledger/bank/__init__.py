"""The bank: accounts, statements, matching them with the book, the reconciliation 银行存款余额调节表 and the bank journal 银行日记账."""
