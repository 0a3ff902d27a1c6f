"""The seven funds and their sub-funds, and the typed operations that bring money in and pay it out.

Owns the voucher templates (data), their expansion, receipts, direct payments, opening balances, sub-funds and the
figures a fund shows. It never writes an entry itself: it hands the journal's engine a pure plan.
"""
