GRANT USAGE ON SCHEMA public TO fangpin_claims_service, fangpin_claims_reader
--;;
GRANT SELECT, INSERT ON household, member, household_event, lead, lead_step, monitoring_event, income_line, idempotency_key
    TO fangpin_claims_service
--;;
-- What staff may edit. A household's or member's identity, and who created it, never change.
GRANT UPDATE (town_code, village_code, division_system, division_as_of, category, annual_income_fen, income_year,
    bank_account_cipher, bank_account_index, responsible_cadre_cipher, version, updated_at, updated_by)
    ON household TO fangpin_claims_service
--;;
GRANT UPDATE (name_cipher, name_index, id_number_cipher, id_number_index, phone_cipher, phone_index, relation, left_on, left_reason)
    ON member TO fangpin_claims_service
--;;
-- The summary of a lead's steps, and the household (with its place) it turned out to be about; what was reported stays as it was.
GRANT UPDATE (status, household_id, town_code, village_code, step_count, last_step, last_outcome, last_done_on) ON lead TO fangpin_claims_service
--;;
-- The reader sees what is not secret: no ciphertext and no blind index.
GRANT SELECT (book, id, town_code, village_code, division_system, division_as_of, category, annual_income_fen, income_year, version,
    created_at, created_by, updated_at, updated_by) ON household TO fangpin_claims_reader
--;;
GRANT SELECT (book, household_id, id, position, relation, left_on, left_reason) ON member TO fangpin_claims_reader
--;;
GRANT SELECT (book, id, channel, department, found_on, town_code, village_code, created_at, created_by, status, household_id, step_count,
    last_step, last_outcome, last_done_on) ON lead TO fangpin_claims_reader
--;;
GRANT SELECT (book, lead_id, position, step, outcome, done_on, household_id, category, steps_version, at, by_person)
    ON lead_step TO fangpin_claims_reader
--;;
GRANT SELECT ON household_event, monitoring_event, income_line TO fangpin_claims_reader
