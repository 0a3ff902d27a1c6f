"""Budget control 预算指标: allotments, and encumbrances with their liquidations, returns and releases.

Owns the rules of an encumbrance's life. Its money lives in the journal: an encumbrance is a subledger of the account
``encumbered``, kept by the database from the postings that name it (docs/adr/0007-encumbrance-as-subledger.md).
"""
