-- A programme chooses the path of its claims, and which of them a second person of the county looks at.
ALTER TABLE policy
    ADD COLUMN path text NOT NULL DEFAULT 'short',
    ADD COLUMN second_look_share_bp integer NOT NULL DEFAULT 0,
    ADD COLUMN second_look_from_fen bigint,
    ADD CONSTRAINT ck_policy_path CHECK (path IN ('short', 'full')),
    ADD CONSTRAINT ck_policy_second_look CHECK (second_look_share_bp BETWEEN 0 AND 10000 AND second_look_from_fen > 0),
    ADD CONSTRAINT uq_policy_book_id_path UNIQUE (book, id, path);

ALTER TABLE claim
    ADD COLUMN path text NOT NULL DEFAULT 'short',
    -- The step the claim waits for; while it is sent back or on hold, the one it goes on with.
    ADD COLUMN next_step text,
    ADD COLUMN waiting_for text,
    ADD COLUMN waiting_since date,
    ADD COLUMN due_on date,
    -- On hold: how many days of the deadline are left.
    ADD COLUMN days_left smallint,
    -- Fixed by chance at the filing, 0 to 9,999; claims filed before there was a second look drew the blank 10,000.
    ADD COLUMN sample_draw smallint NOT NULL DEFAULT 10000,
    ADD COLUMN appeal_of uuid,
    DROP CONSTRAINT ck_claim_status,
    DROP CONSTRAINT ck_claim_approved;
ALTER TABLE claim
    ALTER COLUMN path DROP DEFAULT,
    ALTER COLUMN sample_draw DROP DEFAULT,
    ADD CONSTRAINT ck_claim_status CHECK (status IN ('reported', 'under_review', 'on_hold', 'sent_back', 'approved', 'awaiting_funds',
        'encumbered', 'in_batch', 'paid', 'payment_returned', 'refused', 'withdrawn', 'closed')),
    ADD CONSTRAINT ck_claim_approved CHECK (status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid',
        'payment_returned', 'closed') OR (outcome = 'eligible' AND benefit_fen > 0 AND checked_by IS NOT NULL AND approved_by IS NOT NULL
        AND funding_attempt >= 1)),
    ADD CONSTRAINT ck_claim_draw CHECK (sample_draw BETWEEN 0 AND 10000),
    ADD CONSTRAINT ck_claim_waiting CHECK (waiting_for IS NOT NULL OR due_on IS NULL),
    -- The path of a claim is its programme's.
    ADD CONSTRAINT fk_claim_book_policy_id_path_policy FOREIGN KEY (book, policy_id, path) REFERENCES policy (book, id, path),
    ADD CONSTRAINT fk_claim_book_appeal_of_claim FOREIGN KEY (book, appeal_of) REFERENCES claim (book, id),
    -- A refusal is appealed once.
    ADD CONSTRAINT uq_claim_book_appeal_of UNIQUE (book, appeal_of);
CREATE INDEX ix_claim_book_due_on_id ON claim (book, due_on, id) WHERE waiting_for IS NOT NULL;

UPDATE claim SET
    next_step = CASE status WHEN 'reported' THEN 'town_check' WHEN 'sent_back' THEN 'town_check' WHEN 'under_review' THEN 'county_approval' END,
    waiting_for = CASE status WHEN 'reported' THEN 'town' WHEN 'under_review' THEN 'county' WHEN 'sent_back' THEN 'intake'
        WHEN 'approved' THEN 'ledger' WHEN 'awaiting_funds' THEN 'county' WHEN 'encumbered' THEN 'payer' WHEN 'in_batch' THEN 'payer'
        WHEN 'payment_returned' THEN 'payer' END,
    waiting_since = (SELECT done_on FROM claim_event e WHERE e.book = claim.book AND e.claim_id = claim.id AND e.position = claim.event_count)
    WHERE status NOT IN ('paid', 'refused', 'withdrawn', 'closed');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

