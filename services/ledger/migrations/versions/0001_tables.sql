-- Tables of the ledger. Every key starts with the book, so that a book can be moved or distributed as a whole.
-- Primary keys lead with the book, other indexes end with it: in a young database without statistics the planner would otherwise take an
-- index that merely starts with the book for the key of a single row.
-- Amounts are fen (bigint). balance_fen is debit minus credit. budget_year 0 and source '' mean "none".

CREATE TABLE book (
    code text NOT NULL,
    name text NOT NULL,
    first_period text NOT NULL,
    hash_suite text NOT NULL DEFAULT 'sha256',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The one column the service may update: it gives the right to lock the row, and nothing reads it.
    lock_token integer NOT NULL DEFAULT 0,
    CONSTRAINT pk_book PRIMARY KEY (code),
    CONSTRAINT ck_book_code CHECK (code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_book_first_period CHECK (first_period ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$'),
    CONSTRAINT ck_book_hash_suite CHECK (hash_suite IN ('sha256'))
);

CREATE TABLE fund (
    book text NOT NULL,
    code text NOT NULL,
    parent text,
    category text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    source_order text[] NOT NULL,
    position integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_fund PRIMARY KEY (book, code),
    CONSTRAINT fk_fund_book_book FOREIGN KEY (book) REFERENCES book (code),
    CONSTRAINT fk_fund_book_parent_fund FOREIGN KEY (book, parent) REFERENCES fund (book, code),
    -- A child's code is longer than its parent's, so that no fund stands above itself.
    CONSTRAINT ck_fund_parent_above CHECK (starts_with(code, parent || '.'))
);
CREATE INDEX ix_fund_parent ON fund (parent, book);

CREATE TABLE account (
    book text NOT NULL,
    fund text NOT NULL,
    code text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    basis text NOT NULL,
    normal_side text NOT NULL,
    guarded boolean NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (book, fund, code),
    CONSTRAINT fk_account_book_fund_fund FOREIGN KEY (book, fund) REFERENCES fund (book, code),
    CONSTRAINT ck_account_basis CHECK (basis IN ('financial', 'budgetary', 'control')),
    CONSTRAINT ck_account_normal_side CHECK (normal_side IN ('debit', 'credit')),
    CONSTRAINT ck_account_control_codes CHECK ((basis = 'control') = (code IN ('allotted', 'available', 'encumbered', 'expended'))),
    CONSTRAINT ck_account_control_sides CHECK (basis <> 'control' OR (normal_side = 'debit') = (code = 'allotted')),
    -- Cash, available and encumbered are guarded in every fund; a row of the service's own making cannot say otherwise.
    CONSTRAINT ck_account_guarded CHECK (guarded = (code IN ('1002', 'available', 'encumbered'))),
    CONSTRAINT ck_account_cash CHECK (code <> '1002' OR (basis = 'financial' AND normal_side = 'debit'))
);

CREATE TABLE period (
    book text NOT NULL,
    code text NOT NULL,
    fiscal_year smallint NOT NULL,
    number smallint NOT NULL,
    status text NOT NULL DEFAULT 'open',
    CONSTRAINT pk_period PRIMARY KEY (book, code),
    CONSTRAINT fk_period_book_book FOREIGN KEY (book) REFERENCES book (code),
    CONSTRAINT ck_period_number CHECK (number BETWEEN 1 AND 12),
    CONSTRAINT ck_period_code CHECK (code = fiscal_year::text || '-' || lpad(number::text, 2, '0')),
    CONSTRAINT ck_period_status CHECK (status IN ('open', 'closed'))
);

CREATE TABLE chain_head (
    book text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    -- How far entries, and how far complete entries, have come; equal to seq whenever a transaction commits.
    entry_seq bigint NOT NULL DEFAULT 0,
    posted_seq bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_chain_head PRIMARY KEY (book),
    CONSTRAINT fk_chain_head_book_book FOREIGN KEY (book) REFERENCES book (code)
) WITH (fillfactor = 50);

CREATE TABLE chain_record (
    book text NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL,
    seq bigint,
    format smallint NOT NULL,
    content text,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_chain_record PRIMARY KEY (book, position),
    CONSTRAINT ck_chain_record_kind CHECK (kind IN ('book', 'fund', 'period', 'entry')),
    CONSTRAINT ck_chain_record_subject CHECK ((kind = 'entry') = (seq IS NOT NULL) AND (kind = 'entry') = (content IS NULL)),
    CONSTRAINT ck_chain_record_hash CHECK (octet_length(hash) = 32 AND octet_length(prev_hash) = 32)
);
CREATE UNIQUE INDEX ix_chain_record_seq ON chain_record (seq, book) WHERE seq IS NOT NULL;

CREATE TABLE period_event (
    book text NOT NULL,
    code text NOT NULL,
    action text NOT NULL,
    position bigint NOT NULL,
    by_person text NOT NULL,
    reason text,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_period_event PRIMARY KEY (book, position),
    CONSTRAINT fk_period_event_book_code_period FOREIGN KEY (book, code) REFERENCES period (book, code),
    CONSTRAINT fk_period_event_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position),
    CONSTRAINT ck_period_event_action CHECK (action IN ('close', 'reopen'))
);

CREATE TABLE journal_entry (
    book text NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    fiscal_year smallint NOT NULL,
    period text NOT NULL,
    voucher_type text NOT NULL,
    voucher_number integer NOT NULL,
    effective_on date NOT NULL,
    posted_at timestamptz NOT NULL,
    description text NOT NULL,
    reference text,
    metadata jsonb NOT NULL,
    payee_ref text,
    non_budget boolean NOT NULL,
    non_budget_reason text,
    red boolean NOT NULL,
    undoes uuid,
    lines smallint NOT NULL,
    prepared_by text NOT NULL,
    reviewed_by text,
    posted_by text NOT NULL,
    attachment_count integer NOT NULL,
    attachment_hashes text[] NOT NULL,
    CONSTRAINT pk_journal_entry PRIMARY KEY (book, seq),
    CONSTRAINT uq_journal_entry_id_book UNIQUE (id, book),
    CONSTRAINT uq_journal_entry_voucher UNIQUE (fiscal_year, period, voucher_type, voucher_number, book),
    CONSTRAINT ck_journal_entry_kind CHECK (kind IN ('journal', 'opening', 'receipt', 'allotment', 'payment', 'encumber', 'liquidation', 'return',
                                                     'release', 'reversal')),
    CONSTRAINT ck_journal_entry_period CHECK (
        fiscal_year = extract(year FROM effective_on)
        AND period = fiscal_year::text || '-' || lpad(extract(month FROM effective_on)::text, 2, '0')),
    CONSTRAINT ck_journal_entry_voucher_type CHECK (voucher_type IN ('记', '收', '付', '转')),
    CONSTRAINT ck_journal_entry_lines CHECK (lines >= 2),
    CONSTRAINT ck_journal_entry_red CHECK (red = (kind = 'reversal') AND (kind <> 'reversal' OR undoes IS NOT NULL)),
    CONSTRAINT ck_journal_entry_non_budget CHECK (NOT non_budget OR non_budget_reason IS NOT NULL)
);
CREATE UNIQUE INDEX ix_journal_entry_undoes ON journal_entry (undoes, book) WHERE undoes IS NOT NULL;
CREATE INDEX ix_journal_entry_reference ON journal_entry (reference, book, seq) WHERE reference IS NOT NULL;
CREATE INDEX ix_journal_entry_effective_on ON journal_entry (effective_on, book, seq);

CREATE TABLE posting (
    book text NOT NULL,
    seq bigint NOT NULL,
    line smallint NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    side text NOT NULL,
    amount_fen bigint NOT NULL,
    red boolean NOT NULL,
    budget_year smallint NOT NULL,
    source text NOT NULL,
    encumbrance uuid,
    memo text,
    CONSTRAINT pk_posting PRIMARY KEY (book, seq, line),
    CONSTRAINT ck_posting_side CHECK (side IN ('debit', 'credit')),
    CONSTRAINT ck_posting_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000000),
    CONSTRAINT ck_posting_source CHECK (source IN ('', 'central', 'province', 'city', 'county', 'donation', 'interest'))
);
CREATE INDEX ix_posting_account ON posting (fund, account, book, seq);
CREATE INDEX ix_posting_encumbrance ON posting (encumbrance, book, seq) WHERE encumbrance IS NOT NULL;

