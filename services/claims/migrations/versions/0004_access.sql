-- The access log: one chain a book. A head per book is both the lock that orders its records and the place the next one must follow.

CREATE TABLE access_head (
    book text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    lock_token smallint NOT NULL DEFAULT 0,
    CONSTRAINT pk_access_head PRIMARY KEY (book)
);

CREATE TABLE access_record (
    book text NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    person text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    subject_id uuid,
    reason text,
    detail jsonb NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_access_record PRIMARY KEY (book, position),
    CONSTRAINT fk_access_record_book_access_head FOREIGN KEY (book) REFERENCES access_head (book),
    CONSTRAINT ck_access_record_action CHECK (action IN ('unmask', 'download', 'export', 'erasure')),
    CONSTRAINT ck_access_record_reason CHECK (action IN ('download', 'export') OR reason IS NOT NULL),
    CONSTRAINT ck_access_record_hashes CHECK (octet_length(hash) = 32 AND octet_length(prev_hash) = 32)
);
CREATE INDEX ix_access_record_book_person_position ON access_record (book, person, position);
CREATE INDEX ix_access_record_book_subject_id_position ON access_record (book, subject_id, position);

-- A record continues its book's chain and was written just now: no gap, no second branch, no date of yesterday.
CREATE FUNCTION access_record_linked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head access_head%ROWTYPE;
BEGIN
    SELECT * INTO head FROM access_head WHERE book = NEW.book FOR UPDATE;
    IF NOT FOUND OR NEW.position <> head.position + 1 OR NEW.prev_hash <> head.hash THEN
        RAISE EXCEPTION 'record % of the access log of book % does not continue it', NEW.position, NEW.book USING ERRCODE = 'FP110';
    END IF;
    IF NEW.at < transaction_timestamp() OR NEW.at > clock_timestamp() THEN
        RAISE EXCEPTION 'record % of the access log of book % is not dated now', NEW.position, NEW.book USING ERRCODE = 'FP111';
    END IF;
    UPDATE access_head SET position = NEW.position, hash = NEW.hash WHERE book = NEW.book;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION access_record_linked() FROM PUBLIC;
CREATE TRIGGER access_record_linked AFTER INSERT ON access_record FOR EACH ROW EXECUTE FUNCTION access_record_linked();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON access_record TO fangpin_claims_service;
-- A new book's head starts at nothing; after that it is locked through its token and moved by the trigger alone.
GRANT SELECT, INSERT (book), UPDATE (lock_token) ON access_head TO fangpin_claims_service;
GRANT SELECT ON access_record, access_head TO fangpin_claims_reader;