ALTER TABLE claim_event
    ADD COLUMN reason_code text,
    ADD CONSTRAINT ck_claim_event_reason CHECK (reason_code IS NULL OR step_outcome = 'refused'),
    -- People take steps, the money side causes events; a step fulfils its own duty and no other.
    ADD CONSTRAINT ck_claim_event_whose CHECK (
        (step IS NULL) = (event IN ('filed', 'encumbered', 'awaiting_funds', 'in_batch', 'paid', 'payment_returned'))),
    ADD CONSTRAINT ck_claim_event_duty CHECK (duty IS NOT DISTINCT FROM CASE
        WHEN event = 'filed' OR step = 'completion' THEN 'filing'
        WHEN step = 'public_notice' THEN 'village_review'
        WHEN step = 'follow_up' THEN 'home_visit'
        WHEN step = 'funding_retry' THEN 'county_approval'
        WHEN step NOT IN ('withdrawal', 'hold', 'resumption') THEN step END);

ALTER TABLE claim_decision
    DROP CONSTRAINT ck_claim_decision_occasion,
    ADD CONSTRAINT ck_claim_decision_occasion CHECK (occasion IN ('intake', 'completion', 'survey', 'approval'));

-- What a comparison with other departments' data found about the household; a warning that refuses nothing by itself.
CREATE TABLE claim_finding (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    position smallint NOT NULL,
    code text NOT NULL,
    CONSTRAINT pk_claim_finding PRIMARY KEY (book, claim_id, position, code),
    CONSTRAINT fk_claim_finding_book_claim_id_position_claim_event FOREIGN KEY (book, claim_id, position)
        REFERENCES claim_event (book, claim_id, position),
    CONSTRAINT ck_claim_finding_code CHECK (code IN ('commercial_flat', 'vehicle', 'company', 'fiscal_member'))
);

CREATE TABLE claim_notice (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    version smallint NOT NULL,
    published_on date NOT NULL,
    days smallint NOT NULL,
    benefit_fen bigint NOT NULL,
    decision_version smallint NOT NULL,
    -- After which event of the claim it was put up.
    event_position smallint NOT NULL,
    text_zh text NOT NULL,
    text_en text NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_claim_notice PRIMARY KEY (book, claim_id, version),
    CONSTRAINT fk_claim_notice_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT fk_claim_notice_book_claim_id_decision_version_claim_decision FOREIGN KEY (book, claim_id, decision_version)
        REFERENCES claim_decision (book, claim_id, version),
    CONSTRAINT ck_claim_notice_figures CHECK (version >= 1 AND days >= 5 AND benefit_fen > 0)
);

CREATE TABLE claim_objection (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    position smallint NOT NULL,
    notice_version smallint NOT NULL,
    raised_on date NOT NULL,
    reason_cipher bytea NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_claim_objection PRIMARY KEY (book, claim_id, position),
    CONSTRAINT fk_claim_objection_book_claim_id_notice_version_claim_notice FOREIGN KEY (book, claim_id, notice_version)
        REFERENCES claim_notice (book, claim_id, version)
);

CREATE TABLE claim_objection_ruling (
    book text NOT NULL,
    claim_id uuid NOT NULL,
    position smallint NOT NULL,
    outcome text NOT NULL,
    resolved_on date NOT NULL,
    reason_cipher bytea NOT NULL,
    at timestamptz NOT NULL,
    by_person text NOT NULL,
    CONSTRAINT pk_claim_objection_ruling PRIMARY KEY (book, claim_id, position),
    CONSTRAINT fk_claim_objection_ruling_book_claim_id_position_claim_objection FOREIGN KEY (book, claim_id, position)
        REFERENCES claim_objection (book, claim_id, position),
    CONSTRAINT ck_claim_objection_ruling_outcome CHECK (outcome IN ('upheld', 'dismissed'))
);

