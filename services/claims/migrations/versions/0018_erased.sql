-- Who was erased files no claim, and a closed claim counts against its policy's caps as a paid one does.

CREATE OR REPLACE FUNCTION erasure_permitted(wanted erasure) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    left_already boolean := coalesce((SELECT left_on IS NOT NULL FROM member
        WHERE book = wanted.book AND household_id = wanted.household_id AND id = wanted.member_id), false);
BEGIN
    IF wanted.member_id IS NOT NULL AND NOT EXISTS (SELECT FROM member
        WHERE book = wanted.book AND household_id = wanted.household_id AND id = wanted.member_id) THEN
        RAISE EXCEPTION 'member % is not of household %', wanted.member_id, wanted.household_id USING ERRCODE = 'FP120';
    END IF;
    IF EXISTS (SELECT FROM claim c JOIN policy p ON p.book = c.book AND p.id = c.policy_id
        WHERE c.book = wanted.book AND c.household_id = wanted.household_id
        AND (wanted.member_id IS NULL OR c.claimant_member_id = wanted.member_id)
        AND (c.status NOT IN ('paid', 'refused', 'withdrawn', 'closed')
            OR (c.status IN ('paid', 'closed') AND p.valid_to >= (now() AT TIME ZONE 'Asia/Shanghai')::date)
            OR EXISTS (SELECT FROM ledger_operation o WHERE o.book = c.book AND o.claim_id = c.id AND o.status = 'pending')
            OR EXISTS (SELECT FROM payout_item i WHERE i.book = c.book AND i.claim_id = c.id
                       AND i.status NOT IN ('paid', 'failed', 'withdrawn')))) THEN
        RAISE EXCEPTION 'household % has claims that are not finished', wanted.household_id USING ERRCODE = 'FP120';
    END IF;
    IF EXISTS (SELECT FROM document d JOIN claim c ON c.book = d.book AND c.id = d.claim_id
        WHERE d.book = wanted.book AND c.household_id = wanted.household_id AND d.erased_at IS NULL
        AND (wanted.member_id IS NULL OR c.claimant_member_id = wanted.member_id)) THEN
        RAISE EXCEPTION 'household % has documents that are not erased', wanted.household_id USING ERRCODE = 'FP122';
    END IF;
    IF NOT left_already AND 'ended' <> coalesce((SELECT kind FROM monitoring_event
        WHERE book = wanted.book AND household_id = wanted.household_id ORDER BY position DESC LIMIT 1), 'ended') THEN
        RAISE EXCEPTION 'household % is monitored', wanted.household_id USING ERRCODE = 'FP121';
    END IF;
END $$;

CREATE FUNCTION refuse_claim_of_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Locked first, as an erasure locks it: neither overtakes the other.
    PERFORM FROM household WHERE book = NEW.book AND id = NEW.household_id FOR UPDATE;
    IF EXISTS (SELECT FROM erasure WHERE book = NEW.book AND household_id = NEW.household_id
               AND (member_id IS NULL OR member_id = NEW.claimant_member_id)) THEN
        RAISE EXCEPTION 'the claimant % was erased', NEW.claimant_member_id USING ERRCODE = 'FP123';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION refuse_claim_of_erased() FROM PUBLIC;
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION refuse_claim_of_erased();
