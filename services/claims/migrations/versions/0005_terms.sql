ALTER TABLE policy
    ADD COLUMN pool_fen bigint,
    ADD COLUMN fee_bp integer,
    ADD COLUMN surplus_rule text,
    ADD COLUMN sources jsonb DEFAULT '{}' NOT NULL,
    DROP CONSTRAINT ck_policy_funding,
    ADD CONSTRAINT ck_policy_funding CHECK (funding IN ('county_paid', 'insurer_pool')),
    ADD CONSTRAINT ck_policy_surplus_rule CHECK (surplus_rule IN ('carried_forward', 'returned_to_treasury')),
    ADD CONSTRAINT ck_policy_figures CHECK (pool_fen > 0 AND fee_bp BETWEEN 0 AND 10000),
    ADD CONSTRAINT ck_policy_pool CHECK (CASE funding
        WHEN 'insurer_pool' THEN pool_fen IS NOT NULL AND fee_bp IS NOT NULL AND surplus_rule IS NOT NULL
        ELSE pool_fen IS NULL AND surplus_rule IS NULL END);

ALTER TABLE terms
    ADD COLUMN warning_fen bigint,
    ADD COLUMN claim_cap_fen bigint,
    ADD COLUMN person_cap_fen bigint,
    ADD COLUMN household_cap_fen bigint,
    ADD COLUMN person_year_cap_fen bigint,
    ADD COLUMN household_year_cap_fen bigint,
    -- Ten benefits by disability grade, grade 1 first; or none.
    ADD COLUMN grade_fen bigint[] DEFAULT '{}' NOT NULL,
    -- [{code, zh, en, valid_from, valid_to, source}]
    ADD COLUMN exclusions jsonb DEFAULT '[]' NOT NULL,
    ADD COLUMN required_documents text[] DEFAULT '{}' NOT NULL,
    ADD COLUMN prior_payers text[] DEFAULT '{}' NOT NULL,
    ADD COLUMN evidence_kinds text[] DEFAULT '{}' NOT NULL,
    ADD COLUMN third_party text DEFAULT 'deducted' NOT NULL,
    ADD CONSTRAINT uq_terms_book_id_created_by UNIQUE (book, id, created_by),
    DROP CONSTRAINT ck_terms_tiers,
    ADD CONSTRAINT ck_terms_tiers CHECK ((cardinality(tier_from_fen) >= 1 OR cardinality(grade_fen) > 0)
        AND cardinality(tier_from_fen) = cardinality(tier_rate_bp)),
    ADD CONSTRAINT ck_terms_warning CHECK (warning_fen >= 0),
    ADD CONSTRAINT ck_terms_caps CHECK (least(claim_cap_fen, person_cap_fen, household_cap_fen, person_year_cap_fen,
        household_year_cap_fen) >= greatest(deductible_fen, 1)),
    ADD CONSTRAINT ck_terms_grades CHECK (cardinality(grade_fen) = 0
        OR (cause = 'accident' AND cardinality(grade_fen) = 10 AND 0 < ALL (grade_fen))),
    ADD CONSTRAINT ck_terms_third_party CHECK (third_party IN ('deducted', 'excluded'));

-- The second person's word on a version of terms. Who wrote the version stands in the row by way of its foreign key, so that the
-- database itself sees two people.
CREATE TABLE terms_approval (
    book text NOT NULL,
    terms_id uuid NOT NULL,
    drafted_by text NOT NULL,
    outcome text NOT NULL,
    reason text,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT pk_terms_approval PRIMARY KEY (book, terms_id),
    CONSTRAINT fk_terms_approval_book_terms_id_drafted_by_terms FOREIGN KEY (book, terms_id, drafted_by)
        REFERENCES terms (book, id, created_by),
    CONSTRAINT ck_terms_approval_two_people CHECK (decided_by <> drafted_by),
    CONSTRAINT ck_terms_approval_outcome CHECK (outcome IN ('approved', 'refused')),
    CONSTRAINT ck_terms_approval_reason CHECK (outcome = 'approved' OR reason IS NOT NULL)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_approval
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Terms written before approvals existed were in force from the day they were written, and stay so.
INSERT INTO terms_approval (book, terms_id, drafted_by, outcome, reason, decided_by, decided_at)
SELECT book, id, created_by, 'approved', '审批制度建立前已生效 in force before approvals existed', 'migration:0005', created_at FROM terms;

GRANT SELECT, INSERT ON terms_approval TO fangpin_claims_service;
GRANT SELECT ON terms_approval TO fangpin_claims_reader;
