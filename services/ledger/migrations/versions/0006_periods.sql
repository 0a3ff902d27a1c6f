-- Year-end: what becomes of a year's budget, by rules of the book; and December stays closed once its adjusting period has begun.

-- Which funds' budget lapses and which is carried forward: the latest version counts.
CREATE TABLE carry_rules (
    book text NOT NULL,
    position bigint NOT NULL,
    rules jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_carry_rules PRIMARY KEY (book, position),
    CONSTRAINT fk_carry_rules_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position)
);
GRANT SELECT ON carry_rules TO fangpin_ledger_service, fangpin_ledger_reader;
GRANT INSERT ON carry_rules TO fangpin_ledger_service;

CREATE FUNCTION carry_rules_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'carry_rules') THEN
        RAISE EXCEPTION 'carry-forward rules of book % have no chain record', NEW.book USING ERRCODE = 'FP010';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER carry_rules_recorded AFTER INSERT ON carry_rules FOR EACH ROW EXECUTE FUNCTION carry_rules_recorded();

-- Closing and reopening: the only way a period's status moves. Periods close in order and reopen from the last one back; a December whose
-- adjusting period has entries stays closed, so that nothing slips in between the two. Reopening says why and on whose authority.
CREATE OR REPLACE FUNCTION period_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head chain_head%ROWTYPE;
    chained text;
BEGIN
    -- Written, not only locked: a session whose snapshot still shows the month as it was then fails to serialize when it posts.
    UPDATE chain_head SET position = position WHERE book = NEW.book RETURNING * INTO head;
    IF head.entry_seq <> head.posted_seq THEN
        RAISE EXCEPTION 'book % has an unfinished entry', NEW.book USING ERRCODE = 'FP001';
    END IF;
    SELECT kind INTO chained FROM chain_record WHERE book = NEW.book AND position = NEW.position;
    IF chained IS DISTINCT FROM 'period' THEN
        RAISE EXCEPTION 'period event of book % has no chain record', NEW.book USING ERRCODE = 'FP010';
    END IF;
    IF NEW.action = 'close' THEN
        IF EXISTS (SELECT FROM period WHERE book = NEW.book AND code < NEW.code AND status = 'open') THEN
            RAISE EXCEPTION 'month % of book % cannot close before the months ahead of it', NEW.code, NEW.book USING ERRCODE = 'FP013';
        END IF;
        UPDATE period SET status = 'closed' WHERE book = NEW.book AND code = NEW.code AND status = 'open';
    ELSE
        IF EXISTS (SELECT FROM period WHERE book = NEW.book AND code > NEW.code AND (status = 'closed' OR code = left(NEW.code, 4) || '-13')) THEN
            RAISE EXCEPTION 'month % of book % cannot reopen before the months after it', NEW.code, NEW.book USING ERRCODE = 'FP013';
        END IF;
        IF NEW.reason IS NULL OR NEW.authority IS NULL THEN
            RAISE EXCEPTION 'month % of book % reopens with a reason and an authority only', NEW.code, NEW.book USING ERRCODE = 'FP013';
        END IF;
        UPDATE period SET status = 'open' WHERE book = NEW.book AND code = NEW.code AND status = 'closed';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'month % of book % does not stand where % finds it', NEW.code, NEW.book, NEW.action USING ERRCODE = 'FP013';
    END IF;
    RETURN NULL;
END $$;

-- Functions of this file are nobody's to call.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
