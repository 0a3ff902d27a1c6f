-- The ledger at full depth: purposes of a budget, open items, proposals and decisions, versions of the budget, the adjusting period.
-- The names of columns are as in 0001; source '' and purpose_code '' mean "none".

ALTER TABLE posting ADD COLUMN purpose_code text NOT NULL DEFAULT '', ADD COLUMN item uuid;
ALTER TABLE posting DROP CONSTRAINT ck_posting_source;
ALTER TABLE posting ADD CONSTRAINT ck_posting_source
    CHECK (source IN ('', 'central', 'province', 'city', 'county', 'donation', 'interest', 'gift', 'agency'));
CREATE INDEX ix_posting_item ON posting (item, book, seq) WHERE item IS NOT NULL;

ALTER TABLE balance ADD COLUMN purpose_code text NOT NULL DEFAULT '';
ALTER TABLE balance DROP CONSTRAINT pk_balance;
ALTER TABLE balance ADD CONSTRAINT pk_balance PRIMARY KEY (book, fund, account, budget_year, source, purpose_code);
ALTER TABLE daily_total ADD COLUMN purpose_code text NOT NULL DEFAULT '';
ALTER TABLE daily_total DROP CONSTRAINT pk_daily_total;
ALTER TABLE daily_total ADD CONSTRAINT pk_daily_total PRIMARY KEY (book, fund, account, budget_year, source, purpose_code, day);
ALTER TABLE monthly_total ADD COLUMN purpose_code text NOT NULL DEFAULT '';
ALTER TABLE monthly_total DROP CONSTRAINT pk_monthly_total;
ALTER TABLE monthly_total ADD CONSTRAINT pk_monthly_total PRIMARY KEY (book, fund, account, budget_year, source, purpose_code, month);

-- A new kind of operation is a new voucher template, not a new list here.
ALTER TABLE journal_entry DROP CONSTRAINT ck_journal_entry_kind;
ALTER TABLE journal_entry ADD CONSTRAINT ck_journal_entry_kind CHECK (kind ~ '^[a-z][a-z_]{1,39}$');
ALTER TABLE journal_entry DROP CONSTRAINT ck_journal_entry_period;
ALTER TABLE journal_entry ADD CONSTRAINT ck_journal_entry_period CHECK (
    fiscal_year = extract(year FROM effective_on)
    AND (period = fiscal_year::text || '-' || lpad(extract(month FROM effective_on)::text, 2, '0')
         OR (period = fiscal_year::text || '-13' AND effective_on = make_date(fiscal_year, 12, 31))));
ALTER TABLE chain_record DROP CONSTRAINT ck_chain_record_kind;
ALTER TABLE chain_record ADD CONSTRAINT ck_chain_record_kind CHECK (kind ~ '^[a-z][a-z_]{1,30}$');
ALTER TABLE period DROP CONSTRAINT ck_period_number;
ALTER TABLE period ADD CONSTRAINT ck_period_number CHECK (number BETWEEN 1 AND 13);
ALTER TABLE period_event ADD COLUMN authority text;

-- A purpose 用途 under a fund; a later version replaces an earlier one. Empty lists mean any.
CREATE TABLE purpose (
    book text NOT NULL,
    fund text NOT NULL,
    code text NOT NULL,
    position bigint NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    kinds text[] NOT NULL,
    sources text[] NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_purpose PRIMARY KEY (book, fund, code, position),
    CONSTRAINT fk_purpose_book_fund_fund FOREIGN KEY (book, fund) REFERENCES fund (book, code),
    CONSTRAINT fk_purpose_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position),
    CONSTRAINT ck_purpose_code CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$')
);

ALTER TABLE encumbrance ADD COLUMN purpose_code text NOT NULL DEFAULT '';
ALTER TABLE encumbrance_balance ADD COLUMN budget_year smallint, ADD COLUMN expires_at timestamptz;
UPDATE encumbrance_balance b SET budget_year = e.fiscal_year, expires_at = e.expires_at FROM encumbrance e WHERE e.book = b.book AND e.id = b.id;
ALTER TABLE encumbrance_balance ALTER COLUMN budget_year SET NOT NULL;

CREATE TABLE encumbrance_extension (
    book text NOT NULL,
    encumbrance uuid NOT NULL,
    position bigint NOT NULL,
    expires_at timestamptz,
    reason text NOT NULL,
    by_person text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_encumbrance_extension PRIMARY KEY (book, position),
    CONSTRAINT fk_encumbrance_extension_book_encumbrance_encumbrance FOREIGN KEY (book, encumbrance) REFERENCES encumbrance (book, id),
    CONSTRAINT fk_encumbrance_extension_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position)
);
CREATE INDEX ix_encumbrance_extension_encumbrance ON encumbrance_extension (encumbrance, book);

