-- What the database proves by itself, whoever writes. The functions run as their owner with a pinned search_path, and nobody else may execute them.
-- SQLSTATEs of class FP are documented in docs/adr/0003-database-proves-invariants.md.
-- A session keeps the plans of its first call, made when the tables may still be empty. The hot functions therefore leave no choice that would
-- grow with the tables: from their new rows they look up one whole key at a time (nested outer joins, LATERAL … OFFSET 0).

-- A new book gets the head of its chain.
CREATE FUNCTION book_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO chain_head (book) SELECT code FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER book_opened AFTER INSERT ON book REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION book_opened();

-- Months follow each other without a gap from the first month of the book.
CREATE FUNCTION period_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.book, a.code INTO bad FROM added a JOIN book b ON b.code = a.book
    WHERE a.code < b.first_period OR (a.code > b.first_period AND NOT EXISTS (
        SELECT FROM period p WHERE p.book = a.book
        AND p.fiscal_year * 12 + p.number = a.fiscal_year * 12 + a.number - 1)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'month % of book % does not follow its first month without a gap', bad.code, bad.book USING ERRCODE = 'FP013';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER period_opened AFTER INSERT ON period REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION period_opened();

-- Closing and reopening: the only way a month's status moves. Months close in order and reopen from the last one back.
CREATE FUNCTION period_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head chain_head%ROWTYPE;
    chained text;
BEGIN
    -- Written, not only locked: a session whose snapshot still shows the month as it was then fails to serialize when it posts.
    UPDATE chain_head SET position = position WHERE book = NEW.book RETURNING * INTO head;
    IF head.entry_seq <> head.posted_seq THEN
        RAISE EXCEPTION 'book % has an unfinished entry', NEW.book USING ERRCODE = 'FP001';
    END IF;
    SELECT kind INTO chained FROM chain_record WHERE book = NEW.book AND position = NEW.position;
    IF chained IS DISTINCT FROM 'period' THEN
        RAISE EXCEPTION 'period event of book % has no chain record', NEW.book USING ERRCODE = 'FP010';
    END IF;
    IF NEW.action = 'close' THEN
        IF EXISTS (SELECT FROM period WHERE book = NEW.book AND code < NEW.code AND status = 'open') THEN
            RAISE EXCEPTION 'month % of book % cannot close before the months ahead of it', NEW.code, NEW.book USING ERRCODE = 'FP013';
        END IF;
        UPDATE period SET status = 'closed' WHERE book = NEW.book AND code = NEW.code AND status = 'open';
    ELSE
        IF EXISTS (SELECT FROM period WHERE book = NEW.book AND code > NEW.code AND status = 'closed') THEN
            RAISE EXCEPTION 'month % of book % cannot reopen before the months after it', NEW.code, NEW.book USING ERRCODE = 'FP013';
        END IF;
        UPDATE period SET status = 'open' WHERE book = NEW.book AND code = NEW.code AND status = 'closed';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'month % of book % does not stand where % finds it', NEW.code, NEW.book, NEW.action USING ERRCODE = 'FP013';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER period_moved AFTER INSERT ON period_event FOR EACH ROW EXECUTE FUNCTION period_moved();

-- Entries: seq and voucher numbers without gaps, open months, no future dates.
CREATE FUNCTION journal_entry_numbered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    head chain_head%ROWTYPE;
    run record;
    bad record;
BEGIN
    FOR run IN
        SELECT book, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS entries, max(effective_on) AS last_on FROM added GROUP BY book ORDER BY book
    LOOP
        SELECT * INTO head FROM chain_head WHERE book = run.book FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'unknown book %', run.book USING ERRCODE = 'FP016';
        END IF;
        -- The primary key makes seq distinct, so the two ends and the count prove that there is no gap.
        IF run.first_seq <> head.entry_seq + 1 OR run.last_seq <> head.entry_seq + run.entries THEN
            RAISE EXCEPTION 'seq of book % must continue after %', run.book, head.entry_seq USING ERRCODE = 'FP008';
        END IF;
        IF run.last_on > (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date THEN
            RAISE EXCEPTION 'entry dated % lies in the future', run.last_on USING ERRCODE = 'FP014';
        END IF;
        UPDATE chain_head SET entry_seq = run.last_seq WHERE book = run.book;
    END LOOP;

    SELECT m.book, m.period INTO bad FROM (SELECT DISTINCT book, period FROM added) m
    LEFT JOIN period p ON p.book = m.book AND p.code = m.period WHERE p.status IS DISTINCT FROM 'open' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'month % of book % is not open', bad.period, bad.book USING ERRCODE = 'FP007';
    END IF;

    SELECT g.book, g.period, g.voucher_type INTO bad FROM (
        SELECT book, fiscal_year, period, voucher_type, min(voucher_number) AS lowest, max(voucher_number) AS highest, count(*) AS vouchers
        FROM added GROUP BY book, fiscal_year, period, voucher_type) g
    LEFT JOIN voucher_head v ON v.book = g.book AND v.fiscal_year = g.fiscal_year AND v.period = g.period AND v.voucher_type = g.voucher_type
    WHERE g.lowest <> coalesce(v.number, 0) + 1 OR g.highest <> coalesce(v.number, 0) + g.vouchers LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'voucher numbers % of month % of book % must continue without a gap', bad.voucher_type, bad.period, bad.book USING ERRCODE = 'FP009';
    END IF;
    INSERT INTO voucher_head AS v (book, fiscal_year, period, voucher_type, number)
    SELECT book, fiscal_year, period, voucher_type, count(*) FROM added GROUP BY book, fiscal_year, period, voucher_type
    ON CONFLICT (book, fiscal_year, period, voucher_type) DO UPDATE SET number = v.number + EXCLUDED.number;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_entry_numbered AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION journal_entry_numbered();

-- Postings: entry known, whole and not sealed; accounts exist; balanced per fund, basis and year; never below zero; totals moved.
CREATE FUNCTION posting_proved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    head chain_head%ROWTYPE;
    run record;
    bad record;
BEGIN
    -- 1. All lines 1..n of each entry arrive in one statement. The primary key then leaves no line number free, so nothing can be added later.
    FOR run IN
        SELECT book, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS entries, bool_and(whole) AS whole, bool_and(same_red) AS same_red
        FROM (SELECT p.book, p.seq, coalesce(count(*) = max(e.lines) AND min(p.line) = 1 AND max(p.line) = max(e.lines), false) AS whole,
                     coalesce(bool_and(p.red = e.red), false) AS same_red
              FROM added p LEFT JOIN journal_entry e ON e.book = p.book AND e.seq = p.seq GROUP BY p.book, p.seq) per_entry
        GROUP BY book ORDER BY book
    LOOP
        SELECT * INTO head FROM chain_head WHERE book = run.book FOR UPDATE;
        IF NOT FOUND OR NOT run.whole OR run.first_seq <> head.posted_seq + 1 OR run.last_seq <> head.posted_seq + run.entries
           OR run.last_seq > head.entry_seq THEN
            RAISE EXCEPTION 'postings of book % do not make up whole new entries', run.book USING ERRCODE = 'FP002';
        END IF;
        IF NOT run.same_red THEN
            RAISE EXCEPTION 'postings of book % are not marked red as their entry', run.book USING ERRCODE = 'FP005';
        END IF;
        UPDATE chain_head SET posted_seq = run.last_seq WHERE book = run.book;
    END LOOP;

    -- 2. Accounts exist, control accounts and only they carry a budget year, debits equal credits.
    SELECT p.book, p.seq, p.fund, a.basis, p.budget_year, (a.basis IS NULL) AS unknown,
           (a.basis = 'control') <> (p.budget_year <> 0) AS misplaced INTO bad
    FROM added p LEFT JOIN account a ON a.book = p.book AND a.fund = p.fund AND a.code = p.account
    GROUP BY p.book, p.seq, p.fund, a.basis, p.budget_year
    HAVING a.basis IS NULL OR (a.basis = 'control') <> (p.budget_year <> 0)
        OR sum(CASE WHEN p.side = 'debit' THEN p.amount_fen ELSE -p.amount_fen END) <> 0
    ORDER BY unknown DESC, misplaced DESC, p.book, p.seq LIMIT 1;
    IF FOUND THEN
        IF bad.unknown THEN
            RAISE EXCEPTION 'entry % of book % names an account fund % does not have', bad.seq, bad.book, bad.fund USING ERRCODE = 'FP003';
        ELSIF bad.misplaced THEN
            RAISE EXCEPTION 'entry % of book %: budget year % does not go with basis %', bad.seq, bad.book, bad.budget_year, bad.basis
                USING ERRCODE = 'FP015';
        END IF;
        RAISE EXCEPTION 'entry % of book % is not balanced in fund %, basis %', bad.seq, bad.book, bad.fund, bad.basis USING ERRCODE = 'FP004';
    END IF;

    -- 3. Guarded balances, entry by entry in seq order, starting from what the balances say.
    SELECT r.book, r.seq, r.fund, r.account INTO bad FROM (
        SELECT m.book, m.seq, m.fund, m.account, m.normal_side,
               coalesce(b.balance_fen, 0) + sum(m.moved) OVER (PARTITION BY m.book, m.fund, m.account, m.budget_year, m.source ORDER BY m.seq) AS running
        FROM (SELECT p.book, p.seq, p.fund, p.account, p.budget_year, p.source, a.normal_side,
                     sum(CASE WHEN (p.side = 'debit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END) AS moved
              FROM added p CROSS JOIN LATERAL (SELECT n.normal_side FROM account n
                  WHERE n.book = p.book AND n.fund = p.fund AND n.code = p.account AND n.guarded OFFSET 0) a
              GROUP BY p.book, p.seq, p.fund, p.account, p.budget_year, p.source, a.normal_side) m
        LEFT JOIN balance b ON b.book = m.book AND b.fund = m.fund AND b.account = m.account AND b.budget_year = m.budget_year
            AND b.source = m.source) r
    WHERE CASE WHEN r.normal_side = 'debit' THEN r.running < 0 ELSE r.running > 0 END LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % of book % takes account % of fund % below zero', bad.seq, bad.book, bad.account, bad.fund USING ERRCODE = 'FP006';
    END IF;

    -- 4. Encumbrances.
    IF EXISTS (SELECT FROM added WHERE encumbrance IS NOT NULL OR account = 'encumbered') THEN
        SELECT p.book, p.seq INTO bad FROM added p LEFT JOIN encumbrance e ON e.book = p.book AND e.id = p.encumbrance
        WHERE (p.encumbrance IS NOT NULL OR p.account = 'encumbered')
          AND (e.id IS NULL OR e.fund <> p.fund OR (p.budget_year <> 0 AND e.fiscal_year <> p.budget_year)) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % moves encumbered money without an encumbrance of that fund and year', bad.seq, bad.book
                USING ERRCODE = 'FP011';
        END IF;
        SELECT r.book, r.seq INTO bad FROM (
            SELECT m.book, m.seq, coalesce(b.remaining_fen, 0) + sum(m.remaining) OVER w AS remaining,
                   coalesce(b.payable_fen, 0) + sum(m.payable) OVER w AS payable
            FROM (SELECT p.book, p.seq, p.encumbrance,
                         sum(CASE WHEN p.account <> 'encumbered' THEN 0 WHEN (p.side = 'credit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END) AS remaining,
                         sum(CASE WHEN p.account <> '2303' THEN 0 WHEN (p.side = 'credit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END) AS payable
                  FROM added p WHERE p.encumbrance IS NOT NULL AND p.account IN ('encumbered', '2303') GROUP BY p.book, p.seq, p.encumbrance) m
            LEFT JOIN encumbrance_balance b ON b.book = m.book AND b.id = m.encumbrance
            WINDOW w AS (PARTITION BY m.book, m.encumbrance ORDER BY m.seq)) r
        WHERE r.remaining < 0 OR r.payable < 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % overdraws an encumbrance', bad.seq, bad.book USING ERRCODE = 'FP012';
        END IF;
        INSERT INTO encumbrance_balance AS t (book, id, encumbered_fen, liquidated_fen, returned_fen, released_fen, payable_fen)
        SELECT m.book, m.encumbrance, b.encumbered_fen + m.encumbered, b.liquidated_fen + m.liquidated, b.returned_fen + m.returned,
               b.released_fen + m.released, b.payable_fen + m.payable
        FROM (SELECT s.book, s.encumbrance,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'credit' AND s.opens THEN s.amount ELSE 0 END) AS encumbered,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'credit' AND NOT s.opens THEN s.amount ELSE 0 END) AS returned,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'debit' AND s.kind = 'release' THEN s.amount ELSE 0 END) AS released,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'debit' AND s.kind <> 'release' THEN s.amount ELSE 0 END) AS liquidated,
                     sum(CASE WHEN s.account <> '2303' THEN 0 WHEN s.side = 'credit' THEN s.amount ELSE -s.amount END) AS payable
              FROM (SELECT p.book, p.encumbrance, p.account, p.side, e.kind, o.opened_seq = p.seq AS opens,
                           CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END AS amount
                    FROM added p CROSS JOIN LATERAL (SELECT j.kind FROM journal_entry j WHERE j.book = p.book AND j.seq = p.seq OFFSET 0) e
                    CROSS JOIN LATERAL (SELECT n.opened_seq FROM encumbrance n WHERE n.book = p.book AND n.id = p.encumbrance OFFSET 0) o
                    WHERE p.encumbrance IS NOT NULL AND p.account IN ('encumbered', '2303')) s
              GROUP BY s.book, s.encumbrance) m
        CROSS JOIN LATERAL (SELECT * FROM encumbrance_balance n WHERE n.book = m.book AND n.id = m.encumbrance OFFSET 0) b
        ON CONFLICT (book, id) DO UPDATE SET encumbered_fen = EXCLUDED.encumbered_fen, liquidated_fen = EXCLUDED.liquidated_fen,
            returned_fen = EXCLUDED.returned_fen, released_fen = EXCLUDED.released_fen, payable_fen = EXCLUDED.payable_fen;
    END IF;

    -- 5. Totals. One aggregation by day feeds the three tables.
    WITH moved AS MATERIALIZED (
        SELECT p.book, p.fund, p.account, p.budget_year, p.source, e.effective_on AS day, e.period AS month,
               sum(CASE WHEN p.side <> 'debit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS debit,
               sum(CASE WHEN p.side <> 'credit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS credit
        FROM added p CROSS JOIN LATERAL (SELECT j.effective_on, j.period FROM journal_entry j
            WHERE j.book = p.book AND j.seq = p.seq OFFSET 0) e
        GROUP BY p.book, p.fund, p.account, p.budget_year, p.source, e.effective_on, e.period
    ), days AS (
        INSERT INTO daily_total AS t (book, fund, account, budget_year, source, day, debit_fen, credit_fen)
        SELECT book, fund, account, budget_year, source, day, debit, credit FROM moved
        ON CONFLICT (book, fund, account, budget_year, source, day)
        DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen
    ), months AS (
        INSERT INTO monthly_total AS t (book, fund, account, budget_year, source, month, debit_fen, credit_fen)
        SELECT book, fund, account, budget_year, source, month, sum(debit), sum(credit) FROM moved
        GROUP BY book, fund, account, budget_year, source, month
        ON CONFLICT (book, fund, account, budget_year, source, month)
        DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen
    )
    INSERT INTO balance AS t (book, fund, account, budget_year, source, debit_fen, credit_fen)
    SELECT book, fund, account, budget_year, source, sum(debit), sum(credit) FROM moved GROUP BY book, fund, account, budget_year, source
    ON CONFLICT (book, fund, account, budget_year, source)
    DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_proved AFTER INSERT ON posting REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION posting_proved();

-- Chain records: positions without a gap, each naming the hash before it, entries in the order of their seq.
CREATE FUNCTION chain_record_linked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    head chain_head%ROWTYPE;
    run record;
    last_hash bytea;
BEGIN
    FOR run IN
        SELECT book, min(position) AS first_position, max(position) AS last_position, count(*) AS records, count(seq) AS entries
        FROM added GROUP BY book ORDER BY book
    LOOP
        SELECT * INTO head FROM chain_head WHERE book = run.book FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'unknown book %', run.book USING ERRCODE = 'FP016';
        END IF;
        IF run.first_position <> head.position + 1 OR run.last_position <> head.position + run.records
           OR EXISTS (SELECT FROM (SELECT prev_hash, lag(hash, 1, head.hash) OVER (ORDER BY position) AS expected FROM added WHERE book = run.book) l
                      WHERE l.prev_hash <> l.expected)
           OR EXISTS (SELECT FROM (SELECT seq, row_number() OVER (ORDER BY position) AS nth FROM added WHERE book = run.book AND seq IS NOT NULL) s
                      WHERE s.seq <> head.seq + s.nth) THEN
            RAISE EXCEPTION 'chain records of book % do not continue its chain', run.book USING ERRCODE = 'FP010';
        END IF;
        SELECT hash INTO last_hash FROM added WHERE book = run.book AND position = run.last_position;
        UPDATE chain_head SET position = run.last_position, seq = head.seq + run.entries, hash = last_hash WHERE book = run.book;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER chain_record_linked AFTER INSERT ON chain_record REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION chain_record_linked();

-- At commit: every entry has its postings and its chain record.
CREATE FUNCTION entries_complete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM chain_head WHERE book = NEW.book AND (entry_seq <> posted_seq OR entry_seq <> seq)) THEN
        RAISE EXCEPTION 'book % has an entry without its postings or without its chain record', NEW.book USING ERRCODE = 'FP001';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entries_complete AFTER UPDATE ON chain_head DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entries_complete();

-- An encumbrance gets its balance row, and at commit its opening entry must have encumbered exactly its amount.
CREATE FUNCTION encumbrance_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO encumbrance_balance (book, id) SELECT book, id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER encumbrance_opened AFTER INSERT ON encumbrance REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION encumbrance_opened();

CREATE FUNCTION encumbrance_filled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM encumbrance_balance b WHERE b.book = NEW.book AND b.id = NEW.id AND b.encumbered_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'encumbrance % of book % is not backed by its entry', NEW.id, NEW.book USING ERRCODE = 'FP011';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER encumbrance_filled AFTER INSERT ON encumbrance DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION encumbrance_filled();
