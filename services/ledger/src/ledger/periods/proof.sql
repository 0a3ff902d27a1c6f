-- Whether the maintained figures of one period are the sums of its postings, and every entry of it is whole and chained.
-- Days are counted by date, so that December 31 holds what was booked in December and in the adjusting period alike.
WITH entry AS (
    SELECT e.seq, e.period, e.effective_on, e.lines FROM journal_entry e
    WHERE e.book = :book AND e.effective_on BETWEEN :first_day AND :last_day
), moved AS (
    SELECT p.fund, p.account, p.budget_year, p.source, p.purpose_code, e.effective_on AS day, e.period,
           sum(CASE WHEN p.side <> 'debit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS debit,
           sum(CASE WHEN p.side <> 'credit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS credit
    FROM entry e JOIN posting p ON p.book = :book AND p.seq = e.seq
    GROUP BY p.fund, p.account, p.budget_year, p.source, p.purpose_code, e.effective_on, e.period
), kept AS (
    SELECT fund, account, budget_year, source, purpose_code, debit_fen, credit_fen FROM monthly_total WHERE book = :book AND month = :code
)
SELECT (SELECT count(*) FROM entry WHERE period = :code) AS entries,
       (SELECT count(*) FROM (SELECT fund, account, budget_year, source, purpose_code, sum(debit) AS debit, sum(credit) AS credit
                              FROM moved WHERE period = :code GROUP BY 1, 2, 3, 4, 5) s
        FULL JOIN kept t USING (fund, account, budget_year, source, purpose_code)
        WHERE s.debit IS DISTINCT FROM t.debit_fen OR s.credit IS DISTINCT FROM t.credit_fen) AS months,
       (SELECT count(*) FROM (SELECT fund, account, budget_year, source, purpose_code, day, sum(debit) AS debit, sum(credit) AS credit
                              FROM moved GROUP BY 1, 2, 3, 4, 5, 6) s
        FULL JOIN (SELECT * FROM daily_total WHERE book = :book AND day BETWEEN :first_day AND :last_day) t
        USING (fund, account, budget_year, source, purpose_code, day)
        WHERE s.debit IS DISTINCT FROM t.debit_fen OR s.credit IS DISTINCT FROM t.credit_fen) AS days,
       (SELECT count(*) FROM kept k LEFT JOIN balance b ON b.book = :book AND b.fund = k.fund AND b.account = k.account
            AND b.budget_year = k.budget_year AND b.source = k.source AND b.purpose_code = k.purpose_code
        CROSS JOIN LATERAL (SELECT sum(m.debit_fen) AS debit, sum(m.credit_fen) AS credit FROM monthly_total m WHERE m.book = :book
            AND m.fund = k.fund AND m.account = k.account AND m.budget_year = k.budget_year AND m.source = k.source
            AND m.purpose_code = k.purpose_code) s
        WHERE s.debit IS DISTINCT FROM b.debit_fen OR s.credit IS DISTINCT FROM b.credit_fen) AS balances,
       (SELECT count(*) FROM entry e WHERE NOT EXISTS (SELECT FROM chain_record c WHERE c.seq = e.seq AND c.book = :book)
            OR e.lines <> (SELECT count(*) FROM posting p WHERE p.book = :book AND p.seq = e.seq)) AS unchained
