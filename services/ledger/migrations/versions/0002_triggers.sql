-- The proofs as 0002 leaves them: purposes, open items, transfers between funds, carried-forward encumbrances, the adjusting period.

-- Months follow each other without a gap; the adjusting period 13 opens once December is closed and no later month is.
CREATE OR REPLACE FUNCTION period_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.book, a.code INTO bad FROM added a JOIN book b ON b.code = a.book
    WHERE a.number <= 12 AND (a.code < b.first_period OR (a.code > b.first_period AND NOT EXISTS (
        SELECT FROM period p WHERE p.book = a.book AND p.number <= 12
        AND p.fiscal_year * 12 + p.number = a.fiscal_year * 12 + a.number - 1))) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'month % of book % does not follow its first month without a gap', bad.code, bad.book USING ERRCODE = 'FP013';
    END IF;
    SELECT a.book, a.code INTO bad FROM added a
    WHERE a.number = 13 AND (EXISTS (SELECT FROM period p WHERE p.book = a.book AND p.code > a.code AND p.status = 'closed')
        OR NOT EXISTS (SELECT FROM period p WHERE p.book = a.book AND p.fiscal_year = a.fiscal_year AND p.number = 12 AND p.status = 'closed'))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'adjusting period % of book % opens between December and the next closed month', bad.code, bad.book USING ERRCODE = 'FP013';
    END IF;
    RETURN NULL;
END $$;

