-- The service appends; balances of items and encumbrances move by trigger alone.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO fangpin_ledger_service;
GRANT INSERT ON purpose, encumbrance_extension, open_item, proposal, decision, approval_policy, budget_version TO fangpin_ledger_service;
GRANT SELECT ON purpose, encumbrance_extension, open_item, open_item_balance, proposal, decision, approval_policy, budget_version
    TO fangpin_ledger_reader;
