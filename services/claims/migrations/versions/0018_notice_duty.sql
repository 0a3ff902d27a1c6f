-- Putting up a public notice belongs to the village's review: who did it may have no other duty on the claim, and did not decide
-- the claim that this one appeals.
CREATE OR REPLACE FUNCTION claim_duties_lie_apart() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    deciding CONSTANT text[] := ARRAY['village_review', 'town_check', 'survey', 'second_look', 'county_approval'];
BEGIN
    IF EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person AND duty <> NEW.duty
    ) OR NEW.duty <> 'village_review' AND EXISTS (
        SELECT FROM claim_notice WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person
    ) THEN
        RAISE EXCEPTION 'one person has two duties on claim %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    IF NEW.duty = ANY (deciding) AND EXISTS (
        SELECT FROM claim c JOIN claim_event e ON e.book = c.book AND e.claim_id = c.appeal_of
        WHERE c.book = NEW.book AND c.id = NEW.claim_id AND e.by_person = NEW.by_person AND e.duty = ANY (deciding)
    ) THEN
        RAISE EXCEPTION 'who decided a claim decides its appeal %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION claim_notice_is_the_reviewers() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person AND duty <> 'village_review'
    ) THEN
        RAISE EXCEPTION 'one person has two duties on claim %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_notice_is_the_reviewers() FROM PUBLIC;
CREATE TRIGGER duties_lie_apart BEFORE INSERT ON claim_notice
    FOR EACH ROW EXECUTE FUNCTION claim_notice_is_the_reviewers();
