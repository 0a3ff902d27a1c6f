-- Two narrow ways in which a ciphertext may change, also in append-only tables: sealed anew under another key, or destroyed with its person.

-- Append-only tables let nothing pass but an update made inside one of the functions below: only they run as the owner, and they touch
-- no column but ciphertexts, blind indexes, masks and, in an erasure, the texts of notices. The service's role has no UPDATE on these tables at all.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('fangpin.cipher_change', true) = 'on'
       AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'FP101';
END $$;

-- ---- another key -----------------------------------------------------------------------------------------------------------------

-- Each batch of ciphertexts sealed anew: which column, to which key, how many, and a hash of all that went and all that came.
CREATE TABLE reseal_batch (
    position bigint GENERATED ALWAYS AS IDENTITY,
    sealed_table text NOT NULL,
    sealed_column text NOT NULL,
    key_id text NOT NULL,
    row_count integer NOT NULL,
    digest bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_reseal_batch PRIMARY KEY (position)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reseal_batch
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whether one ciphertext can be the other sealed under another key: both of a known format, of different keys, of one and the same length.
CREATE FUNCTION cipher_resealed(before bytea, after bytea) RETURNS boolean LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN coalesce(octet_length(before), 0) < 31 OR coalesce(octet_length(after), 0) < 31 THEN false
        ELSE get_byte(before, 0) IN (1, 2) AND get_byte(after, 0) IN (1, 2)
            AND octet_length(before) - get_byte(before, 1) = octet_length(after) - get_byte(after, 1)
            AND substr(before, 1, 2 + get_byte(before, 1)) <> substr(after, 1, 2 + get_byte(after, 1)) END
$$;

-- Replaces ciphertexts of one column that are still what they were. Answers how many that were.
CREATE FUNCTION reseal(sealed_table text, sealed_column text, places text[], before bytea[], after bytea[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    IF NOT EXISTS (SELECT FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = sealed_table
                   AND c.column_name = sealed_column AND c.column_name LIKE '%\_cipher' AND c.data_type = 'bytea') THEN
        RAISE EXCEPTION '%.% is no sealed column', sealed_table, sealed_column USING ERRCODE = 'FP112';
    END IF;
    IF cardinality(places) = 0 OR cardinality(places) <> cardinality(before) OR cardinality(before) <> cardinality(after)
       OR EXISTS (SELECT FROM unnest(before, after) AS c(b, a) WHERE NOT cipher_resealed(b, a)) THEN
        RAISE EXCEPTION 'not ciphertexts of %.% under another key', sealed_table, sealed_column USING ERRCODE = 'FP112';
    END IF;
    PERFORM set_config('fangpin.cipher_change', 'on', true);
    EXECUTE format('UPDATE public.%I t SET %I = c.after FROM unnest($1::tid[], $2, $3) AS c(place, before, after)
        WHERE t.ctid = c.place AND t.%I = c.before', sealed_table, sealed_column, sealed_column) USING places, before, after;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM set_config('fangpin.cipher_change', 'off', true);
    INSERT INTO reseal_batch (sealed_table, sealed_column, key_id, row_count, digest)
    VALUES (sealed_table, sealed_column, convert_from(substr(after[1], 3, get_byte(after[1], 1)), 'UTF8'), done,
            sha256(convert_to(array_to_string(before, '') || array_to_string(after, ''), 'UTF8')));
    RETURN done;
END $$;
REVOKE EXECUTE ON FUNCTION reseal(text, text, text[], bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reseal(text, text, text[], bytea[], bytea[]) TO fangpin_claims_service;

-- ---- erasure ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE erasure (
    book text NOT NULL,
    id uuid NOT NULL,
    household_id uuid NOT NULL,
    -- None: the whole household.
    member_id uuid,
    legal_basis text NOT NULL,
    reason text NOT NULL,
    by_person text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_erasure PRIMARY KEY (book, id),
    CONSTRAINT fk_erasure_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT fk_erasure_book_member_id_member FOREIGN KEY (book, member_id) REFERENCES member (book, id),
    CONSTRAINT ck_erasure_legal_basis CHECK (legal_basis IN ('request', 'purpose_ended', 'consent_withdrawn', 'order', 'retention_ended'))
);
CREATE UNIQUE INDEX uq_erasure_household ON erasure (book, household_id) WHERE member_id IS NULL;
CREATE UNIQUE INDEX uq_erasure_member ON erasure (book, member_id) WHERE member_id IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nobody is erased while a claim of theirs is on its way, money moves, a policy that paid still counts their caps, or the household is
-- monitored.
CREATE FUNCTION erasure_permitted(wanted erasure) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    left_already boolean := coalesce((SELECT left_on IS NOT NULL FROM member
        WHERE book = wanted.book AND household_id = wanted.household_id AND id = wanted.member_id), false);
BEGIN
    IF wanted.member_id IS NOT NULL AND NOT EXISTS (SELECT FROM member
        WHERE book = wanted.book AND household_id = wanted.household_id AND id = wanted.member_id) THEN
        RAISE EXCEPTION 'member % is not of household %', wanted.member_id, wanted.household_id USING ERRCODE = 'FP120';
    END IF;
    IF EXISTS (SELECT FROM claim c JOIN policy p ON p.book = c.book AND p.id = c.policy_id
        WHERE c.book = wanted.book AND c.household_id = wanted.household_id
        AND (wanted.member_id IS NULL OR c.claimant_member_id = wanted.member_id)
        AND (c.status NOT IN ('paid', 'refused', 'withdrawn', 'closed')
            OR (c.status IN ('paid', 'closed') AND p.valid_to >= (now() AT TIME ZONE 'Asia/Shanghai')::date)
            OR EXISTS (SELECT FROM ledger_operation o WHERE o.book = c.book AND o.claim_id = c.id AND o.status = 'pending')
            OR EXISTS (SELECT FROM payout_item i WHERE i.book = c.book AND i.claim_id = c.id
                       AND i.status NOT IN ('paid', 'failed', 'withdrawn')))) THEN
        RAISE EXCEPTION 'household % has claims that are not finished', wanted.household_id USING ERRCODE = 'FP120';
    END IF;
    IF EXISTS (SELECT FROM document d JOIN claim c ON c.book = d.book AND c.id = d.claim_id
        WHERE d.book = wanted.book AND c.household_id = wanted.household_id AND d.erased_at IS NULL
        AND (wanted.member_id IS NULL OR c.claimant_member_id = wanted.member_id)) THEN
        RAISE EXCEPTION 'household % has documents that are not erased', wanted.household_id USING ERRCODE = 'FP122';
    END IF;
    IF NOT left_already AND 'ended' <> coalesce((SELECT kind FROM monitoring_event
        WHERE book = wanted.book AND household_id = wanted.household_id ORDER BY position DESC LIMIT 1), 'ended') THEN
        RAISE EXCEPTION 'household % is monitored', wanted.household_id USING ERRCODE = 'FP121';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION erasure_permitted(erasure) FROM PUBLIC;

-- An inserted row destroys, for good, whatever is sealed of the person or household: every ciphertext, index and mask of every table that
-- leads to them, also of tables that are younger than this function. Numbers, amounts, outcomes and dates stay.
CREATE FUNCTION erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    sealed record;
    whose text;
    assignments text;
    claims uuid[];
    items uuid[];
    leads uuid[];
    former uuid[];
    mentions text[];
    new_version integer;
BEGIN
    PERFORM FROM household WHERE book = NEW.book AND id = NEW.household_id FOR UPDATE;
    PERFORM erasure_permitted(NEW);
    PERFORM set_config('fangpin.cipher_change', 'on', true);
    claims := ARRAY(SELECT id FROM claim WHERE book = NEW.book AND household_id = NEW.household_id
        AND (NEW.member_id IS NULL OR claimant_member_id = NEW.member_id));
    -- The same people's records in other households, earlier and later ones, if they have left there and nothing is on its way for them.
    -- A record that is present elsewhere is that household's, and is erased with it.
    former := ARRAY(WITH RECURSIVE person AS (
            SELECT id, moved_from FROM member
            WHERE book = NEW.book AND household_id = NEW.household_id AND (NEW.member_id IS NULL OR id = NEW.member_id)
            UNION
            SELECT m.id, m.moved_from FROM member m JOIN person p ON m.id = p.moved_from OR m.moved_from = p.id WHERE m.book = NEW.book)
        SELECT m.id FROM person JOIN member m ON m.book = NEW.book AND m.id = person.id
        WHERE m.household_id <> NEW.household_id AND m.left_on IS NOT NULL AND NOT EXISTS (SELECT FROM claim c
            WHERE c.book = m.book AND c.claimant_member_id = m.id AND c.status NOT IN ('paid', 'refused', 'withdrawn', 'closed')));
    items := ARRAY(SELECT id FROM payout_item WHERE book = NEW.book AND claim_id = ANY (claims));
    IF NEW.member_id IS NULL THEN
        leads := ARRAY(SELECT id FROM lead WHERE book = NEW.book AND household_id = NEW.household_id);
        -- Nothing is ever paid to an account that was erased.
        UPDATE household SET bank_account_cipher = NULL, bank_account_index = NULL, responsible_cadre_cipher = NULL
        WHERE book = NEW.book AND id = NEW.household_id;
    END IF;
    -- An erasure is a change of the household: it has its version and its event, and whoever was present has left.
    UPDATE household SET version = version + 1, updated_at = now(), updated_by = NEW.by_person
    WHERE book = NEW.book AND id = NEW.household_id RETURNING version INTO new_version;
    INSERT INTO household_event (book, household_id, version, kind, changes, at, by_person)
    VALUES (NEW.book, NEW.household_id, new_version, 'edited',
            jsonb_build_object('erased', jsonb_build_array(NULL, coalesce(NEW.member_id, NEW.household_id))), now(), NEW.by_person);
    EXECUTE format('UPDATE member SET left_on = (now() AT TIME ZONE ''Asia/Shanghai'')::date, left_reason = ''erased'' %s
        WHERE book = $1 AND household_id = $2 AND ($3 IS NULL OR id = $3) AND left_on IS NULL', (SELECT ', since_version = $4'
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'member' AND column_name = 'since_version'))
        USING NEW.book, NEW.household_id, NEW.member_id, new_version;
    UPDATE claim SET claimant_index = sha256(uuid_send(gen_random_uuid())) WHERE book = NEW.book AND id = ANY (claims);
    FOR sealed IN
        SELECT c.table_name::text AS name, array_agg(c.column_name::text) AS columns
        FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'document' GROUP BY c.table_name
        HAVING bool_or(c.column_name LIKE '%\_cipher' AND c.data_type = 'bytea')
    LOOP
        whose := CASE
            WHEN sealed.name = 'member' THEN '(household_id = $2 AND ($3 IS NULL OR id = $3) OR id = ANY ($7))'
            WHEN sealed.name = 'household' THEN 'id = $2 AND $3 IS NULL'
            WHEN 'member_id' = ANY (sealed.columns) AND 'household_id' = ANY (sealed.columns)
                THEN '(household_id = $2 AND ($3 IS NULL OR member_id = $3) OR member_id = ANY ($7))'
            WHEN 'claim_id' = ANY (sealed.columns) THEN 'claim_id = ANY ($4)'
            WHEN 'item_id' = ANY (sealed.columns) THEN 'item_id = ANY ($5)'
            WHEN 'lead_id' = ANY (sealed.columns) THEN 'lead_id = ANY ($6)'
            WHEN 'duplicate_id' = ANY (sealed.columns) THEN '$3 IS NULL AND duplicate_id IN (
                SELECT id FROM public.possible_duplicate WHERE book = $1 AND $2 IN (household_id, other_household_id))'
            WHEN 'household_id' = ANY (sealed.columns) THEN 'household_id = $2 AND $3 IS NULL'
        END;
        CONTINUE WHEN whose IS NULL;
        SELECT string_agg(CASE
            WHEN name LIKE '%\_cipher' THEN format('%1$I = CASE WHEN %1$I IS NOT NULL THEN ''\x00''::bytea END', name)
            -- An index not computed yet would be computed from what is no more.
            WHEN name = 'name_birth_index' THEN format('%1$I = sha256(uuid_send(gen_random_uuid()))', name)
            WHEN name LIKE '%\_index' THEN format('%1$I = CASE WHEN %1$I IS NOT NULL THEN sha256(uuid_send(gen_random_uuid())) END', name)
            ELSE format('%1$I = CASE WHEN %1$I IS NOT NULL THEN ''erased'' END', name) END, ', ')
        INTO assignments FROM unnest(sealed.columns) AS name
        WHERE name LIKE '%\_cipher' OR name LIKE '%\_index' OR name LIKE '%\_masked';
        EXECUTE format('UPDATE public.%I SET %s WHERE book = $1 AND %s', sealed.name, assignments, whose)
            USING NEW.book, NEW.household_id, NEW.member_id, claims, items, leads, former;
    END LOOP;
    -- What leads to people without being sealed: notices name them, and reasons may. The keyed
    -- index of a bill's number stays: a bill that was paid once must not be paid twice.
    UPDATE claim_notice SET text_zh = '已抹除', text_en = 'erased' WHERE book = NEW.book AND claim_id = ANY (claims);
    UPDATE recovery SET reason = 'erased', decision_note = CASE WHEN decision_note IS NOT NULL THEN 'erased' END
    WHERE book = NEW.book AND claim_id = ANY (claims);
    -- Answers kept for replay show people masked, and a mask still says much: of those that mention them only what names nobody stays.
    mentions := ARRAY(SELECT '%' || one || '%' FROM unnest(claims || former || coalesce(NEW.member_id, NEW.household_id)
        || NEW.household_id) AS one);
    UPDATE idempotency_key SET body = (SELECT coalesce(jsonb_object_agg(key, value), '{}') || '{"erased": true}' FROM jsonb_each(body::jsonb)
        WHERE key IN ('id', 'version', 'number', 'status', 'household_id', 'member_id', 'claim_id', 'policy_id', 'position', 'kind',
                      'town', 'village', 'created_at', 'created_by', 'updated_at', 'updated_by', 'at', 'by_person'))::text
    WHERE book = NEW.book AND status < 300 AND body LIKE ANY (mentions) AND NOT body::jsonb ?| ARRAY['erased_at', 'control_count'];
    PERFORM set_config('fangpin.cipher_change', 'off', true);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION erased() FROM PUBLIC;
CREATE TRIGGER erased AFTER INSERT ON erasure FOR EACH ROW EXECUTE FUNCTION erased();

-- Nothing new of a person is written once they were erased. The row lock waits for an erasure that is being made.
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    new_row jsonb := to_jsonb(NEW);
    whose uuid := new_row ->> 'household_id';
    person uuid := new_row ->> 'claimant_member_id';
BEGIN
    IF TG_TABLE_NAME = 'household' THEN
        whose := new_row ->> 'id';
    ELSIF TG_TABLE_NAME = 'member' THEN
        person := new_row ->> 'id';
    ELSIF new_row ? 'claim_id' THEN
        SELECT household_id, claimant_member_id INTO whose, person FROM claim
        WHERE book = new_row ->> 'book' AND id = (new_row ->> 'claim_id')::uuid;
    END IF;
    PERFORM FROM household WHERE book = new_row ->> 'book' AND id = whose FOR KEY SHARE;
    IF EXISTS (SELECT FROM erasure e WHERE e.book = new_row ->> 'book' AND e.household_id = whose
               AND (e.member_id IS NULL OR e.member_id = person)) THEN
        RAISE EXCEPTION 'household % was erased', whose USING ERRCODE = 'FP123';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION refuse_erased() FROM PUBLIC;
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON claim FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON claim_document FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON lead FOR EACH ROW WHEN (NEW.household_id IS NOT NULL) EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER not_of_the_erased BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER does_not_come_back_erased BEFORE UPDATE OF left_on ON member FOR EACH ROW
    WHEN (OLD.left_on IS NOT NULL AND NEW.left_on IS NULL) EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER not_of_the_erased BEFORE UPDATE OF bank_account_cipher ON household FOR EACH ROW
    WHEN (NEW.bank_account_cipher IS NOT NULL AND NEW.bank_account_cipher IS DISTINCT FROM OLD.bank_account_cipher
          AND NEW.bank_account_cipher <> '\x00')
    EXECUTE FUNCTION refuse_erased();

GRANT SELECT ON reseal_batch TO fangpin_claims_service, fangpin_claims_reader;
GRANT SELECT, INSERT ON erasure TO fangpin_claims_service;
GRANT SELECT ON erasure TO fangpin_claims_reader;