CREATE TABLE voucher_head (
    book text NOT NULL,
    fiscal_year smallint NOT NULL,
    period text NOT NULL,
    voucher_type text NOT NULL,
    number integer NOT NULL,
    CONSTRAINT pk_voucher_head PRIMARY KEY (book, fiscal_year, period, voucher_type)
) WITH (fillfactor = 50);

CREATE TABLE balance (
    book text NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    budget_year smallint NOT NULL,
    source text NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    balance_fen bigint NOT NULL GENERATED ALWAYS AS (debit_fen - credit_fen) STORED,
    CONSTRAINT pk_balance PRIMARY KEY (book, fund, account, budget_year, source)
) WITH (fillfactor = 50);

CREATE TABLE daily_total (
    book text NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    budget_year smallint NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    CONSTRAINT pk_daily_total PRIMARY KEY (book, fund, account, budget_year, source, day)
) WITH (fillfactor = 50);
CREATE INDEX ix_daily_total_day ON daily_total (day, book);

CREATE TABLE monthly_total (
    book text NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    budget_year smallint NOT NULL,
    source text NOT NULL,
    month text NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    CONSTRAINT pk_monthly_total PRIMARY KEY (book, fund, account, budget_year, source, month)
) WITH (fillfactor = 50);
CREATE INDEX ix_monthly_total_month ON monthly_total (month, book);

