-- A household's number 户编号 in the lists it comes from, and what makes a repeated import of it the same.
ALTER TABLE household
    ADD COLUMN external_number_cipher bytea,
    ADD COLUMN external_number_index bytea,
    ADD COLUMN content_index bytea,
    ADD COLUMN import_job_id uuid,
    ADD CONSTRAINT uq_household_book_external_number_index UNIQUE (book, external_number_index),
    ADD CONSTRAINT ck_household_external_number_indexed CHECK ((external_number_cipher IS NULL) = (external_number_index IS NULL));
CREATE INDEX ix_household_book_bank_account_index_id ON household (book, bank_account_index, id);
CREATE INDEX ix_household_book_import_job_id_id ON household (book, import_job_id, id);

-- since_version: the version of the household from which on the row reads as it does.
-- name_birth_index: empty means not computed yet; only the service has the key, its worker fills it in.
ALTER TABLE member
    ADD COLUMN since_version integer NOT NULL DEFAULT 1,
    ADD COLUMN joined_on date,
    ADD COLUMN moved_from uuid,
    ADD COLUMN name_birth_index bytea,
    ADD CONSTRAINT fk_member_book_moved_from_member FOREIGN KEY (book, moved_from) REFERENCES member (book, id);
ALTER TABLE member ALTER COLUMN since_version DROP DEFAULT;
CREATE INDEX ix_member_book_name_birth_index_id ON member (book, name_birth_index, id);
-- The oldest other record of a value is looked up for each new one: by order of entry, or a phone that thousands share would cost its square.
CREATE INDEX ix_member_book_phone_index_id ON member (book, phone_index, id);
DROP INDEX ix_member_book_phone_index;
CREATE INDEX ix_member_name_birth_unknown ON member (book, id) WHERE name_birth_index IS NULL;

-- What a household and its members were before each change, sealed as they were. Written by the triggers below only.
CREATE TABLE household_version (
    book text NOT NULL,
    household_id uuid NOT NULL,
    version integer NOT NULL,
    town_code text NOT NULL,
    village_code text NOT NULL,
    division_system text,
    division_as_of date,
    category text NOT NULL,
    annual_income_fen bigint NOT NULL,
    income_year smallint NOT NULL,
    bank_account_cipher bytea,
    responsible_cadre_cipher bytea,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_household_version PRIMARY KEY (book, household_id, version),
    CONSTRAINT fk_household_version_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id)
);
CREATE TABLE member_version (
    book text NOT NULL,
    household_id uuid NOT NULL,
    member_id uuid NOT NULL,
    since_version integer NOT NULL,
    until_version integer NOT NULL,
    position smallint NOT NULL,
    relation text NOT NULL,
    name_cipher bytea NOT NULL,
    id_number_cipher bytea NOT NULL,
    phone_cipher bytea,
    joined_on date,
    left_on date,
    left_reason text,
    CONSTRAINT pk_member_version PRIMARY KEY (book, member_id, since_version),
    CONSTRAINT fk_member_version_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT fk_member_version_book_member_id_member FOREIGN KEY (book, member_id) REFERENCES member (book, id),
    CONSTRAINT ck_member_version_span CHECK (since_version < until_version)
);
CREATE INDEX ix_member_version_book_household_id_since_version ON member_version (book, household_id, since_version);

CREATE FUNCTION keep_household_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'a household changes one version at a time' USING ERRCODE = 'FP101';
    END IF;
    INSERT INTO public.household_version (book, household_id, version, town_code, village_code, division_system, division_as_of,
        category, annual_income_fen, income_year, bank_account_cipher, responsible_cadre_cipher, valid_from, valid_until, by_person)
    VALUES (OLD.book, OLD.id, OLD.version, OLD.town_code, OLD.village_code, OLD.division_system, OLD.division_as_of, OLD.category,
        OLD.annual_income_fen, OLD.income_year, OLD.bank_account_cipher, OLD.responsible_cadre_cipher, OLD.updated_at, NEW.updated_at,
        OLD.updated_by);
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_member_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.member_version (book, household_id, member_id, since_version, until_version, position, relation, name_cipher,
        id_number_cipher, phone_cipher, joined_on, left_on, left_reason)
    VALUES (OLD.book, OLD.household_id, OLD.id, OLD.since_version, NEW.since_version, OLD.position, OLD.relation, OLD.name_cipher,
        OLD.id_number_cipher, OLD.phone_cipher, OLD.joined_on, OLD.left_on, OLD.left_reason);
    RETURN NULL;
