-- All a group of requests needs to be decided, in one round trip. Runs after the book is locked, so everything it reads stands still.
-- $1 book, $2 fund codes, $3 encumbrance ids, $4 entry ids, $5 also the funds below, $6 idempotency keys
WITH RECURSIVE undone AS (
    SELECT e.*, c.position, encode(c.hash, 'hex') AS hash,
           (SELECT u.id FROM journal_entry u WHERE u.book = e.book AND u.undoes = e.id) AS undone_by
    FROM journal_entry e JOIN chain_record c ON c.book = e.book AND c.seq = e.seq
    WHERE e.book = $1 AND e.id = ANY($4::uuid[])
), undone_posting AS (
    SELECT p.* FROM posting p JOIN undone u ON u.book = p.book AND u.seq = p.seq
), reserved AS (
    SELECT e.*, b.encumbered_fen, b.liquidated_fen, b.returned_fen, b.released_fen, b.payable_fen
    FROM encumbrance e JOIN encumbrance_balance b ON b.book = e.book AND b.id = e.id
    WHERE e.book = $1 AND (e.id = ANY($3::uuid[]) OR e.id IN (SELECT encumbrance FROM undone_posting))
), wanted AS (
    SELECT f.code FROM fund f WHERE f.book = $1
        AND (f.code = ANY($2::text[]) OR f.code IN (SELECT fund FROM reserved) OR f.code IN (SELECT fund FROM undone_posting))
    UNION
    SELECT f.code FROM fund f JOIN wanted w ON f.parent = w.code WHERE f.book = $1 AND $5::boolean
)
SELECT json_build_object(
    'now', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    'first_period', (SELECT first_period FROM book WHERE code = $1),
    'head', (SELECT json_build_array(position, seq, encode(hash, 'hex')) FROM chain_head WHERE book = $1),
    'periods', (SELECT coalesce(json_agg(json_build_array(code, status)), '[]') FROM period WHERE book = $1),
    'vouchers', (SELECT coalesce(json_agg(json_build_array(period, voucher_type, number)), '[]') FROM voucher_head WHERE book = $1),
    'funds', (SELECT coalesce(json_agg(json_build_array(f.code, f.parent, f.category, f.name_zh, f.name_en, f.source_order,
                 EXISTS (SELECT FROM opening_balance o WHERE o.book = f.book AND o.fund = f.code))), '[]')
              FROM fund f JOIN wanted w USING (code) WHERE f.book = $1),
    'accounts', (SELECT coalesce(json_agg(json_build_array(a.fund, a.code, a.name_zh, a.basis, a.normal_side, a.guarded)), '[]')
                 FROM account a JOIN wanted w ON w.code = a.fund WHERE a.book = $1),
    'balances', (SELECT coalesce(json_agg(json_build_array(b.fund, b.account, b.budget_year, b.source, b.debit_fen, b.credit_fen)), '[]')
                 FROM balance b JOIN wanted w ON w.code = b.fund WHERE b.book = $1),
    'encumbrances', (SELECT coalesce(json_agg(row_to_json(reserved)), '[]') FROM reserved),
    'entries', (SELECT coalesce(json_agg(row_to_json(undone)), '[]') FROM undone),
    'postings', (SELECT coalesce(json_agg(row_to_json(p) ORDER BY p.seq, p.line), '[]') FROM undone_posting p),
    'keys', (SELECT coalesce(json_agg(json_build_array(key, encode(fingerprint, 'hex'), status, body)), '[]')
             FROM idempotency_key WHERE book = $1 AND key = ANY($6::text[]))
)::text
