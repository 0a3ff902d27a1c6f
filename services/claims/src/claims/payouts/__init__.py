"""Payouts: the wishes to the ledger, payout batches, bank files and returns, reconciliation. The only client of the ledger."""