-- Years of working days that staff recorded: beyond the published calendar, or a correction of it. The newest revision counts.
CREATE TABLE working_day_year (
    book text NOT NULL,
    year smallint NOT NULL,
    revision smallint NOT NULL,
    days_off date[] NOT NULL,
    working_weekends date[] NOT NULL,
    authority text NOT NULL,
    document text,
    correction_reason text,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    CONSTRAINT pk_working_day_year PRIMARY KEY (book, year, revision),
    CONSTRAINT ck_working_day_year_revision CHECK (revision >= 1)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_finding
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_objection
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_objection_ruling
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON working_day_year
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every two duties of a claim lie with two people, and an appeal is decided by nobody who decided the claim it appeals.
CREATE FUNCTION claim_duties_lie_apart() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    deciding CONSTANT text[] := ARRAY['village_review', 'town_check', 'survey', 'second_look', 'county_approval'];
BEGIN
    IF EXISTS (
        SELECT FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND by_person = NEW.by_person AND duty <> NEW.duty
    ) THEN
        RAISE EXCEPTION 'one person has two duties on claim %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    IF NEW.duty = ANY (deciding) AND EXISTS (
        SELECT FROM claim c JOIN claim_event e ON e.book = c.book AND e.claim_id = c.appeal_of
        WHERE c.book = NEW.book AND c.id = NEW.claim_id AND e.by_person = NEW.by_person AND e.duty = ANY (deciding)
    ) THEN
        RAISE EXCEPTION 'who decided a claim decides its appeal %', NEW.claim_id USING ERRCODE = 'FP104';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_duties_lie_apart() FROM PUBLIC;
CREATE TRIGGER duties_lie_apart BEFORE INSERT ON claim_event
    FOR EACH ROW WHEN (NEW.duty IS NOT NULL) EXECUTE FUNCTION claim_duties_lie_apart();

-- A public notice passes when its days are over and no objection to it is open or upheld.
CREATE FUNCTION claim_notice_has_run() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    shown claim_notice%ROWTYPE;
    reviewed smallint;
BEGIN
    SELECT * INTO shown FROM claim_notice WHERE book = NEW.book AND claim_id = NEW.claim_id ORDER BY version DESC LIMIT 1;
    SELECT max(position) INTO reviewed FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND step = 'village_review' AND step_outcome = 'passed';
    -- Objections to every notice since the review: putting up another one does not settle them.
    IF shown.version IS NULL OR shown.event_position < reviewed OR shown.published_on + shown.days > NEW.done_on OR EXISTS (
        SELECT FROM claim_objection o
            JOIN claim_notice n ON n.book = o.book AND n.claim_id = o.claim_id AND n.version = o.notice_version
            LEFT JOIN claim_objection_ruling r ON r.book = o.book AND r.claim_id = o.claim_id AND r.position = o.position
        WHERE o.book = NEW.book AND o.claim_id = NEW.claim_id AND n.event_position >= reviewed
            AND r.outcome IS DISTINCT FROM 'dismissed'
    ) THEN
        RAISE EXCEPTION 'the notice of claim % has not run its days undisputed', NEW.claim_id USING ERRCODE = 'FP105';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_notice_has_run() FROM PUBLIC;
CREATE TRIGGER notice_has_run BEFORE INSERT ON claim_event
    FOR EACH ROW WHEN (NEW.step = 'public_notice' AND NEW.step_outcome = 'passed') EXECUTE FUNCTION claim_notice_has_run();

-- An approval is the county's, after every step of the claim's path since it was last completed, and after a second look where one is due.
CREATE FUNCTION claim_approval_is_earned() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    whose claim%ROWTYPE;
    programme policy%ROWTYPE;
    completed smallint;
    lacking text;
