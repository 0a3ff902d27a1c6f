GRANT SELECT, INSERT ON policy, terms, claim_counter, claim, claim_details, claim_document, claim_decision, claim_event TO fangpin_claims_service
--;;
-- Only to lock a programme while its terms are judged against each other.
GRANT UPDATE (lock_token) ON policy TO fangpin_claims_service
--;;
GRANT UPDATE (last_serial) ON claim_counter TO fangpin_claims_service
--;;
-- The standing of a claim. Whose claim it is, for what and when, never changes.
GRANT UPDATE (status, event_count, details_version, decision_version, outcome, benefit_fen, funding_attempt, checked_by, approved_by,
    approved_on) ON claim TO fangpin_claims_service
--;;
-- The reader sees what is not secret: no ciphertext and no blind index.
GRANT SELECT ON policy, terms, claim_counter TO fangpin_claims_reader
--;;
GRANT SELECT (book, id, year, serial, number, household_id, claimant_member_id, policy_id, cause, event_on, reported_on, town_code,
    village_code, filed_at, filed_by, status, event_count, details_version, decision_version, outcome, benefit_fen, funding_attempt,
    checked_by, approved_by, approved_on) ON claim TO fangpin_claims_reader
--;;
GRANT SELECT (book, claim_id, version, at, by_person) ON claim_details TO fangpin_claims_reader
--;;
GRANT SELECT (book, claim_id, version, occasion, details_version, rule_version, outcome, benefit_fen, terms_id, terms_version, final, at,
    by_person) ON claim_decision TO fangpin_claims_reader
--;;
GRANT SELECT (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after, by_person, done_on, reference,
    decision_version, at) ON claim_event TO fangpin_claims_reader
