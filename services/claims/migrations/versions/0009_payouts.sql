-- What an item has to do with the item before it of the same claim.
ALTER TABLE payout_item
    ADD COLUMN replaces_item_id uuid,
    ADD COLUMN account_standing text NOT NULL DEFAULT 'first',
    ADD COLUMN unchanged_reason text,
    ADD CONSTRAINT fk_payout_item_book_replaces_item_id_payout_item FOREIGN KEY (book, replaces_item_id) REFERENCES payout_item (book, id),
    ADD CONSTRAINT ck_payout_item_account_standing CHECK (account_standing IN ('first', 'corrected', 'unchanged')),
    ADD CONSTRAINT ck_payout_item_replaces CHECK ((account_standing = 'first') = (replaces_item_id IS NULL)),
    ADD CONSTRAINT ck_payout_item_unchanged CHECK (unchanged_reason IS NULL OR account_standing = 'unchanged');
ALTER TABLE payout_item ALTER COLUMN account_standing DROP DEFAULT;

-- Every issue of a file has its number; the first is free, every later one was allowed with a reason.
ALTER TABLE file_issue ADD COLUMN number smallint;
ALTER TABLE file_issue DISABLE TRIGGER append_only;
UPDATE file_issue AS f SET number = counted.number
FROM (SELECT book, id, row_number() OVER (PARTITION BY book, batch_id ORDER BY issued_at, id) AS number FROM file_issue) AS counted
WHERE f.book = counted.book AND f.id = counted.id;
ALTER TABLE file_issue ENABLE TRIGGER append_only;
ALTER TABLE file_issue
    ALTER COLUMN number SET NOT NULL,
    ADD CONSTRAINT uq_file_issue_book_batch_id_number UNIQUE (book, batch_id, number),
    ADD CONSTRAINT ck_file_issue_number CHECK (number > 0);
DROP INDEX ix_file_issue_book_batch_id;

CREATE TABLE payout_batch_event (
    book text NOT NULL,
    batch_id uuid NOT NULL,
    position smallint NOT NULL,
    event text NOT NULL,
    by_person text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    control_count integer NOT NULL,
    control_total_fen bigint NOT NULL,
    reason text,
    template text,
    items text[] NOT NULL,
    CONSTRAINT pk_payout_batch_event PRIMARY KEY (book, batch_id, position),
    CONSTRAINT fk_payout_batch_event_book_batch_id_payout_batch FOREIGN KEY (book, batch_id) REFERENCES payout_batch (book, id),
    CONSTRAINT ck_payout_batch_event_event CHECK (event IN ('prepared', 'approved', 'refused', 'items_withdrawn', 'reissue_allowed')),
    CONSTRAINT ck_payout_batch_event_reason CHECK (event NOT IN ('items_withdrawn', 'reissue_allowed') OR reason IS NOT NULL),
    CONSTRAINT ck_payout_batch_event_items CHECK ((event = 'items_withdrawn') = (cardinality(items) > 0))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_batch_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A file beyond the first needs an act that allowed it.
CREATE FUNCTION refuse_unallowed_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 + (SELECT count(*) FROM payout_batch_event
                         WHERE book = NEW.book AND batch_id = NEW.batch_id AND event = 'reissue_allowed') THEN
        RAISE EXCEPTION 'nobody allowed issue % of the bank file', NEW.number USING ERRCODE = 'FP111';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_unallowed_issue() FROM PUBLIC;
CREATE TRIGGER issued_once BEFORE INSERT ON file_issue FOR EACH ROW EXECUTE FUNCTION refuse_unallowed_issue();

-- What the bank may have seen leaves a batch by the bank's word only.
CREATE FUNCTION refuse_late_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'open' THEN
        RAISE EXCEPTION 'item % is no longer open', OLD.number USING ERRCODE = 'FP112';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_late_withdrawal() FROM PUBLIC;
CREATE TRIGGER withdrawn_while_open BEFORE UPDATE OF status ON payout_item
    FOR EACH ROW WHEN (NEW.status = 'withdrawn') EXECUTE FUNCTION refuse_late_withdrawal();

-- The control figures two people approve are those of the items that are in the batch.
CREATE FUNCTION refuse_wrong_controls() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_batch uuid := CASE TG_TABLE_NAME WHEN 'payout_batch' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'batch_id')::uuid END;
    stated record;
    found record;
BEGIN
    SELECT status, control_count, control_total_fen INTO stated FROM payout_batch WHERE book = NEW.book AND id = the_batch;
    IF stated.status <> 'refused' THEN
        SELECT count(*) AS items, coalesce(sum(amount_fen), 0) AS total INTO found FROM payout_item
        WHERE book = NEW.book AND batch_id = the_batch AND status <> 'withdrawn';
        IF (stated.control_count, stated.control_total_fen) IS DISTINCT FROM (found.items, found.total) THEN
            RAISE EXCEPTION 'batch % states % items, % fen and has % items, % fen', the_batch, stated.control_count,
                stated.control_total_fen, found.items, found.total USING ERRCODE = 'FP113';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_wrong_controls() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER controls_match AFTER INSERT OR UPDATE ON payout_batch
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_wrong_controls();
CREATE CONSTRAINT TRIGGER controls_match AFTER UPDATE OF status ON payout_item
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'withdrawn') EXECUTE FUNCTION refuse_wrong_controls();

GRANT SELECT, INSERT ON payout_batch_event TO fangpin_claims_service;
GRANT UPDATE (prepared_by, control_count, control_total_fen) ON payout_batch TO fangpin_claims_service;
GRANT SELECT ON payout_batch_event TO fangpin_claims_reader;
GRANT SELECT (replaces_item_id, account_standing) ON payout_item TO fangpin_claims_reader;
