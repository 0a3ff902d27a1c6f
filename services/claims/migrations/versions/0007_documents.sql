CREATE TABLE document (
    book text NOT NULL,
    id uuid NOT NULL,
    claim_id uuid NOT NULL,
    kind text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    content_name text NOT NULL,
    file_name_cipher bytea,
    key_cipher bytea,
    by_person text NOT NULL,
    at timestamptz NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz,
    withdrawal_reason_cipher bytea,
    erased_at timestamptz,
    CONSTRAINT pk_document PRIMARY KEY (book, id),
    CONSTRAINT uq_document_book_content_name UNIQUE (book, content_name),
    CONSTRAINT fk_document_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT ck_document_content CHECK (octet_length(sha256) = 32 AND size_bytes > 0),
    CONSTRAINT ck_document_media_type CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    CONSTRAINT ck_document_withdrawn CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL)),
    CONSTRAINT ck_document_withdrawal_reason CHECK (withdrawal_reason_cipher IS NULL OR withdrawn_at IS NOT NULL),
    -- Erased means: nothing opens any more.
    CONSTRAINT ck_document_erased CHECK ((erased_at IS NULL) = (key_cipher IS NOT NULL)
        AND (erased_at IS NULL OR (file_name_cipher IS NULL AND withdrawal_reason_cipher IS NULL)))
);
CREATE INDEX ix_document_book_claim_id_id ON document (book, claim_id, id);
CREATE INDEX ix_document_book_sha256 ON document (book, sha256);
-- The same content twice on a claim is one document.
CREATE UNIQUE INDEX uq_document_content_once ON document (book, claim_id, sha256) WHERE withdrawn_at IS NULL;

-- Contents that lie in the store without a document: an upload on its way, or what is to be removed.
CREATE TABLE document_unsettled (
    book text NOT NULL,
    content_name text NOT NULL,
    due_at timestamptz NOT NULL,
    doomed boolean NOT NULL,
    CONSTRAINT pk_document_unsettled PRIMARY KEY (book, content_name)
);
CREATE INDEX ix_document_unsettled_due_at ON document_unsettled (due_at);

-- A document moves one way: kept, withdrawn once, erased once. A rotation may seal anew what is sealed, and nothing else changes.
CREATE FUNCTION document_moves_one_way() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_at, NEW.withdrawn_by) IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_by))
        OR (OLD.erased_at IS NOT NULL AND NEW IS DISTINCT FROM OLD)
        OR (NEW.erased_at IS NULL AND (NEW.file_name_cipher IS NULL) IS DISTINCT FROM (OLD.file_name_cipher IS NULL))
        OR (NEW.erased_at IS NULL AND OLD.withdrawn_at IS NOT NULL
            AND (NEW.withdrawal_reason_cipher IS NULL) IS DISTINCT FROM (OLD.withdrawal_reason_cipher IS NULL))
    THEN
        RAISE EXCEPTION 'document % does not move that way', OLD.id USING ERRCODE = 'FP101';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION document_moves_one_way() FROM PUBLIC;
CREATE TRIGGER moves_one_way BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_moves_one_way();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON document FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON document, document_unsettled TO fangpin_claims_service;
GRANT UPDATE (file_name_cipher, key_cipher, withdrawn_by, withdrawn_at, withdrawal_reason_cipher, erased_at) ON document
    TO fangpin_claims_service;
GRANT UPDATE (due_at, doomed), DELETE ON document_unsettled TO fangpin_claims_service;
GRANT SELECT (book, id, claim_id, kind, media_type, size_bytes, sha256, by_person, at, withdrawn_by, withdrawn_at, erased_at) ON document
    TO fangpin_claims_reader;
