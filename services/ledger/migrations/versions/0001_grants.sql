-- What each role may do. The service role reads, appends, and locks a book's row; it never changes or removes a row.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO fangpin_ledger_service, fangpin_ledger_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO fangpin_ledger_service;

GRANT INSERT (code, name, first_period, hash_suite, settings, created_at) ON book TO fangpin_ledger_service;
GRANT UPDATE (lock_token) ON book TO fangpin_ledger_service;
-- A month is born open: its status cannot be given, only moved by an event.
GRANT INSERT (book, code, fiscal_year, number) ON period TO fangpin_ledger_service;
GRANT INSERT ON fund, account, period_event, journal_entry, posting, chain_record, encumbrance, opening_balance, idempotency_key
    TO fangpin_ledger_service;

-- Readers see the books, not the answers kept for replay.
GRANT SELECT ON book, fund, account, period, period_event, journal_entry, posting, voucher_head, chain_record, chain_head, balance, daily_total,
    monthly_total, encumbrance, encumbrance_balance, opening_balance, alembic_version TO fangpin_ledger_reader;
