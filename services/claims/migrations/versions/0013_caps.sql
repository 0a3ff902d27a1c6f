-- When a claim is approved, its benefit and everything approved before it stay within every running cap of the terms it was decided by.
-- The service decides under the same locks, from more than this sees (a person whose ID number was corrected); this holds whatever a session
-- does without them. What was approved under wider terms before stays.
CREATE FUNCTION claim_within_caps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    consuming CONSTANT text[] := ARRAY['approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned', 'closed'];
    ruling terms%ROWTYPE;
    used record;
BEGIN
    IF NEW.status <> 'approved' OR OLD.status = ANY (consuming) THEN
        RETURN NULL;
    END IF;
    SELECT t.* INTO ruling
    FROM claim_decision d JOIN terms t ON t.book = d.book AND t.id = d.terms_id
    WHERE d.book = NEW.book AND d.claim_id = NEW.id AND d.final;
    IF NOT FOUND THEN
        -- Without a final decision the claim is refused at commit (matches_its_records).
        RETURN NULL;
    END IF;
    -- The same locks in the same order as the service takes them, so that two approvals are added up one after the other.
    PERFORM FROM household WHERE book = NEW.book AND id = NEW.household_id FOR UPDATE;
    PERFORM pg_advisory_xact_lock(hashtextextended('claimant/' || NEW.book || '/' || encode(NEW.claimant_index, 'hex'), 0));
    SELECT
        coalesce(sum(benefit_fen) FILTER (WHERE claimant_index = NEW.claimant_index AND cause = NEW.cause), 0) AS person,
        coalesce(sum(benefit_fen) FILTER (WHERE claimant_index = NEW.claimant_index), 0) AS person_year,
        coalesce(sum(benefit_fen) FILTER (WHERE household_id = NEW.household_id AND cause = NEW.cause), 0) AS household,
        coalesce(sum(benefit_fen) FILTER (WHERE household_id = NEW.household_id), 0) AS household_year
    INTO used
    FROM claim
    WHERE book = NEW.book AND policy_id = NEW.policy_id AND status = ANY (consuming)
        AND (claimant_index = NEW.claimant_index OR household_id = NEW.household_id);
    IF NEW.benefit_fen > ruling.claim_cap_fen
        OR (CASE ruling.base WHEN 'person' THEN used.person ELSE used.household END) > ruling.cap_fen
        OR used.person > ruling.person_cap_fen OR used.person_year > ruling.person_year_cap_fen
        OR used.household > ruling.household_cap_fen OR used.household_year > ruling.household_year_cap_fen
    THEN
        RAISE EXCEPTION 'claim % goes beyond a cap of its terms', NEW.number USING ERRCODE = 'FP130';
    END IF;
    RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION claim_within_caps() FROM PUBLIC;

CREATE TRIGGER within_caps AFTER UPDATE OF status ON claim
    FOR EACH ROW EXECUTE FUNCTION claim_within_caps();
