CREATE TABLE policy (
    book text NOT NULL,
    id uuid NOT NULL,
    year smallint NOT NULL,
    insurer text NOT NULL,
    name text NOT NULL,
    funding text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    lock_token smallint DEFAULT 0 NOT NULL,
    CONSTRAINT pk_policy PRIMARY KEY (book, id),
    CONSTRAINT uq_policy_book_year UNIQUE (book, year),
    CONSTRAINT ck_policy_funding CHECK (funding IN ('county_paid')),
    CONSTRAINT ck_policy_validity CHECK (valid_from <= valid_to)
)
--;;
CREATE TABLE terms (
    book text NOT NULL,
    id uuid NOT NULL,
    policy_id uuid NOT NULL,
    cause text NOT NULL,
    version smallint NOT NULL,
    supersedes smallint,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    deductible_fen bigint NOT NULL,
    -- Two arrays of one length: where each tier starts, and what it pays in basis points.
    tier_from_fen bigint[] NOT NULL,
    tier_rate_bp integer[] NOT NULL,
    tier_mode text NOT NULL,
    base text NOT NULL,
    cap_fen bigint NOT NULL,
    waiting_days smallint NOT NULL,
    reporting_days smallint NOT NULL,
    loss_kinds text[] NOT NULL,
    -- {"figure": "where it comes from"}, one for every figure above.
    sources jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT pk_terms PRIMARY KEY (book, id),
    CONSTRAINT fk_terms_book_policy_id_policy FOREIGN KEY (book, policy_id) REFERENCES policy (book, id),
    CONSTRAINT uq_terms_book_policy_id_cause_version UNIQUE (book, policy_id, cause, version),
    CONSTRAINT ck_terms_cause CHECK (cause IN ('industry_failure', 'serious_illness', 'schooling', 'natural_disaster', 'accident')),
    CONSTRAINT ck_terms_tier_mode CHECK (tier_mode IN ('marginal', 'whole_amount')),
    CONSTRAINT ck_terms_base CHECK (base IN ('person', 'household')),
    CONSTRAINT ck_terms_validity CHECK (valid_from <= valid_to),
    CONSTRAINT ck_terms_version CHECK (version >= 1 AND (supersedes IS NULL OR supersedes < version)),
    CONSTRAINT ck_terms_amounts CHECK (deductible_fen >= 0 AND cap_fen > 0 AND cap_fen >= deductible_fen),
    CONSTRAINT ck_terms_tiers CHECK (cardinality(tier_from_fen) >= 1 AND cardinality(tier_from_fen) = cardinality(tier_rate_bp)),
    CONSTRAINT ck_terms_rates CHECK (0 <= ALL (tier_from_fen) AND 0 <= ALL (tier_rate_bp) AND 10000 >= ALL (tier_rate_bp)),
    CONSTRAINT ck_terms_days CHECK (waiting_days >= 0 AND reporting_days >= 0)
)
--;;
CREATE TABLE claim_counter (
    book text NOT NULL,
    year smallint NOT NULL,
    last_serial integer NOT NULL,
    CONSTRAINT pk_claim_counter PRIMARY KEY (book, year)
)
--;;
CREATE TABLE claim (
    book text NOT NULL,
    id uuid NOT NULL,
    year smallint NOT NULL,
    serial integer NOT NULL,
    number text NOT NULL,
    household_id uuid NOT NULL,
    claimant_member_id uuid NOT NULL,
    -- The person behind the member, whichever household registers them: caps of a person are counted over it.
    claimant_index bytea NOT NULL,
    policy_id uuid NOT NULL,
    cause text NOT NULL,
    event_on date NOT NULL,
    reported_on date NOT NULL,
    town_code text NOT NULL,
    village_code text NOT NULL,
    filed_at timestamptz NOT NULL,
    filed_by text NOT NULL,
    status text NOT NULL,
    event_count smallint NOT NULL,
    details_version smallint NOT NULL,
    decision_version smallint NOT NULL,
    outcome text NOT NULL,
    benefit_fen bigint NOT NULL,
    funding_attempt smallint NOT NULL,
    checked_by text,
    approved_by text,
    approved_on date,
    CONSTRAINT pk_claim PRIMARY KEY (book, id),
    CONSTRAINT uq_claim_book_number UNIQUE (book, number),
    CONSTRAINT uq_claim_book_year_serial UNIQUE (book, year, serial),
    CONSTRAINT fk_claim_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT fk_claim_book_claimant_member_id_member FOREIGN KEY (book, claimant_member_id) REFERENCES member (book, id),
    CONSTRAINT fk_claim_book_policy_id_policy FOREIGN KEY (book, policy_id) REFERENCES policy (book, id),
    CONSTRAINT ck_claim_cause CHECK (cause IN ('industry_failure', 'serious_illness', 'schooling', 'natural_disaster', 'accident')),
    CONSTRAINT ck_claim_status
        CHECK (status IN ('reported', 'under_review', 'sent_back', 'approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid',
        'payment_returned', 'refused', 'withdrawn', 'closed')),
    CONSTRAINT ck_claim_outcome CHECK (outcome IN ('eligible', 'refused', 'needs_review')),
    CONSTRAINT ck_claim_dates CHECK (event_on <= reported_on),
    CONSTRAINT ck_claim_amounts CHECK (serial >= 1 AND benefit_fen >= 0),
    -- Money is only ever asked for on an eligible decision, for more than nothing, after a town check and an approval.
    CONSTRAINT ck_claim_approved
        CHECK (status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned') OR (outcome =
        'eligible' AND benefit_fen > 0 AND checked_by IS NOT NULL AND approved_by IS NOT NULL AND funding_attempt >= 1)),
    CONSTRAINT ck_claim_approval_dated CHECK ((approved_by IS NULL) = (approved_on IS NULL)),
    -- Filing, town check and county approval lie with three different people.
    CONSTRAINT ck_claim_three_people CHECK (checked_by <> filed_by AND approved_by <> filed_by AND approved_by <> checked_by)
)
--;;
CREATE INDEX ix_claim_book_claimant_index_policy_id_cause ON claim (book, claimant_index, policy_id, cause)
--;;
CREATE INDEX ix_claim_book_household_id_policy_id_cause ON claim (book, household_id, policy_id, cause)
--;;
CREATE INDEX ix_claim_book_status_id ON claim (book, status, id)
--;;
CREATE INDEX ix_claim_book_town_code_id ON claim (book, town_code, id)
--;;
CREATE TABLE claim_details (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    version smallint NOT NULL,
    details_cipher bytea NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_claim_details PRIMARY KEY (book, claim_id, version),
    CONSTRAINT fk_claim_details_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id)
)
--;;
CREATE TABLE claim_document (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    details_version smallint NOT NULL,
    document_index bytea NOT NULL,
    CONSTRAINT pk_claim_document PRIMARY KEY (book, claim_id, details_version, document_index),
    CONSTRAINT fk_claim_document_book_claim_id_details_version_claim_details FOREIGN KEY (book, claim_id, details_version)
        REFERENCES claim_details (book, claim_id, version)
)
--;;
CREATE INDEX ix_claim_document_book_document_index ON claim_document (book, document_index)
--;;
CREATE TABLE claim_decision (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    version smallint NOT NULL,
    occasion text NOT NULL,
    details_version smallint NOT NULL,
    rule_version smallint NOT NULL,
    outcome text NOT NULL,
    benefit_fen bigint NOT NULL,
    terms_id uuid,
    terms_version smallint,
    inputs_cipher bytea NOT NULL,
    content_cipher bytea NOT NULL,
    final boolean NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_claim_decision PRIMARY KEY (book, claim_id, version),
    CONSTRAINT fk_claim_decision_book_claim_id_details_version_claim_details FOREIGN KEY (book, claim_id, details_version)
        REFERENCES claim_details (book, claim_id, version),
    CONSTRAINT fk_claim_decision_book_terms_id_terms FOREIGN KEY (book, terms_id) REFERENCES terms (book, id),
    CONSTRAINT ck_claim_decision_occasion CHECK (occasion IN ('intake', 'completion', 'approval')),
    CONSTRAINT ck_claim_decision_outcome CHECK (outcome IN ('eligible', 'refused', 'needs_review')),
    CONSTRAINT ck_claim_decision_benefit CHECK (benefit_fen >= 0 AND (outcome = 'refused') = (benefit_fen = 0)),
    CONSTRAINT ck_claim_decision_terms CHECK ((terms_id IS NULL) = (terms_version IS NULL)),
    CONSTRAINT ck_claim_decision_final CHECK (final = (occasion = 'approval'))
)
--;;
-- A claim is approved once: there is one final decision at most.
CREATE UNIQUE INDEX uq_claim_decision_final ON claim_decision (book, claim_id) WHERE final
--;;
CREATE TABLE claim_event (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    position smallint NOT NULL,
    event text NOT NULL,
    step text,
    step_outcome text,
    duty text,
    status_before text,
    status_after text NOT NULL,
    by_person text NOT NULL,
    done_on date NOT NULL,
    note_cipher bytea,
    reference text,
    decision_version smallint,
    at timestamptz NOT NULL,
    CONSTRAINT pk_claim_event PRIMARY KEY (book, claim_id, position),
    CONSTRAINT fk_claim_event_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT ck_claim_event_position_positive CHECK (position >= 1),
    CONSTRAINT ck_claim_event_first CHECK ((position = 1) = (event = 'filed') AND (position = 1) = (status_before IS NULL)),
    CONSTRAINT ck_claim_event_step CHECK ((step IS NULL) = (step_outcome IS NULL))
)
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON terms
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_details
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_document
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- At commit, a claim stands where its last event left it and carries the figures of its latest decision; once money may be asked for,
-- that decision is the final one. So neither a status nor an amount can be moved without the record that explains it.
CREATE FUNCTION claim_matches_its_records() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    found claim%ROWTYPE;
BEGIN
    -- The row as it stands at commit, not as it stood when this check was queued.
    SELECT * INTO found FROM claim WHERE book = NEW.book AND id = NEW.id;
    IF NOT EXISTS (
        SELECT FROM claim_event
        WHERE book = found.book AND claim_id = found.id AND position = found.event_count AND status_after = found.status
    ) OR EXISTS (
        SELECT FROM claim_event WHERE book = found.book AND claim_id = found.id AND position > found.event_count
    ) THEN
        RAISE EXCEPTION 'claim % does not stand where its last event left it', found.number USING ERRCODE = 'FP103';
    END IF;
    IF NOT EXISTS (
        SELECT FROM claim_decision
        WHERE book = found.book AND claim_id = found.id AND version = found.decision_version
            AND outcome = found.outcome AND benefit_fen = found.benefit_fen
            AND (final OR found.status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned'))
    ) THEN
        RAISE EXCEPTION 'claim % does not carry the figures of its decision', found.number USING ERRCODE = 'FP103';
    END IF;
    RETURN NULL;
END
$$
--;;
REVOKE EXECUTE ON FUNCTION claim_matches_its_records() FROM PUBLIC
--;;
CREATE CONSTRAINT TRIGGER matches_its_records AFTER INSERT OR UPDATE ON claim
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claim_matches_its_records()
--;;
-- Events are numbered without gaps, each starting where the one before it ended.
CREATE FUNCTION claim_event_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.position > 1 AND NOT EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND position = NEW.position - 1 AND status_after = NEW.status_before
    ) THEN
        RAISE EXCEPTION 'event % of claim % does not follow the one before it', NEW.position, NEW.claim_id USING ERRCODE = 'FP103';
    END IF;
    RETURN NEW;
END
$$
--;;
REVOKE EXECUTE ON FUNCTION claim_event_follows() FROM PUBLIC
--;;
CREATE TRIGGER follows BEFORE INSERT ON claim_event
    FOR EACH ROW EXECUTE FUNCTION claim_event_follows()