-- An open item 往来明细: what one advance, retention, gift … still stands for. Lines on `side` add to it, the other side settles it.
CREATE TABLE open_item (
    book text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    side text NOT NULL,
    party_ref text,
    reference text,
    encumbrance uuid,
    purpose_code text NOT NULL,
    due_on date,
    details jsonb NOT NULL,
    opened_seq bigint NOT NULL,
    opened_on date NOT NULL,
    CONSTRAINT pk_open_item PRIMARY KEY (book, id),
    CONSTRAINT fk_open_item_book_fund_account_account FOREIGN KEY (book, fund, account) REFERENCES account (book, fund, code),
    CONSTRAINT fk_open_item_book_opened_seq_journal_entry FOREIGN KEY (book, opened_seq) REFERENCES journal_entry (book, seq),
    CONSTRAINT fk_open_item_book_encumbrance_encumbrance FOREIGN KEY (book, encumbrance) REFERENCES encumbrance (book, id),
    CONSTRAINT ck_open_item_kind CHECK (kind ~ '^[a-z][a-z_]{1,39}$'),
    CONSTRAINT ck_open_item_side CHECK (side IN ('debit', 'credit'))
);
CREATE INDEX ix_open_item_fund ON open_item (fund, kind, book, opened_seq);
CREATE UNIQUE INDEX ix_open_item_encumbrance ON open_item (encumbrance, book) WHERE encumbrance IS NOT NULL;

CREATE TABLE open_item_balance (
    book text NOT NULL,
    id uuid NOT NULL,
    source text NOT NULL,
    opened_fen bigint NOT NULL DEFAULT 0,
    settled_fen bigint NOT NULL DEFAULT 0,
    remaining_fen bigint NOT NULL GENERATED ALWAYS AS (opened_fen - settled_fen) STORED,
    CONSTRAINT pk_open_item_balance PRIMARY KEY (book, id, source),
    CONSTRAINT fk_open_item_balance_book_id_open_item FOREIGN KEY (book, id) REFERENCES open_item (book, id),
    CONSTRAINT ck_open_item_balance_remaining CHECK (opened_fen - settled_fen >= 0)
) WITH (fillfactor = 70);

-- Maker and checker. A proposal is decided once; what it asks for is done in the transaction of its approval.
CREATE TABLE proposal (
    book text NOT NULL,
    id uuid NOT NULL,
    position bigint NOT NULL,
    operation text NOT NULL,
    kind text NOT NULL,
    funds text[] NOT NULL,
    amount_fen bigint NOT NULL,
    period text NOT NULL,
    effective_on date NOT NULL,
    description text NOT NULL,
    reference text,
    prepared_by text NOT NULL,
    sent_by text NOT NULL,
    arguments text NOT NULL,
    proposed_at timestamptz NOT NULL,
    CONSTRAINT pk_proposal PRIMARY KEY (book, id),
    CONSTRAINT uq_proposal_position_book UNIQUE (position, book),
    CONSTRAINT fk_proposal_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position)
);
CREATE INDEX ix_proposal_period ON proposal (period, book);

CREATE TABLE decision (
    book text NOT NULL,
    proposal uuid NOT NULL,
    position bigint NOT NULL,
    outcome text NOT NULL,
    by_person text NOT NULL,
    reason text,
    seq bigint,
    decided_at timestamptz NOT NULL,
    CONSTRAINT pk_decision PRIMARY KEY (book, proposal),
    CONSTRAINT fk_decision_book_proposal_proposal FOREIGN KEY (book, proposal) REFERENCES proposal (book, id),
    CONSTRAINT fk_decision_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position),
    CONSTRAINT fk_decision_book_seq_journal_entry FOREIGN KEY (book, seq) REFERENCES journal_entry (book, seq),
    CONSTRAINT ck_decision_outcome CHECK (outcome IN ('approved', 'refused', 'withdrawn')),
    CONSTRAINT ck_decision_reason CHECK (outcome <> 'refused' OR reason IS NOT NULL),
    CONSTRAINT ck_decision_seq CHECK ((outcome = 'approved') = (seq IS NOT NULL))
);

-- Which entries need a second person: the latest version counts.
CREATE TABLE approval_policy (
    book text NOT NULL,
    position bigint NOT NULL,
    rules jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_approval_policy PRIMARY KEY (book, position),
    CONSTRAINT fk_approval_policy_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position)
);

-- Versions of the budget: one decision of an authority, posted by one entry on the control basis.
CREATE TABLE budget_version (
    book text NOT NULL,
    position bigint NOT NULL,
    fiscal_year smallint NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    authority text NOT NULL,
    document text NOT NULL,
    decided_on date NOT NULL,
    seq bigint NOT NULL,
    prepared_by text NOT NULL,
    reviewed_by text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_budget_version PRIMARY KEY (book, fiscal_year, version),
    CONSTRAINT fk_budget_version_book_position_chain_record FOREIGN KEY (book, position) REFERENCES chain_record (book, position),
    CONSTRAINT fk_budget_version_book_seq_journal_entry FOREIGN KEY (book, seq) REFERENCES journal_entry (book, seq),
    CONSTRAINT ck_budget_version_kind CHECK (kind IN ('original', 'amended', 'moved')),
    CONSTRAINT ck_budget_version_first CHECK ((version = 1) = (kind = 'original'))
);
