-- Maker and checker, proved deeper: what the rows say is what their chain records say, an entry is let through by one decision only,
-- and no voucher is reviewed by who prepared it.

ALTER TABLE journal_entry ADD CONSTRAINT ck_journal_entry_reviewed_by CHECK (reviewed_by <> prepared_by);
ALTER TABLE decision ADD CONSTRAINT uq_decision_seq_book UNIQUE (seq, book),
    ADD CONSTRAINT uq_decision_position_book UNIQUE (position, book);

-- Who decides is never who prepared or sent; who withdraws is one of them. An approval names the entry it let through: of the proposal's
-- kind, by its preparer, reviewed by who approves, and booked after the proposal and before the decision, in one transaction with it.
CREATE OR REPLACE FUNCTION decision_proved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wish proposal%ROWTYPE;
    told jsonb;
BEGIN
    SELECT * INTO wish FROM proposal WHERE book = NEW.book AND id = NEW.proposal;
    IF NOT FOUND OR (NEW.outcome = 'withdrawn') <> (NEW.by_person IN (wish.prepared_by, wish.sent_by)) THEN
        RAISE EXCEPTION 'proposal % of book % cannot be decided so by this person', NEW.proposal, NEW.book USING ERRCODE = 'FP020';
    END IF;
    SELECT content::jsonb INTO told FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'decision';
    IF NOT FOUND OR (told ->> 'proposal', told ->> 'outcome', told ->> 'by', told ->> 'reason', told ->> 'seq')
            IS DISTINCT FROM (NEW.proposal::text, NEW.outcome, NEW.by_person, NEW.reason, NEW.seq::text) THEN
        RAISE EXCEPTION 'decision on proposal % of book % is not in the chain as it stands', NEW.proposal, NEW.book USING ERRCODE = 'FP010';
    END IF;
    IF NEW.seq IS NOT NULL AND NOT EXISTS (
            SELECT FROM journal_entry e JOIN chain_record r ON r.book = e.book AND r.seq = e.seq
            WHERE e.book = NEW.book AND e.seq = NEW.seq AND e.kind = wish.kind AND e.prepared_by = wish.prepared_by
                AND e.reviewed_by = NEW.by_person AND r.position > wish.position AND r.position < NEW.position
                AND told ->> 'entry' = e.id::text AND told ->> 'entry_hash' = encode(r.hash, 'hex')
                AND e.posted_at = NEW.decided_at) THEN
        RAISE EXCEPTION 'entry % of book % is not what proposal % asked for', NEW.seq, NEW.book, NEW.proposal USING ERRCODE = 'FP020';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION proposal_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM chain_record r, LATERAL (SELECT r.content::jsonb AS told) c
            WHERE r.book = NEW.book AND r.position = NEW.position AND r.kind = 'proposal'
                AND (told ->> 'id', told ->> 'operation', told ->> 'kind', told ->> 'amount_fen', told ->> 'period', told ->> 'effective_on',
                     told ->> 'description', told ->> 'reference', told ->> 'prepared_by', told ->> 'sent_by')
                    IS NOT DISTINCT FROM
                    (NEW.id::text, NEW.operation, NEW.kind, NEW.amount_fen::text, NEW.period, to_char(NEW.effective_on, 'YYYY-MM-DD'),
                     NEW.description, NEW.reference, NEW.prepared_by, NEW.sent_by)
                AND told -> 'funds' = to_jsonb(NEW.funds) AND told -> 'arguments' = NEW.arguments::jsonb) THEN
        RAISE EXCEPTION 'proposal % of book % is not in the chain as it stands', NEW.id, NEW.book USING ERRCODE = 'FP010';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION approval_policy_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'approval_rules'
                AND content::jsonb -> 'rules' = NEW.rules AND content::jsonb ->> 'set_by' = NEW.set_by) THEN
        RAISE EXCEPTION 'approval rules of book % are not in the chain as they stand', NEW.book USING ERRCODE = 'FP010';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER approval_policy_recorded AFTER INSERT ON approval_policy FOR EACH ROW EXECUTE FUNCTION approval_policy_recorded();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
