-- The bank: accounts and the funds whose cash lies on them, statements, and what of them is matched with entries (docs/adr/0011).
-- Amounts are fen; of a statement line positive is money in, negative money out. Sealed columns hold ciphertext, index and mark keyed hashes.

CREATE TABLE bank_account (
    book text NOT NULL,
    code text NOT NULL,
    bank_name text NOT NULL,
    name_zh text NOT NULL,
    number_mask text NOT NULL,
    number_sealed bytea NOT NULL,
    number_index bytea NOT NULL,
    -- As given; a trigger gives each its row in bank_account_fund. The funds below them lie on the account too.
    funds text[] NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_bank_account PRIMARY KEY (book, code),
    CONSTRAINT uq_bank_account_number_index_book UNIQUE (number_index, book),
    CONSTRAINT fk_bank_account_book_book FOREIGN KEY (book) REFERENCES book (code),
    CONSTRAINT ck_bank_account_funds CHECK (cardinality(funds) > 0),
    CONSTRAINT ck_bank_account_number_index CHECK (octet_length(number_index) = 32)
);

CREATE TABLE bank_account_fund (
    book text NOT NULL,
    fund text NOT NULL,
    account text NOT NULL,
    CONSTRAINT pk_bank_account_fund PRIMARY KEY (book, fund),
    CONSTRAINT fk_bank_account_fund_book_fund_fund FOREIGN KEY (book, fund) REFERENCES fund (book, code),
    CONSTRAINT fk_bank_account_fund_book_account_bank_account FOREIGN KEY (book, account) REFERENCES bank_account (book, code)
);
CREATE INDEX ix_bank_account_fund_account ON bank_account_fund (account, book);

CREATE TABLE bank_column_mapping (
    book text NOT NULL,
    account text NOT NULL,
    version integer NOT NULL,
    mapping jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_bank_column_mapping PRIMARY KEY (book, account, version),
    CONSTRAINT fk_bank_column_mapping_book_account_bank_account FOREIGN KEY (book, account) REFERENCES bank_account (book, code),
    CONSTRAINT ck_bank_column_mapping_version CHECK (version > 0)
);

CREATE TABLE bank_statement (
    book text NOT NULL,
    account text NOT NULL,
    id uuid NOT NULL,
    file_hash text NOT NULL,
    mapping_account text NOT NULL,
    mapping_version integer NOT NULL,
    covers_from date NOT NULL,
    covers_to date NOT NULL,
    lines_taken integer NOT NULL,
    lines_known integer NOT NULL,
    rows_bad integer NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_bank_statement PRIMARY KEY (book, account, id),
    CONSTRAINT fk_bank_statement_book_account_bank_account FOREIGN KEY (book, account) REFERENCES bank_account (book, code),
    CONSTRAINT fk_bank_statement_mapping_bank_column_mapping FOREIGN KEY (book, mapping_account, mapping_version)
        REFERENCES bank_column_mapping (book, account, version),
    CONSTRAINT ck_bank_statement_covers CHECK (covers_from <= covers_to)
);

-- A line of a statement. The line without a statement is the balance the bank had when the account was taken over.
CREATE TABLE bank_line (
    book text NOT NULL,
    account text NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    statement uuid,
    row_number integer,
    booked_on date NOT NULL,
    amount_fen bigint NOT NULL,
    balance_fen bigint,
    reference text,
    text text,
    counterparty_mask text,
    counterparty_sealed bytea,
    -- The same date, amount, reference, text and balance have the same mark; the nth of one file is the nth of every file.
    mark bytea NOT NULL,
    occurrence integer NOT NULL,
    CONSTRAINT pk_bank_line PRIMARY KEY (book, account, number),
    CONSTRAINT uq_bank_line_id_book UNIQUE (id, book),
    CONSTRAINT uq_bank_line_mark_occurrence_account_book UNIQUE (mark, occurrence, account, book),
    CONSTRAINT fk_bank_line_book_account_bank_account FOREIGN KEY (book, account) REFERENCES bank_account (book, code),
    CONSTRAINT fk_bank_line_book_account_statement_bank_statement FOREIGN KEY (book, account, statement)
        REFERENCES bank_statement (book, account, id),
    CONSTRAINT ck_bank_line_amount CHECK (amount_fen <> 0 AND abs(amount_fen) <= 1000000000000000),
    CONSTRAINT ck_bank_line_mark CHECK (octet_length(mark) = 32),
    CONSTRAINT ck_bank_line_statement CHECK ((statement IS NULL) = (row_number IS NULL)),
    CONSTRAINT ck_bank_line_counterparty CHECK ((counterparty_mask IS NULL) = (counterparty_sealed IS NULL))
);
CREATE INDEX ix_bank_line_booked_on ON bank_line (booked_on, account, book, number);

