"""The reports room: trial balance, account ledger, fund execution. Reads only."""