END
$$;
CREATE FUNCTION refuse_unversioned_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% changes with a new version only', TG_TABLE_NAME USING ERRCODE = 'FP101';
END
$$;
REVOKE EXECUTE ON FUNCTION keep_household_version(), keep_member_version(), refuse_unversioned_change() FROM PUBLIC;
CREATE TRIGGER keep_version AFTER UPDATE ON household FOR EACH ROW
    WHEN (NEW.version IS DISTINCT FROM OLD.version) EXECUTE FUNCTION keep_household_version();
CREATE TRIGGER keep_version AFTER UPDATE ON member FOR EACH ROW
    WHEN (NEW.since_version IS DISTINCT FROM OLD.since_version) EXECUTE FUNCTION keep_member_version();
-- Sealing anew under another key, or erasing what names a person, is no change of who was what: ciphertexts and indexes are not compared.
CREATE TRIGGER versioned BEFORE UPDATE ON household FOR EACH ROW
    WHEN (NEW.version = OLD.version AND (NEW.town_code, NEW.village_code, NEW.category, NEW.annual_income_fen, NEW.income_year)
        IS DISTINCT FROM (OLD.town_code, OLD.village_code, OLD.category, OLD.annual_income_fen, OLD.income_year))
    EXECUTE FUNCTION refuse_unversioned_change();
CREATE TRIGGER versioned BEFORE UPDATE ON member FOR EACH ROW
    WHEN (NEW.since_version = OLD.since_version AND (NEW.relation, NEW.joined_on, NEW.left_on, NEW.left_reason)
        IS DISTINCT FROM (OLD.relation, OLD.joined_on, OLD.left_on, OLD.left_reason))
    EXECUTE FUNCTION refuse_unversioned_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON household_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON member_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE consent (
    book text NOT NULL,
    household_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Whom it is about; empty: the whole household.
    member_id uuid,
    kind text NOT NULL,
    given_on date NOT NULL,
    given_by uuid NOT NULL,
    document_reference text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    CONSTRAINT pk_consent PRIMARY KEY (book, id),
    CONSTRAINT fk_consent_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT fk_consent_book_member_id_member FOREIGN KEY (book, member_id) REFERENCES member (book, id),
    CONSTRAINT fk_consent_book_given_by_member FOREIGN KEY (book, given_by) REFERENCES member (book, id)
);
CREATE INDEX ix_consent_book_household_id_id ON consent (book, household_id, id);
CREATE TABLE consent_withdrawal (
    book text NOT NULL,
    consent_id uuid NOT NULL,
    withdrawn_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    CONSTRAINT pk_consent_withdrawal PRIMARY KEY (book, consent_id),
    CONSTRAINT fk_consent_withdrawal_book_consent_id_consent FOREIGN KEY (book, consent_id) REFERENCES consent (book, id)
);