-- What belongs together: lines of a statement and entries whose cash moved by the same sum, or lines that cancel each other.
CREATE TABLE bank_match (
    book text NOT NULL,
    account text NOT NULL,
    id uuid NOT NULL,
    lines integer NOT NULL,
    entries integer NOT NULL,
    matched_by text NOT NULL,
    matched_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_bank_match PRIMARY KEY (book, account, id),
    CONSTRAINT fk_bank_match_book_account_bank_account FOREIGN KEY (book, account) REFERENCES bank_account (book, code),
    CONSTRAINT ck_bank_match_parts CHECK (lines >= 1 AND entries >= 0 AND lines + entries >= 2)
);

CREATE TABLE bank_match_line (
    book text NOT NULL,
    account text NOT NULL,
    match uuid NOT NULL,
    line bigint NOT NULL,
    CONSTRAINT pk_bank_match_line PRIMARY KEY (book, account, match, line),
    CONSTRAINT fk_bank_match_line_book_account_match_bank_match FOREIGN KEY (book, account, match) REFERENCES bank_match (book, account, id),
    CONSTRAINT fk_bank_match_line_book_account_line_bank_line FOREIGN KEY (book, account, line) REFERENCES bank_line (book, account, number)
);

CREATE TABLE bank_match_entry (
    book text NOT NULL,
    account text NOT NULL,
    match uuid NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT pk_bank_match_entry PRIMARY KEY (book, account, match, seq),
    CONSTRAINT fk_bank_match_entry_book_account_match_bank_match FOREIGN KEY (book, account, match) REFERENCES bank_match (book, account, id),
    CONSTRAINT fk_bank_match_entry_book_seq_journal_entry FOREIGN KEY (book, seq) REFERENCES journal_entry (book, seq)
);

CREATE TABLE bank_match_undo (
    book text NOT NULL,
    account text NOT NULL,
    match uuid NOT NULL,
    reason text NOT NULL,
    undone_by text NOT NULL,
    undone_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_bank_match_undo PRIMARY KEY (book, account, match),
    CONSTRAINT fk_bank_match_undo_book_account_match_bank_match FOREIGN KEY (book, account, match) REFERENCES bank_match (book, account, id)
);

-- What is matched now: kept by triggers alone. The primary keys are the proof that nothing is in two live matches.
CREATE TABLE bank_matched_line (
    book text NOT NULL,
    account text NOT NULL,
    line bigint NOT NULL,
    match uuid NOT NULL,
    CONSTRAINT pk_bank_matched_line PRIMARY KEY (book, account, line)
);
CREATE INDEX ix_bank_matched_line_match ON bank_matched_line (match, account, book);
CREATE TABLE bank_matched_entry (
    book text NOT NULL,
    account text NOT NULL,
    seq bigint NOT NULL,
    match uuid NOT NULL,
    CONSTRAINT pk_bank_matched_entry PRIMARY KEY (book, account, seq)
);
CREATE INDEX ix_bank_matched_entry_match ON bank_matched_entry (match, account, book);

-- A fund, with the funds below it, lies on at most one account.
CREATE FUNCTION bank_account_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    -- One after the other: two sessions that each see only their own funds could pass each other.
    PERFORM FROM chain_head WHERE book IN (SELECT book FROM added) ORDER BY book FOR UPDATE;
    INSERT INTO bank_account_fund (book, fund, account) SELECT a.book, f.code, a.code FROM added a CROSS JOIN LATERAL unnest(a.funds) AS f (code);
    WITH RECURSIVE above (book, fund, ancestor) AS (
        SELECT o.book, o.fund, n.parent FROM bank_account_fund o JOIN fund n ON n.book = o.book AND n.code = o.fund
        WHERE o.book IN (SELECT book FROM added) AND n.parent IS NOT NULL
        UNION ALL
        SELECT a.book, a.fund, n.parent FROM above a JOIN fund n ON n.book = a.book AND n.code = a.ancestor WHERE n.parent IS NOT NULL)
    SELECT a.book, a.fund INTO bad FROM above a JOIN bank_account_fund o ON o.book = a.book AND o.fund = a.ancestor LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'fund % of book % and a fund above it would both name a bank account', bad.fund, bad.book USING ERRCODE = 'FP031';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_account_opened AFTER INSERT ON bank_account REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION bank_account_opened();

-- Parts join a match that still lacks them and was not undone; whoever is in a live match already is refused by the primary key.
CREATE FUNCTION bank_lines_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM bank_match m JOIN (SELECT DISTINCT book, account, match FROM added) a ON a.book = m.book AND a.account = m.account AND a.match = m.id
    WHERE (SELECT count(*) FROM bank_match_line l WHERE l.book = m.book AND l.account = m.account AND l.match = m.id) > m.lines
       OR EXISTS (SELECT FROM bank_match_undo u WHERE u.book = m.book AND u.account = m.account AND u.match = m.id);
    IF FOUND THEN
        RAISE EXCEPTION 'nothing joins a match that is whole or undone' USING ERRCODE = 'FP032';
    END IF;
    INSERT INTO bank_matched_line (book, account, line, match) SELECT book, account, line, match FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_lines_matched AFTER INSERT ON bank_match_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION bank_lines_matched();

