-- Givers: the books know a reference, the person lies sealed beside it and can be erased.

CREATE TABLE giver (
    book text NOT NULL,
    ref text NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_giver PRIMARY KEY (book, ref),
    CONSTRAINT fk_giver_book_book FOREIGN KEY (book) REFERENCES book (code)
);

CREATE TABLE giver_person (
    book text NOT NULL,
    ref text NOT NULL,
    name_sealed bytea NOT NULL,
    contact_sealed bytea,
    CONSTRAINT pk_giver_person PRIMARY KEY (book, ref),
    CONSTRAINT fk_giver_person_book_ref_giver FOREIGN KEY (book, ref) REFERENCES giver (book, ref)
);

-- Each time a person was shown in the clear: to whom, when and why.
CREATE TABLE giver_disclosure (
    book text NOT NULL,
    id uuid NOT NULL,
    ref text NOT NULL,
    by_person text NOT NULL,
    reason text NOT NULL,
    disclosed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_giver_disclosure PRIMARY KEY (book, id),
    CONSTRAINT fk_giver_disclosure_book_ref_giver FOREIGN KEY (book, ref) REFERENCES giver (book, ref)
);
CREATE INDEX ix_giver_disclosure_ref ON giver_disclosure (ref, book);

CREATE TABLE giver_erasure (
    book text NOT NULL,
    ref text NOT NULL,
    by_person text NOT NULL,
    reason text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_giver_erasure PRIMARY KEY (book, ref),
    CONSTRAINT fk_giver_erasure_book_ref_giver FOREIGN KEY (book, ref) REFERENCES giver (book, ref)
);

-- An inserted row erases the person, for good: nobody comes back under an erased reference.
CREATE FUNCTION giver_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM giver_person WHERE book = NEW.book AND ref = NEW.ref;
    RETURN NULL;
END $$;
CREATE TRIGGER giver_erased AFTER INSERT ON giver_erasure FOR EACH ROW EXECUTE FUNCTION giver_erased();

CREATE FUNCTION giver_person_known() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM giver_erasure WHERE book = NEW.book AND ref = NEW.ref) THEN
        RAISE EXCEPTION 'giver % of book % was erased', NEW.ref, NEW.book USING ERRCODE = 'FP040';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER giver_person_known BEFORE INSERT ON giver_person FOR EACH ROW EXECUTE FUNCTION giver_person_known();

GRANT SELECT, INSERT ON giver, giver_person, giver_disclosure, giver_erasure TO fangpin_ledger_service;
-- Readers see who asked and when, not what is sealed.
GRANT SELECT ON giver, giver_disclosure, giver_erasure TO fangpin_ledger_reader;
