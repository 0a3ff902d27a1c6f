"""The ledger: books, funds, accounts, the journal that moves their money, and the proofs of it."""