CREATE FUNCTION bank_entries_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM bank_match m JOIN (SELECT DISTINCT book, account, match FROM added) a ON a.book = m.book AND a.account = m.account AND a.match = m.id
    WHERE (SELECT count(*) FROM bank_match_entry l WHERE l.book = m.book AND l.account = m.account AND l.match = m.id) > m.entries
       OR EXISTS (SELECT FROM bank_match_undo u WHERE u.book = m.book AND u.account = m.account AND u.match = m.id);
    IF FOUND THEN
        RAISE EXCEPTION 'nothing joins a match that is whole or undone' USING ERRCODE = 'FP032';
    END IF;
    INSERT INTO bank_matched_entry (book, account, seq, match) SELECT book, account, seq, match FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_entries_matched AFTER INSERT ON bank_match_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION bank_entries_matched();

-- At commit: the match has the parts it said, each entry moved the account's cash, and both sides are the same sum.
CREATE FUNCTION bank_match_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    on_statement record;
    in_book record;
BEGIN
    SELECT count(*) AS parts, coalesce(sum(l.amount_fen), 0) AS fen INTO on_statement
    FROM bank_match_line m JOIN bank_line l ON l.book = m.book AND l.account = m.account AND l.number = m.line
    WHERE m.book = NEW.book AND m.account = NEW.account AND m.match = NEW.id;
    WITH RECURSIVE tree (code) AS (
        SELECT fund FROM bank_account_fund WHERE book = NEW.book AND account = NEW.account
        UNION ALL
        SELECT f.code FROM tree t JOIN fund f ON f.book = NEW.book AND f.parent = t.code)
    SELECT count(*) AS parts, coalesce(sum(e.fen), 0) AS fen, coalesce(bool_and(e.fen <> 0), true) AS all_moved INTO in_book
    FROM (SELECT m.seq, coalesce((SELECT sum(CASE WHEN (p.side = 'debit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END)
                                  FROM posting p WHERE p.book = NEW.book AND p.seq = m.seq AND p.account = '1002'
                                  AND p.fund IN (SELECT code FROM tree)), 0) AS fen
          FROM bank_match_entry m WHERE m.book = NEW.book AND m.account = NEW.account AND m.match = NEW.id) e;
    IF on_statement.parts <> NEW.lines OR in_book.parts <> NEW.entries THEN
        RAISE EXCEPTION 'match % of book % lacks parts', NEW.id, NEW.book USING ERRCODE = 'FP033';
    END IF;
    IF NOT in_book.all_moved THEN
        RAISE EXCEPTION 'match % of book % names an entry that moved no cash of the account', NEW.id, NEW.book USING ERRCODE = 'FP034';
    END IF;
    IF on_statement.fen <> in_book.fen THEN
        RAISE EXCEPTION 'match % of book %: the statement has % fen, the book %', NEW.id, NEW.book, on_statement.fen, in_book.fen
            USING ERRCODE = 'FP035';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bank_match_whole AFTER INSERT ON bank_match DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bank_match_whole();

-- An inserted row undoes a match, once; its parts are free again.
CREATE FUNCTION bank_match_undone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM bank_matched_line WHERE book = NEW.book AND account = NEW.account AND match = NEW.match;
    DELETE FROM bank_matched_entry WHERE book = NEW.book AND account = NEW.account AND match = NEW.match;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_match_undone AFTER INSERT ON bank_match_undo FOR EACH ROW EXECUTE FUNCTION bank_match_undone();

GRANT SELECT ON ALL TABLES IN SCHEMA public TO fangpin_ledger_service;
GRANT INSERT ON bank_account, bank_column_mapping, bank_statement, bank_line, bank_match, bank_match_line, bank_match_entry, bank_match_undo
    TO fangpin_ledger_service;
-- Readers see everything but what is sealed and the keyed hashes.
GRANT SELECT (book, code, bank_name, name_zh, number_mask, funds, opened_by, opened_at) ON bank_account TO fangpin_ledger_reader;
GRANT SELECT (book, account, number, id, statement, row_number, booked_on, amount_fen, balance_fen, reference, text, counterparty_mask, occurrence)
    ON bank_line TO fangpin_ledger_reader;
GRANT SELECT ON bank_account_fund, bank_column_mapping, bank_statement, bank_match, bank_match_line, bank_match_entry, bank_match_undo,
    bank_matched_line, bank_matched_entry TO fangpin_ledger_reader;
