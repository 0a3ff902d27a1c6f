-- Which open item of the ledger is a programme's pool.
CREATE TABLE policy_pool (
    book text NOT NULL,
    policy_id uuid NOT NULL,
    item_id uuid NOT NULL,
    named_by text NOT NULL,
    named_at timestamptz NOT NULL DEFAULT now(),
    locked boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_policy_pool PRIMARY KEY (book, policy_id),
    CONSTRAINT uq_policy_pool_book_item_id UNIQUE (book, item_id),
    CONSTRAINT fk_policy_pool_book_policy_id_policy FOREIGN KEY (book, policy_id) REFERENCES policy (book, id)
);

-- A batch is paid by one hand: the county's bank (no policy), or the insurer of one programme.
ALTER TABLE payout_batch
    ADD COLUMN policy_id uuid,
    ADD CONSTRAINT fk_payout_batch_book_policy_id_policy FOREIGN KEY (book, policy_id) REFERENCES policy (book, id);

CREATE TABLE recovery (
    book text NOT NULL,
    id uuid NOT NULL,
    claim_id uuid NOT NULL,
    item_id uuid NOT NULL,
    amount_fen bigint NOT NULL,
    received_on date NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    decided_by text,
    decided_at timestamptz,
    decision_note text,
    CONSTRAINT pk_recovery PRIMARY KEY (book, id),
    CONSTRAINT fk_recovery_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT fk_recovery_book_item_id_payout_item FOREIGN KEY (book, item_id) REFERENCES payout_item (book, id),
    CONSTRAINT ck_recovery_status CHECK (status IN ('proposed', 'refused', 'booking', 'booked', 'booking_refused')),
    CONSTRAINT ck_recovery_amount CHECK (amount_fen > 0),
    CONSTRAINT ck_recovery_decided CHECK ((status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_recovery_two_persons CHECK (decided_by <> proposed_by)
);
CREATE INDEX ix_recovery_book_claim_id ON recovery (book, claim_id);

CREATE TABLE recovery_part (
    book text NOT NULL,
    recovery_id uuid NOT NULL,
    source text NOT NULL,
    amount_fen bigint NOT NULL,
    CONSTRAINT pk_recovery_part PRIMARY KEY (book, recovery_id, source),
    CONSTRAINT fk_recovery_part_book_recovery_id_recovery FOREIGN KEY (book, recovery_id) REFERENCES recovery (book, id),
    CONSTRAINT ck_recovery_part_amount CHECK (amount_fen > 0)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recovery_part
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE claim
    ADD COLUMN recovered_fen bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT ck_claim_recovered CHECK (recovered_fen BETWEEN 0 AND benefit_fen);

ALTER TABLE ledger_operation
    ADD COLUMN recovery_id uuid,
    ADD COLUMN source text,
    ADD COLUMN replaced_at timestamptz,
    ADD COLUMN replaced_by text,
    ADD COLUMN replaced_why text,
    ADD CONSTRAINT fk_ledger_operation_book_recovery_id_recovery FOREIGN KEY (book, recovery_id) REFERENCES recovery (book, id),
    DROP CONSTRAINT ck_ledger_operation_operation,
    ADD CONSTRAINT ck_ledger_operation_operation CHECK (operation IN
        ('encumber', 'liquidate', 'return', 'recover', 'pool_reserve', 'pool_payout', 'pool_return', 'pool_recover')),
    DROP CONSTRAINT ck_ledger_operation_item,
    ADD CONSTRAINT ck_ledger_operation_item CHECK ((operation IN ('encumber', 'pool_reserve')) = (item_id IS NULL)),
    ADD CONSTRAINT ck_ledger_operation_recovery CHECK ((operation IN ('recover', 'pool_recover')) = (recovery_id IS NOT NULL)
        AND (operation = 'recover') = (source IS NOT NULL)),
    ADD CONSTRAINT ck_ledger_operation_replaced CHECK ((replaced_at IS NULL) = (replaced_by IS NULL)
        AND (replaced_at IS NULL) = (replaced_why IS NULL)
        AND (replaced_at IS NULL OR (status = 'done' AND operation IN ('encumber', 'pool_reserve')))),
    DROP CONSTRAINT ck_ledger_operation_receipt,
    -- A reservation in a pool is our own: the ledger gives no entry for it, only the pool it was measured against.
    ADD CONSTRAINT ck_ledger_operation_receipt CHECK (
        (status = 'done') = (ledger_id IS NOT NULL)
        AND (status = 'done' AND operation <> 'pool_reserve') = (entry_id IS NOT NULL)
        AND (entry_id IS NULL) = (entry_seq IS NULL) AND (entry_id IS NULL) = (voucher_number IS NULL)
        AND (entry_id IS NULL) = (entry_hash IS NULL));
DROP INDEX uq_ledger_operation_encumbered_once;
CREATE UNIQUE INDEX uq_ledger_operation_encumbered_once ON ledger_operation (book, claim_id)
    WHERE operation IN ('encumber', 'pool_reserve') AND status IN ('pending', 'done') AND replaced_at IS NULL;
DROP INDEX uq_ledger_operation_item_once;
CREATE UNIQUE INDEX uq_ledger_operation_item_once ON ledger_operation (book, item_id, operation)
    WHERE item_id IS NOT NULL AND recovery_id IS NULL AND status IN ('pending', 'done');
-- Each source of a recovery is booked once, however many attempts that takes.
CREATE UNIQUE INDEX uq_ledger_operation_recovery_once ON ledger_operation (book, recovery_id, coalesce(source, ''))
    WHERE recovery_id IS NOT NULL AND status IN ('pending', 'done');

-- A wish whose outcome is known never changes again, but for one thing: a reservation the ledger has lost is marked as replaced, once.
CREATE OR REPLACE FUNCTION refuse_change_of_finished_operation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'pending' AND NOT (OLD.replaced_at IS NULL AND NEW.replaced_at IS NOT NULL
        AND to_jsonb(NEW) - ARRAY['replaced_at', 'replaced_by', 'replaced_why']
            = to_jsonb(OLD) - ARRAY['replaced_at', 'replaced_by', 'replaced_why']) THEN
        RAISE EXCEPTION 'ledger operation % is finished', OLD.key USING ERRCODE = 'FP102';
    END IF;
    RETURN NEW;
END
$$;

-- Never more is recovered than was paid and not given back. Whoever writes a recovery holds the claim's row.
CREATE FUNCTION refuse_excess_recovery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid bigint;
    recovered bigint;
BEGIN
    SELECT coalesce(sum(CASE WHEN operation IN ('liquidate', 'pool_payout') THEN amount_fen ELSE -amount_fen END), 0) INTO paid
    FROM ledger_operation WHERE book = NEW.book AND claim_id = NEW.claim_id AND status = 'done'
        AND operation IN ('liquidate', 'pool_payout', 'return', 'pool_return');
    SELECT coalesce(sum(amount_fen), 0) INTO recovered FROM recovery
    WHERE book = NEW.book AND claim_id = NEW.claim_id AND status <> 'refused' AND id <> NEW.id;
    IF recovered + NEW.amount_fen > paid THEN
        RAISE EXCEPTION 'claim % was paid % fen; % are recovered already', NEW.claim_id, paid, recovered USING ERRCODE = 'FP114';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION refuse_excess_recovery() FROM PUBLIC;
CREATE TRIGGER within_what_was_paid BEFORE INSERT ON recovery FOR EACH ROW EXECUTE FUNCTION refuse_excess_recovery();

-- As in 0013_caps, but for what was paid wrongly and came back: it no longer draws on a cap.
CREATE OR REPLACE FUNCTION claim_within_caps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    consuming CONSTANT text[] := ARRAY['approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned', 'closed'];
    ruling terms%ROWTYPE;
    used record;
BEGIN
    IF NEW.status <> 'approved' OR OLD.status = ANY (consuming) THEN
        RETURN NULL;
    END IF;
    SELECT t.* INTO ruling
    FROM claim_decision d JOIN terms t ON t.book = d.book AND t.id = d.terms_id
    WHERE d.book = NEW.book AND d.claim_id = NEW.id AND d.final;
    IF NOT FOUND THEN
        -- Without a final decision the claim is refused at commit (matches_its_records).
        RETURN NULL;
    END IF;
    -- The same locks in the same order as the service takes them, so that two approvals are added up one after the other.
    PERFORM FROM household WHERE book = NEW.book AND id = NEW.household_id FOR UPDATE;
    PERFORM pg_advisory_xact_lock(hashtextextended('claimant/' || NEW.book || '/' || encode(NEW.claimant_index, 'hex'), 0));
    SELECT
        coalesce(sum(benefit_fen - recovered_fen) FILTER (WHERE claimant_index = NEW.claimant_index AND cause = NEW.cause), 0) AS person,
        coalesce(sum(benefit_fen - recovered_fen) FILTER (WHERE claimant_index = NEW.claimant_index), 0) AS person_year,
        coalesce(sum(benefit_fen - recovered_fen) FILTER (WHERE household_id = NEW.household_id AND cause = NEW.cause), 0) AS household,
        coalesce(sum(benefit_fen - recovered_fen) FILTER (WHERE household_id = NEW.household_id), 0) AS household_year
    INTO used
    FROM claim
    WHERE book = NEW.book AND policy_id = NEW.policy_id AND status = ANY (consuming)
        AND (claimant_index = NEW.claimant_index OR household_id = NEW.household_id);
    IF NEW.benefit_fen > ruling.claim_cap_fen
        OR (CASE ruling.base WHEN 'person' THEN used.person ELSE used.household END) > ruling.cap_fen
        OR used.person > ruling.person_cap_fen OR used.person_year > ruling.person_year_cap_fen
        OR used.household > ruling.household_cap_fen OR used.household_year > ruling.household_year_cap_fen
    THEN
        RAISE EXCEPTION 'claim % goes beyond a cap of its terms', NEW.number USING ERRCODE = 'FP130';
    END IF;
    RETURN NULL;
END
$$;

GRANT SELECT, INSERT ON policy_pool, recovery, recovery_part TO fangpin_claims_service;
GRANT UPDATE (locked) ON policy_pool TO fangpin_claims_service;
GRANT UPDATE (status, decided_by, decided_at, decision_note) ON recovery TO fangpin_claims_service;
GRANT UPDATE (replaced_at, replaced_by, replaced_why) ON ledger_operation TO fangpin_claims_service;
GRANT UPDATE (recovered_fen) ON claim TO fangpin_claims_service;
GRANT SELECT (recovered_fen) ON claim TO fangpin_claims_reader;
GRANT SELECT ON policy_pool, recovery, recovery_part TO fangpin_claims_reader;

-- A reservation the ledger has lost is asked for anew: the claim goes back to where its approval left it, and needs no second one.
ALTER TABLE claim_event
    DROP CONSTRAINT ck_claim_event_whose,
    ADD CONSTRAINT ck_claim_event_whose CHECK ((step IS NULL) = (event IN
        ('filed', 'encumbered', 'awaiting_funds', 'in_batch', 'paid', 'payment_returned', 'reservation_lost')));
DROP TRIGGER approval_is_earned ON claim_event;
CREATE TRIGGER approval_is_earned BEFORE INSERT ON claim_event
    FOR EACH ROW WHEN (NEW.status_after = 'approved' AND NEW.status_before <> 'awaiting_funds'
        AND NOT (NEW.event = 'reservation_lost' AND NEW.status_before IN ('encumbered', 'payment_returned')))
    EXECUTE FUNCTION claim_approval_is_earned();
