GRANT SELECT, INSERT ON payout_batch_counter, payout_batch, payout_item, ledger_operation, file_issue, bank_return, bank_return_row,
    worker_heartbeat TO fangpin_claims_service
--;;
GRANT UPDATE (last_number) ON payout_batch_counter TO fangpin_claims_service
--;;
GRANT UPDATE (status, decided_by, decided_at, decision_note) ON payout_batch TO fangpin_claims_service
--;;
-- Which claim, how much and to which account stays as it was prepared.
GRANT UPDATE (status) ON payout_item TO fangpin_claims_service
--;;
-- What is asked of the ledger stays as it was decided; only how far it has come moves.
GRANT UPDATE (status, tries, due_at, lease_until, leased_by, last_error, finished_at, refusal_code, refusal_detail, ledger_id, entry_id,
    entry_seq, voucher_number, entry_hash) ON ledger_operation TO fangpin_claims_service
--;;
GRANT UPDATE (seen_at, operations_finished), DELETE ON worker_heartbeat TO fangpin_claims_service
--;;
GRANT SELECT ON payout_batch_counter, payout_batch, ledger_operation, file_issue, bank_return, worker_heartbeat TO fangpin_claims_reader
--;;
GRANT SELECT (book, id, batch_id, position, number, claim_id, household_id, amount_fen, status) ON payout_item TO fangpin_claims_reader
--;;
GRANT SELECT (book, return_id, row, item_id, outcome, amount_fen, booked_on) ON bank_return_row TO fangpin_claims_reader
