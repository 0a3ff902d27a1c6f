"""What both services share: money, dates, text, problems, web, auth, database, idempotency, crypto.

This package imports no service. It grows only when a caller needs it; each module's first lines say what
it owns. `libs/common/README.md` has a short example of each.
"""