CREATE TABLE encumbrance (
    book text NOT NULL,
    id uuid NOT NULL,
    fund text NOT NULL,
    fiscal_year smallint NOT NULL,
    amount_fen bigint NOT NULL,
    purpose text NOT NULL,
    reference text,
    expires_at timestamptz,
    opened_seq bigint NOT NULL,
    opened_on date NOT NULL,
    CONSTRAINT pk_encumbrance PRIMARY KEY (book, id),
    CONSTRAINT uq_encumbrance_opened_seq_book UNIQUE (opened_seq, book),
    CONSTRAINT fk_encumbrance_book_fund_fund FOREIGN KEY (book, fund) REFERENCES fund (book, code),
    CONSTRAINT fk_encumbrance_book_opened_seq_journal_entry FOREIGN KEY (book, opened_seq) REFERENCES journal_entry (book, seq),
    CONSTRAINT ck_encumbrance_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000000)
);
CREATE INDEX ix_encumbrance_fund ON encumbrance (fund, book, opened_seq);
CREATE INDEX ix_encumbrance_reference ON encumbrance (reference, book) WHERE reference IS NOT NULL;

CREATE TABLE encumbrance_balance (
    book text NOT NULL,
    id uuid NOT NULL,
    encumbered_fen bigint NOT NULL DEFAULT 0,
    liquidated_fen bigint NOT NULL DEFAULT 0,
    returned_fen bigint NOT NULL DEFAULT 0,
    released_fen bigint NOT NULL DEFAULT 0,
    remaining_fen bigint NOT NULL GENERATED ALWAYS AS (encumbered_fen - liquidated_fen + returned_fen - released_fen) STORED,
    -- Returned by the bank and not paid again: what stands on 2303 for this encumbrance.
    payable_fen bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_encumbrance_balance PRIMARY KEY (book, id),
    CONSTRAINT fk_encumbrance_balance_book_id_encumbrance FOREIGN KEY (book, id) REFERENCES encumbrance (book, id),
    CONSTRAINT ck_encumbrance_balance_remaining CHECK (encumbered_fen - liquidated_fen + returned_fen - released_fen >= 0),
    -- Banks return no more than was paid, so what remains never exceeds what was encumbered.
    CONSTRAINT ck_encumbrance_balance_returned CHECK (returned_fen BETWEEN 0 AND liquidated_fen),
    CONSTRAINT ck_encumbrance_balance_payable CHECK (payable_fen >= 0)
) WITH (fillfactor = 70);

CREATE TABLE opening_balance (
    book text NOT NULL,
    fund text NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT pk_opening_balance PRIMARY KEY (book, fund),
    CONSTRAINT fk_opening_balance_book_fund_fund FOREIGN KEY (book, fund) REFERENCES fund (book, code),
    CONSTRAINT fk_opening_balance_book_seq_journal_entry FOREIGN KEY (book, seq) REFERENCES journal_entry (book, seq)
);

CREATE TABLE idempotency_key (
    book text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_key PRIMARY KEY (book, key),
    CONSTRAINT ck_idempotency_key_status CHECK (status BETWEEN 200 AND 299 OR status = 409)
);