-- Two records that share a value, the older one first. Subjects are members, or households where they share a bank account.
CREATE TABLE possible_duplicate (
    book text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    household_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    other_household_id uuid NOT NULL,
    other_subject_id uuid NOT NULL,
    found_at timestamptz NOT NULL,
    CONSTRAINT pk_possible_duplicate PRIMARY KEY (book, id),
    CONSTRAINT uq_possible_duplicate_book_kind_subject_id_other_subject_id UNIQUE (book, kind, subject_id, other_subject_id),
    CONSTRAINT fk_possible_duplicate_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT fk_possible_duplicate_book_other_household_id_household FOREIGN KEY (book, other_household_id)
        REFERENCES household (book, id),
    CONSTRAINT ck_possible_duplicate_kind CHECK (kind IN ('id_number', 'bank_account', 'phone', 'name_birth')),
    CONSTRAINT ck_possible_duplicate_older_first CHECK (subject_id < other_subject_id AND household_id <> other_household_id)
);
CREATE INDEX ix_possible_duplicate_book_household_id ON possible_duplicate (book, household_id);
CREATE INDEX ix_possible_duplicate_book_other_household_id ON possible_duplicate (book, other_household_id);
CREATE TABLE duplicate_resolution (
    book text NOT NULL,
    duplicate_id uuid NOT NULL,
    position smallint NOT NULL,
    resolution text NOT NULL,
    note_cipher bytea NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_duplicate_resolution PRIMARY KEY (book, duplicate_id, position),
    CONSTRAINT fk_duplicate_resolution_book_duplicate_id_possible_duplicate FOREIGN KEY (book, duplicate_id)
        REFERENCES possible_duplicate (book, id),
    CONSTRAINT ck_duplicate_resolution_resolution CHECK (resolution IN ('same_person', 'different')),
    CONSTRAINT ck_duplicate_resolution_position CHECK (position >= 1)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_withdrawal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON possible_duplicate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON duplicate_resolution FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE import_job (
    book text NOT NULL,
    id uuid NOT NULL,
    mode text NOT NULL,
    preview boolean NOT NULL,
    status text NOT NULL,
    phase text NOT NULL,
    -- Divisions the person may work in; empty: the whole book.
    places text[] NOT NULL,
    file_bytes bigint NOT NULL,
    rows_total integer,
    -- The last row of the file this phase is through with, and the last household flagged.
    rows_done integer NOT NULL,
    flagged_to uuid,
    households_new integer NOT NULL,
    households_known integer NOT NULL,
    rows_accepted integer NOT NULL,
    rows_refused integer NOT NULL,
    duplicates_found integer NOT NULL,
    -- Why the file as a whole was not taken: [{field, code, detail_zh, detail_en}].
    faults jsonb,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    finished_at timestamptz,
    leased_by text,
    lease_until timestamptz,
    tries smallint NOT NULL,
    CONSTRAINT pk_import_job PRIMARY KEY (book, id),
    CONSTRAINT ck_import_job_mode CHECK (mode IN ('all', 'good')),
    CONSTRAINT ck_import_job_status CHECK (status IN ('uploading', 'waiting', 'done', 'refused', 'failed')),
    CONSTRAINT ck_import_job_phase CHECK (phase IN ('checking', 'importing', 'flagging')),
    CONSTRAINT ck_import_job_finished CHECK ((status IN ('done', 'refused', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX ix_import_job_unfinished ON import_job (created_at) WHERE finished_at IS NULL;
-- The file, sealed in pieces; deleted when its job ends.
CREATE TABLE import_piece (
    book text NOT NULL,
    job_id uuid NOT NULL,
    position integer NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT pk_import_piece PRIMARY KEY (book, job_id, position),
    CONSTRAINT fk_import_piece_book_job_id_import_job FOREIGN KEY (book, job_id) REFERENCES import_job (book, id)
);
-- A row that was not taken: what is wrong with it (never a value), and its cells, sealed, for the file of refused rows. Row 0 is the heading.
CREATE TABLE import_refusal (
    book text NOT NULL,
    job_id uuid NOT NULL,
    row integer NOT NULL,
    faults jsonb NOT NULL,
    cells_cipher bytea NOT NULL,
    CONSTRAINT pk_import_refusal PRIMARY KEY (book, job_id, row),
    CONSTRAINT fk_import_refusal_book_job_id_import_job FOREIGN KEY (book, job_id) REFERENCES import_job (book, id)
);

GRANT UPDATE (external_number_cipher, external_number_index) ON household TO fangpin_claims_service;
GRANT UPDATE (since_version, joined_on, name_birth_index) ON member TO fangpin_claims_service;
GRANT SELECT, UPDATE (bank_account_cipher, responsible_cadre_cipher) ON household_version TO fangpin_claims_service;
GRANT SELECT, UPDATE (name_cipher, id_number_cipher, phone_cipher) ON member_version TO fangpin_claims_service;
GRANT SELECT, INSERT ON consent, consent_withdrawal, possible_duplicate, duplicate_resolution TO fangpin_claims_service;
GRANT UPDATE (note_cipher) ON duplicate_resolution TO fangpin_claims_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON import_job TO fangpin_claims_service;
GRANT SELECT, INSERT, DELETE ON import_piece, import_refusal TO fangpin_claims_service;
GRANT UPDATE (cells_cipher) ON import_refusal TO fangpin_claims_service;
-- The reader sees what is not secret: no ciphertext and no blind index.
GRANT SELECT (import_job_id) ON household TO fangpin_claims_reader;
GRANT SELECT (since_version, joined_on, moved_from) ON member TO fangpin_claims_reader;
GRANT SELECT (book, household_id, version, town_code, village_code, division_system, division_as_of, category, annual_income_fen,
    income_year, valid_from, valid_until, by_person) ON household_version TO fangpin_claims_reader;
GRANT SELECT (book, household_id, member_id, since_version, until_version, position, relation, joined_on, left_on, left_reason)
    ON member_version TO fangpin_claims_reader;
GRANT SELECT (book, duplicate_id, position, resolution, at, by_person) ON duplicate_resolution TO fangpin_claims_reader;
GRANT SELECT (book, job_id, row, faults) ON import_refusal TO fangpin_claims_reader;
GRANT SELECT ON consent, consent_withdrawal, possible_duplicate, import_job TO fangpin_claims_reader;
