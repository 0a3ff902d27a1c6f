-- What is open, expires soon or has expired is found without reading every encumbrance there ever was.
CREATE INDEX ix_encumbrance_balance_open ON encumbrance_balance (expires_at, book) WHERE remaining_fen > 0;

CREATE FUNCTION purpose_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'purpose') THEN
        RAISE EXCEPTION 'purpose % of book % has no chain record', NEW.code, NEW.book USING ERRCODE = 'FP010';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER purpose_recorded AFTER INSERT ON purpose FOR EACH ROW EXECUTE FUNCTION purpose_recorded();

-- A version's record follows the entry that booked it, so that one entry is one version; the versions of a year follow one another.
CREATE FUNCTION budget_version_proved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM chain_record c
        JOIN chain_record b ON b.book = c.book AND b.position = c.position - 1 AND b.seq = NEW.seq
        JOIN journal_entry e ON e.book = b.book AND e.seq = b.seq AND e.kind = 'budget_version'
        WHERE c.book = NEW.book AND c.position = NEW.position AND c.kind = 'budget') THEN
        RAISE EXCEPTION 'version % of budget % of book % has no chain record after its entry', NEW.version, NEW.fiscal_year, NEW.book
            USING ERRCODE = 'FP010';
    END IF;
    IF NEW.version > 1 AND NOT EXISTS (
        SELECT FROM budget_version WHERE book = NEW.book AND fiscal_year = NEW.fiscal_year AND version = NEW.version - 1) THEN
        RAISE EXCEPTION 'version % of budget % of book % does not follow without a gap', NEW.version, NEW.fiscal_year, NEW.book
            USING ERRCODE = 'FP013';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER budget_version_proved AFTER INSERT ON budget_version FOR EACH ROW EXECUTE FUNCTION budget_version_proved();

REVOKE ALL ON FUNCTION purpose_recorded(), budget_version_proved() FROM PUBLIC;