BEGIN
    SELECT * INTO whose FROM claim WHERE book = NEW.book AND id = NEW.claim_id;
    SELECT * INTO programme FROM policy WHERE book = whose.book AND id = whose.policy_id;
    SELECT coalesce(max(position), 0) INTO completed FROM claim_event
        WHERE book = NEW.book AND claim_id = NEW.claim_id AND step = 'completion';
    SELECT wanted.step INTO lacking
        FROM (VALUES ('home_visit', 'full', false), ('data_comparison', 'full', false), ('village_review', 'full', true),
            ('public_notice', 'full', true), ('survey', 'full', true), ('town_check', NULL, true)) AS wanted (step, path, anew)
        WHERE coalesce(wanted.path, whose.path) = whose.path AND NOT EXISTS (
            SELECT FROM claim_event e WHERE e.book = NEW.book AND e.claim_id = NEW.claim_id AND e.step = wanted.step
                AND e.step_outcome = 'passed' AND (e.position > completed OR NOT wanted.anew))
        LIMIT 1;
    IF NEW.step IS DISTINCT FROM 'county_approval' OR NEW.step_outcome <> 'passed' OR lacking IS NOT NULL THEN
        RAISE EXCEPTION 'claim % is approved without %', NEW.claim_id, coalesce(lacking, 'the county') USING ERRCODE = 'FP105';
    END IF;
    IF (whose.sample_draw < programme.second_look_share_bp OR EXISTS (
            SELECT FROM claim_decision d WHERE d.book = NEW.book AND d.claim_id = NEW.claim_id AND d.version = NEW.decision_version
                AND d.benefit_fen >= programme.second_look_from_fen)
        ) AND NOT EXISTS (
            SELECT FROM claim_event e WHERE e.book = NEW.book AND e.claim_id = NEW.claim_id AND e.step = 'second_look'
                AND e.step_outcome = 'passed' AND e.position > completed
    ) THEN
        RAISE EXCEPTION 'claim % is approved without its second look', NEW.claim_id USING ERRCODE = 'FP105';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_approval_is_earned() FROM PUBLIC;
CREATE TRIGGER approval_is_earned BEFORE INSERT ON claim_event
    FOR EACH ROW WHEN (NEW.status_after = 'approved' AND NEW.status_before <> 'awaiting_funds')
    EXECUTE FUNCTION claim_approval_is_earned();

-- An appeal follows a refusal of the same person's claim for the same event.
CREATE FUNCTION claim_appeal_follows_refusal() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM claim
        WHERE book = NEW.book AND id = NEW.appeal_of AND status = 'refused' AND appeal_of IS NULL
            AND (household_id, claimant_member_id, cause, event_on) = (NEW.household_id, NEW.claimant_member_id, NEW.cause, NEW.event_on)
    ) THEN
        RAISE EXCEPTION 'claim % does not appeal a refusal of the same event', NEW.number USING ERRCODE = 'FP105';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_appeal_follows_refusal() FROM PUBLIC;
CREATE TRIGGER appeal_follows_refusal BEFORE INSERT ON claim
    FOR EACH ROW WHEN (NEW.appeal_of IS NOT NULL) EXECUTE FUNCTION claim_appeal_follows_refusal();

-- As in 0002, and a claim that was followed up and closed still carries its final decision.
CREATE OR REPLACE FUNCTION claim_matches_its_records() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
            AND (final OR found.status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned', 'closed'))
    ) THEN
        RAISE EXCEPTION 'claim % does not carry the figures of its decision', found.number USING ERRCODE = 'FP103';
    END IF;
    RETURN NULL;
END
$$;

GRANT SELECT, INSERT ON claim_finding, claim_notice, claim_objection, claim_objection_ruling, working_day_year TO fangpin_claims_service;
-- Where a claim stands and until when; its path, its draw and what it appeals never change.
GRANT UPDATE (next_step, waiting_for, waiting_since, due_on, days_left) ON claim TO fangpin_claims_service;
GRANT SELECT (path, next_step, waiting_for, waiting_since, due_on, days_left, appeal_of) ON claim TO fangpin_claims_reader;
GRANT SELECT (reason_code) ON claim_event TO fangpin_claims_reader;
GRANT SELECT ON claim_notice, working_day_year TO fangpin_claims_reader;
GRANT SELECT (book, claim_id, position, notice_version, raised_on, at, by_person) ON claim_objection TO fangpin_claims_reader;
GRANT SELECT (book, claim_id, position, outcome, resolved_on, at, by_person) ON claim_objection_ruling TO fangpin_claims_reader;
