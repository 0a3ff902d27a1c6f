"""The ledger service: a county's funds as double-entry books whose history cannot be changed."""