-- Postings: entry known, whole and not sealed; accounts exist; balanced per fund, basis and year; never below zero; totals moved.
CREATE OR REPLACE FUNCTION posting_proved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
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

    -- 2a. Money crosses funds only whole: what one fund transfers or owes, another takes or is owed, in the same entry.
    IF EXISTS (SELECT FROM added WHERE account IN ('300101', '121801', '230701')) THEN
        SELECT p.book, p.seq INTO bad FROM added p
        CROSS JOIN LATERAL (SELECT j.kind FROM journal_entry j WHERE j.book = p.book AND j.seq = p.seq OFFSET 0) e
        WHERE p.account IN ('300101', '121801', '230701') AND e.kind <> 'opening'
        GROUP BY p.book, p.seq, p.account = '300101' HAVING sum(CASE WHEN p.side = 'debit' THEN p.amount_fen ELSE -p.amount_fen END) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % lacks the counterpart lines of another fund', bad.seq, bad.book USING ERRCODE = 'FP017';
        END IF;
    END IF;
    -- 2b. Purposes stand on control accounts only and belong to the fund or to one above it; cash of a restricted gift names the gift.
    IF EXISTS (SELECT FROM added WHERE purpose_code <> '' OR (account = '1002' AND source = 'gift')) THEN
        SELECT p.book, p.seq INTO bad FROM added p
        WHERE (p.purpose_code <> '' AND (p.account NOT IN ('allotted', 'available', 'encumbered', 'expended') OR NOT EXISTS (
                  SELECT FROM purpose u WHERE u.book = p.book AND u.code = p.purpose_code AND (p.fund = u.fund OR starts_with(p.fund, u.fund || '.')))))
           OR (p.account = '1002' AND p.source = 'gift' AND p.item IS NULL) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % names a purpose its fund does not have, or moves gift money without its gift', bad.seq, bad.book
                USING ERRCODE = 'FP018';
        END IF;
    END IF;

    -- 3. Guarded balances, entry by entry in seq order, starting from what the balances say.
    SELECT r.book, r.seq, r.fund, r.account INTO bad FROM (
        SELECT m.book, m.seq, m.fund, m.account, m.normal_side,
               coalesce(b.balance_fen, 0) + sum(m.moved) OVER (PARTITION BY m.book, m.fund, m.account, m.budget_year, m.source, m.purpose_code
                   ORDER BY m.seq) AS running
        FROM (SELECT p.book, p.seq, p.fund, p.account, p.budget_year, p.source, p.purpose_code, a.normal_side,
                     sum(CASE WHEN (p.side = 'debit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END) AS moved
              FROM added p CROSS JOIN LATERAL (SELECT n.normal_side FROM account n
                  WHERE n.book = p.book AND n.fund = p.fund AND n.code = p.account AND n.guarded OFFSET 0) a
              GROUP BY p.book, p.seq, p.fund, p.account, p.budget_year, p.source, p.purpose_code, a.normal_side) m
        LEFT JOIN balance b ON b.book = m.book AND b.fund = m.fund AND b.account = m.account AND b.budget_year = m.budget_year
            AND b.source = m.source AND b.purpose_code = m.purpose_code) r
    WHERE CASE WHEN r.normal_side = 'debit' THEN r.running < 0 ELSE r.running > 0 END LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % of book % takes account % of fund % below zero', bad.seq, bad.book, bad.account, bad.fund USING ERRCODE = 'FP006';
    END IF;

    -- 4. Encumbrances.
    IF EXISTS (SELECT FROM added WHERE encumbrance IS NOT NULL OR account = 'encumbered') THEN
        -- The year is the one the encumbrance stands in; carrying forward takes it out of that year and into a later one.
        SELECT p.book, p.seq INTO bad FROM added p LEFT JOIN encumbrance e ON e.book = p.book AND e.id = p.encumbrance
        LEFT JOIN encumbrance_balance b ON b.book = p.book AND b.id = p.encumbrance
        LEFT JOIN journal_entry j ON j.book = p.book AND j.seq = p.seq
        WHERE (p.encumbrance IS NOT NULL OR p.account = 'encumbered')
          AND (e.id IS NULL OR e.fund <> p.fund OR (p.account = 'encumbered' AND e.purpose_code <> p.purpose_code)
               OR (p.budget_year <> 0 AND CASE WHEN j.kind = 'carry_forward' AND p.side = 'credit' THEN p.budget_year <= b.budget_year
                                               ELSE b.budget_year <> p.budget_year END)) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % moves encumbered money without an encumbrance of that fund and year', bad.seq, bad.book
                USING ERRCODE = 'FP011';
        END IF;
        SELECT m.book, m.seq INTO bad FROM (
            SELECT p.book, p.seq, p.encumbrance, sum(CASE WHEN p.side = 'debit' THEN p.amount_fen ELSE 0 END) AS taken,
                   sum(CASE WHEN p.side = 'credit' THEN p.amount_fen ELSE 0 END) AS given, count(DISTINCT p.budget_year) AS years
            FROM added p JOIN journal_entry j ON j.book = p.book AND j.seq = p.seq
            WHERE p.account = 'encumbered' AND j.kind = 'carry_forward' GROUP BY p.book, p.seq, p.encumbrance) m
        JOIN encumbrance_balance b ON b.book = m.book AND b.id = m.encumbrance
        WHERE m.taken <> m.given OR m.years <> 2 OR m.taken <> b.remaining_fen LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % carries only a part of an encumbrance forward', bad.seq, bad.book USING ERRCODE = 'FP011';
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
        -- A debit gives budget back if its entry credits available, else it is spent.
        INSERT INTO encumbrance_balance AS t (book, id, budget_year, encumbered_fen, liquidated_fen, returned_fen, released_fen, payable_fen)
        SELECT m.book, m.encumbrance, coalesce(m.carried_to, b.budget_year), b.encumbered_fen + m.encumbered, b.liquidated_fen + m.liquidated,
               b.returned_fen + m.returned, b.released_fen + m.released, b.payable_fen + m.payable
        FROM (SELECT s.book, s.encumbrance, max(CASE WHEN s.kind = 'carry_forward' AND s.side = 'credit' THEN s.budget_year END) AS carried_to,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'credit' AND s.opens THEN s.amount ELSE 0 END) AS encumbered,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'credit' AND NOT s.opens AND s.kind <> 'carry_forward' THEN s.amount ELSE 0 END) AS returned,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'debit' AND s.gives_back AND s.kind <> 'carry_forward' THEN s.amount ELSE 0 END) AS released,
                     sum(CASE WHEN s.account = 'encumbered' AND s.side = 'debit' AND NOT s.gives_back AND s.kind <> 'carry_forward' THEN s.amount ELSE 0 END) AS liquidated,
                     sum(CASE WHEN s.account <> '2303' THEN 0 WHEN s.side = 'credit' THEN s.amount ELSE -s.amount END) AS payable
              FROM (SELECT p.book, p.encumbrance, p.account, p.side, p.budget_year, e.kind, o.opened_seq = p.seq AS opens,
                           p.gives_back,
                           CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END AS amount
                    FROM (SELECT a.*, bool_or(a.account = 'available' AND a.side = 'credit') OVER (PARTITION BY a.book, a.seq) AS gives_back
                          FROM added a) p
                    CROSS JOIN LATERAL (SELECT j.kind FROM journal_entry j WHERE j.book = p.book AND j.seq = p.seq OFFSET 0) e
                    CROSS JOIN LATERAL (SELECT n.opened_seq FROM encumbrance n WHERE n.book = p.book AND n.id = p.encumbrance OFFSET 0) o
                    WHERE p.encumbrance IS NOT NULL AND p.account IN ('encumbered', '2303')) s
              GROUP BY s.book, s.encumbrance) m
        CROSS JOIN LATERAL (SELECT * FROM encumbrance_balance n WHERE n.book = m.book AND n.id = m.encumbrance OFFSET 0) b
        ON CONFLICT (book, id) DO UPDATE SET budget_year = EXCLUDED.budget_year, encumbered_fen = EXCLUDED.encumbered_fen, liquidated_fen = EXCLUDED.liquidated_fen,
            returned_fen = EXCLUDED.returned_fen, released_fen = EXCLUDED.released_fen, payable_fen = EXCLUDED.payable_fen;
    END IF;

    -- 4a. Open items: of that fund and account, never settled beyond what was opened, per source and in seq order.
    IF EXISTS (SELECT FROM added WHERE item IS NOT NULL) THEN
        SELECT p.book, p.seq INTO bad FROM added p LEFT JOIN open_item i ON i.book = p.book AND i.id = p.item
        WHERE p.item IS NOT NULL AND (i.id IS NULL OR i.fund <> p.fund OR i.account <> p.account OR p.seq < i.opened_seq) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % names an open item that is not of its fund and account', bad.seq, bad.book USING ERRCODE = 'FP019';
        END IF;
        SELECT r.book, r.seq INTO bad FROM (
            SELECT m.book, m.seq, coalesce(b.remaining_fen, 0)
                       + sum(m.moved) OVER (PARTITION BY m.book, m.item, m.source ORDER BY m.seq) AS remaining
            FROM (SELECT p.book, p.seq, p.item, p.source,
                         sum(CASE WHEN (p.side = i.side) <> p.red THEN p.amount_fen ELSE -p.amount_fen END) AS moved
                  FROM added p JOIN open_item i ON i.book = p.book AND i.id = p.item GROUP BY p.book, p.seq, p.item, p.source) m
            LEFT JOIN open_item_balance b ON b.book = m.book AND b.id = m.item AND b.source = m.source) r
        WHERE r.remaining < 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % of book % settles more of an open item than stands open', bad.seq, bad.book USING ERRCODE = 'FP012';
        END IF;
        INSERT INTO open_item_balance AS t (book, id, source, opened_fen, settled_fen)
        SELECT m.book, m.item, m.source, coalesce(b.opened_fen, 0) + m.opened, coalesce(b.settled_fen, 0) + m.settled
        FROM (SELECT p.book, p.item, p.source,
                     sum(CASE WHEN p.side <> i.side THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS opened,
                     sum(CASE WHEN p.side = i.side THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS settled
              FROM added p JOIN open_item i ON i.book = p.book AND i.id = p.item GROUP BY p.book, p.item, p.source) m
        LEFT JOIN open_item_balance b ON b.book = m.book AND b.id = m.item AND b.source = m.source
        ON CONFLICT (book, id, source) DO UPDATE SET opened_fen = EXCLUDED.opened_fen, settled_fen = EXCLUDED.settled_fen;
    END IF;

    -- 5. Totals. One aggregation by day feeds the three tables.
    WITH moved AS MATERIALIZED (
        SELECT p.book, p.fund, p.account, p.budget_year, p.source, p.purpose_code, e.effective_on AS day, e.period AS month,
               sum(CASE WHEN p.side <> 'debit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS debit,
               sum(CASE WHEN p.side <> 'credit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS credit
        FROM added p CROSS JOIN LATERAL (SELECT j.effective_on, j.period FROM journal_entry j
            WHERE j.book = p.book AND j.seq = p.seq OFFSET 0) e
        GROUP BY p.book, p.fund, p.account, p.budget_year, p.source, p.purpose_code, e.effective_on, e.period
    ), days AS (
        INSERT INTO daily_total AS t (book, fund, account, budget_year, source, purpose_code, day, debit_fen, credit_fen)
        SELECT book, fund, account, budget_year, source, purpose_code, day, debit, credit FROM moved
        ON CONFLICT (book, fund, account, budget_year, source, purpose_code, day)
        DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen
    ), months AS (
        INSERT INTO monthly_total AS t (book, fund, account, budget_year, source, purpose_code, month, debit_fen, credit_fen)
        SELECT book, fund, account, budget_year, source, purpose_code, month, sum(debit), sum(credit) FROM moved
        GROUP BY book, fund, account, budget_year, source, purpose_code, month
        ON CONFLICT (book, fund, account, budget_year, source, purpose_code, month)
        DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen
    )
    INSERT INTO balance AS t (book, fund, account, budget_year, source, purpose_code, debit_fen, credit_fen)
    SELECT book, fund, account, budget_year, source, purpose_code, sum(debit), sum(credit) FROM moved GROUP BY book, fund, account, budget_year, source, purpose_code
    ON CONFLICT (book, fund, account, budget_year, source, purpose_code)
    DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen, credit_fen = t.credit_fen + EXCLUDED.credit_fen;
    RETURN NULL;
END $$;

-- An encumbrance's balance row keeps the year it stands in and its expiry, which an extension moves.
CREATE OR REPLACE FUNCTION encumbrance_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO encumbrance_balance (book, id, budget_year, expires_at) SELECT book, id, fiscal_year, expires_at FROM added;
    RETURN NULL;
END $$;

CREATE FUNCTION encumbrance_extended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'extension') THEN
        RAISE EXCEPTION 'extension of an encumbrance of book % has no chain record', NEW.book USING ERRCODE = 'FP010';
    END IF;
    UPDATE encumbrance_balance SET expires_at = NEW.expires_at WHERE book = NEW.book AND id = NEW.encumbrance AND remaining_fen > 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'encumbrance % of book % has nothing left to extend', NEW.encumbrance, NEW.book USING ERRCODE = 'FP011';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER encumbrance_extended AFTER INSERT ON encumbrance_extension FOR EACH ROW EXECUTE FUNCTION encumbrance_extended();

-- Who decides is never who prepared or sent; who withdraws is one of them. An approval names the entry it let through, or the record.
CREATE FUNCTION decision_proved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wish proposal%ROWTYPE;
BEGIN
    SELECT * INTO wish FROM proposal WHERE book = NEW.book AND id = NEW.proposal;
    IF NOT FOUND OR (NEW.outcome = 'withdrawn') <> (NEW.by_person IN (wish.prepared_by, wish.sent_by)) THEN
        RAISE EXCEPTION 'proposal % of book % cannot be decided so by this person', NEW.proposal, NEW.book USING ERRCODE = 'FP020';
    END IF;
    IF NOT EXISTS (SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'decision') THEN
        RAISE EXCEPTION 'decision on proposal % of book % has no chain record', NEW.proposal, NEW.book USING ERRCODE = 'FP010';
    END IF;
    IF NEW.seq IS NOT NULL AND NOT EXISTS (SELECT FROM journal_entry WHERE book = NEW.book AND seq = NEW.seq AND kind = wish.kind
            AND prepared_by = wish.prepared_by AND reviewed_by = NEW.by_person) THEN
        RAISE EXCEPTION 'entry % of book % is not what proposal % asked for', NEW.seq, NEW.book, NEW.proposal USING ERRCODE = 'FP020';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER decision_proved AFTER INSERT ON decision FOR EACH ROW EXECUTE FUNCTION decision_proved();

CREATE FUNCTION proposal_recorded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM chain_record WHERE book = NEW.book AND position = NEW.position AND kind = 'proposal') THEN
        RAISE EXCEPTION 'proposal % of book % has no chain record', NEW.id, NEW.book USING ERRCODE = 'FP010';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proposal_recorded AFTER INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_recorded();

-- Functions of this file are nobody's to call.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
