CREATE TABLE payout_batch_counter (
    book text NOT NULL,
    year smallint NOT NULL,
    last_number integer NOT NULL,
    CONSTRAINT pk_payout_batch_counter PRIMARY KEY (book, year)
)
--;;
CREATE TABLE payout_batch (
    book text NOT NULL,
    id uuid NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    note text,
    control_count integer NOT NULL,
    control_total_fen bigint NOT NULL,
    prepared_by text NOT NULL,
    prepared_at timestamptz NOT NULL DEFAULT now(),
    decided_by text,
    decided_at timestamptz,
    decision_note text,
    CONSTRAINT pk_payout_batch PRIMARY KEY (book, id),
    CONSTRAINT uq_payout_batch_book_number UNIQUE (book, number),
    CONSTRAINT ck_payout_batch_status CHECK (status IN ('prepared', 'approved', 'refused', 'settled')),
    CONSTRAINT ck_payout_batch_controls CHECK (control_count > 0 AND control_total_fen > 0),
    CONSTRAINT ck_payout_batch_decided CHECK ((status = 'prepared') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    -- Maker and checker are two people, whatever the service believes.
    CONSTRAINT ck_payout_batch_two_persons CHECK (decided_by <> prepared_by)
)
--;;
CREATE TABLE payout_item (
    book text NOT NULL,
    id uuid NOT NULL,
    batch_id uuid NOT NULL,
    position integer NOT NULL,
    number text NOT NULL,
    claim_id uuid NOT NULL,
    household_id uuid NOT NULL,
    amount_fen bigint NOT NULL,
    holder_cipher bytea NOT NULL,
    account_cipher bytea NOT NULL,
    account_masked text NOT NULL,
    status text NOT NULL DEFAULT 'open',
    CONSTRAINT pk_payout_item PRIMARY KEY (book, id),
    CONSTRAINT uq_payout_item_book_number UNIQUE (book, number),
    CONSTRAINT uq_payout_item_book_batch_id_position UNIQUE (book, batch_id, position),
    CONSTRAINT fk_payout_item_book_batch_id_payout_batch FOREIGN KEY (book, batch_id) REFERENCES payout_batch (book, id),
    CONSTRAINT fk_payout_item_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT fk_payout_item_book_household_id_household FOREIGN KEY (book, household_id) REFERENCES household (book, id),
    CONSTRAINT ck_payout_item_status
        CHECK (status IN ('open', 'liquidating', 'booking_refused', 'paid', 'returning', 'failed', 'withdrawn')),
    CONSTRAINT ck_payout_item_amount CHECK (amount_fen > 0)
)
--;;
-- A claim stands in one open batch at most, and is never paid by two items.
CREATE UNIQUE INDEX uq_payout_item_live_claim ON payout_item (book, claim_id)
    WHERE status IN ('open', 'liquidating', 'booking_refused', 'paid', 'returning')
--;;
CREATE INDEX ix_payout_item_book_claim_id ON payout_item (book, claim_id)
--;;
CREATE TABLE ledger_operation (
    book text NOT NULL,
    id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    claim_id uuid NOT NULL,
    operation text NOT NULL,
    attempt integer NOT NULL,
    key text NOT NULL,
    item_id uuid,
    amount_fen bigint NOT NULL,
    effective_on date NOT NULL,
    bank_booked_on date,
    fiscal_year smallint NOT NULL,
    prepared_by text NOT NULL,
    reviewed_by text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    leased_by text,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    refusal_code text,
    refusal_detail text,
    ledger_id uuid,
    entry_id uuid,
    entry_seq bigint,
    voucher_number integer,
    entry_hash text,
    CONSTRAINT pk_ledger_operation PRIMARY KEY (book, id),
    CONSTRAINT uq_ledger_operation_book_key UNIQUE (book, key),
    CONSTRAINT uq_ledger_operation_book_claim_id_operation_attempt UNIQUE (book, claim_id, operation, attempt),
    CONSTRAINT fk_ledger_operation_book_claim_id_claim FOREIGN KEY (book, claim_id) REFERENCES claim (book, id),
    CONSTRAINT fk_ledger_operation_book_item_id_payout_item FOREIGN KEY (book, item_id) REFERENCES payout_item (book, id),
    CONSTRAINT ck_ledger_operation_operation CHECK (operation IN ('encumber', 'liquidate', 'return')),
    CONSTRAINT ck_ledger_operation_status CHECK (status IN ('pending', 'done', 'refused')),
    CONSTRAINT ck_ledger_operation_positive CHECK (amount_fen > 0 AND attempt > 0),
    CONSTRAINT ck_ledger_operation_item CHECK ((operation = 'encumber') = (item_id IS NULL)),
    CONSTRAINT ck_ledger_operation_bank_date CHECK ((item_id IS NULL) = (bank_booked_on IS NULL)),
    CONSTRAINT ck_ledger_operation_finished CHECK ((status = 'pending') = (finished_at IS NULL)),
    CONSTRAINT ck_ledger_operation_refusal CHECK ((status = 'refused') = (refusal_code IS NOT NULL)),
    CONSTRAINT ck_ledger_operation_receipt CHECK (
        (status = 'done') = (ledger_id IS NOT NULL) AND (status = 'done') = (entry_id IS NOT NULL)
        AND (status = 'done') = (entry_seq IS NOT NULL) AND (status = 'done') = (voucher_number IS NOT NULL)
        AND (status = 'done') = (entry_hash IS NOT NULL))
)
--;;
CREATE INDEX ix_ledger_operation_pending ON ledger_operation (due_at, position) WHERE status = 'pending'
--;;
CREATE INDEX ix_ledger_operation_book_claim_id_position ON ledger_operation (book, claim_id, position)
--;;
CREATE UNIQUE INDEX uq_ledger_operation_encumbered_once ON ledger_operation (book, claim_id)
    WHERE operation = 'encumber' AND status IN ('pending', 'done')
--;;
-- A bank's success is booked once and given back once, however many attempts that takes.
CREATE UNIQUE INDEX uq_ledger_operation_item_once ON ledger_operation (book, item_id, operation)
    WHERE item_id IS NOT NULL AND status IN ('pending', 'done')
--;;
CREATE TABLE file_issue (
    book text NOT NULL,
    id uuid NOT NULL,
    batch_id uuid NOT NULL,
    issued_to text NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now(),
    template text NOT NULL,
    item_count integer NOT NULL,
    total_fen bigint NOT NULL,
    sha256 bytea NOT NULL,
    CONSTRAINT pk_file_issue PRIMARY KEY (book, id),
    CONSTRAINT fk_file_issue_book_batch_id_payout_batch FOREIGN KEY (book, batch_id) REFERENCES payout_batch (book, id)
)
--;;
CREATE INDEX ix_file_issue_book_batch_id ON file_issue (book, batch_id)
--;;
CREATE TABLE bank_return (
    book text NOT NULL,
    id uuid NOT NULL,
    batch_id uuid NOT NULL,
    received_by text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    control_count integer NOT NULL,
    control_total_fen bigint NOT NULL,
    CONSTRAINT pk_bank_return PRIMARY KEY (book, id),
    CONSTRAINT fk_bank_return_book_batch_id_payout_batch FOREIGN KEY (book, batch_id) REFERENCES payout_batch (book, id)
)
--;;
CREATE INDEX ix_bank_return_book_batch_id ON bank_return (book, batch_id)
--;;
CREATE TABLE bank_return_row (
    book text NOT NULL,
    return_id uuid NOT NULL,
    row integer NOT NULL,
    item_id uuid NOT NULL,
    outcome text NOT NULL,
    amount_fen bigint NOT NULL,
    booked_on date NOT NULL,
    reason_cipher bytea,
    CONSTRAINT pk_bank_return_row PRIMARY KEY (book, return_id, row),
    -- The bank can say each thing about an item once.
    CONSTRAINT uq_bank_return_row_book_item_id_outcome UNIQUE (book, item_id, outcome),
    CONSTRAINT fk_bank_return_row_book_return_id_bank_return FOREIGN KEY (book, return_id) REFERENCES bank_return (book, id),
    CONSTRAINT fk_bank_return_row_book_item_id_payout_item FOREIGN KEY (book, item_id) REFERENCES payout_item (book, id),
    CONSTRAINT ck_bank_return_row_outcome CHECK (outcome IN ('success', 'failure')),
    CONSTRAINT ck_bank_return_row_amount CHECK (amount_fen > 0)
)
--;;
CREATE TABLE worker_heartbeat (
    worker text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    operations_finished bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_worker_heartbeat PRIMARY KEY (worker)
)
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON file_issue
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_return
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_return_row
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- A wish whose outcome is known never changes again: neither its receipt nor its refusal.
CREATE FUNCTION refuse_change_of_finished_operation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'pending' THEN
        RAISE EXCEPTION 'ledger operation % is finished', OLD.key USING ERRCODE = 'FP102';
    END IF;
    RETURN NEW;
END
$$
--;;
REVOKE EXECUTE ON FUNCTION refuse_change_of_finished_operation() FROM PUBLIC
--;;
CREATE TRIGGER finished_is_final BEFORE UPDATE ON ledger_operation
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_finished_operation()
