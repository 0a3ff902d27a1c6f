-- Putting up a public notice is the duty of the village's review: who did it has no other duty on the claim, and is nobody who
-- decided the claim that this one appeals. One function judges both a step (its own duty) and a notice (the duty its trigger names).
CREATE OR REPLACE FUNCTION claim_duties_lie_apart() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    deciding CONSTANT text[] := ARRAY['village_review', 'town_check', 'survey', 'second_look', 'county_approval'];
    mine text;
    appealed uuid := (SELECT appeal_of FROM claim WHERE book = NEW.book AND id = NEW.claim_id);
BEGIN
    IF TG_NARGS = 1 THEN
        mine := TG_ARGV[0];
    ELSE
        mine := NEW.duty;
    END IF;
    IF EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person AND duty <> mine
    ) OR mine <> 'village_review' AND EXISTS (
        SELECT FROM claim_notice WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person
    ) THEN
        RAISE EXCEPTION 'one person has two duties on claim %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    IF mine = ANY (deciding) AND (EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = appealed AND by_person = NEW.by_person AND duty = ANY (deciding)
    ) OR EXISTS (
        SELECT FROM claim_notice WHERE book = NEW.book AND claim_id = appealed AND by_person = NEW.by_person
    )) THEN
        RAISE EXCEPTION 'who decided a claim decides its appeal %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER duties_lie_apart BEFORE INSERT ON claim_notice
    FOR EACH ROW EXECUTE FUNCTION claim_duties_lie_apart('village_review');
