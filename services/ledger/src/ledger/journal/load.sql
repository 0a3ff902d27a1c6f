-- All a group of requests needs to be decided, in one round trip. Runs after the book is locked, so everything it reads stands still.
-- $1 book, $2 fund codes, $3 encumbrance ids, $4 entry ids, $5 also the funds below, $6 idempotency keys, $7 open item ids,
-- $8 proposal ids, $9 every fund, $10 fiscal years whose end is decided on
-- Every table is looked up by a whole key, one key at a time (LATERAL … OFFSET 0): no plan may read more as the book grows, not even
-- one that was made while the tables were empty. Where the key is not the primary one, ``book || ''`` keeps the primary key, which starts
-- with the book, from being taken for it.
WITH RECURSIVE undone AS (
    SELECT e.*, c.position, encode(c.hash, 'hex') AS hash,
           (SELECT u.id FROM journal_entry u WHERE u.undoes = e.id AND u.book || '' = $1) AS undone_by
    FROM unnest($4::uuid[]) AS named (id)
    CROSS JOIN LATERAL (SELECT * FROM journal_entry j WHERE j.id = named.id AND j.book || '' = $1 OFFSET 0) e
    CROSS JOIN LATERAL (SELECT r.position, r.hash FROM chain_record r WHERE r.seq = e.seq AND r.book || '' = $1 OFFSET 0) c
), undone_posting AS (
    SELECT p.* FROM undone u CROSS JOIN LATERAL (SELECT * FROM posting q WHERE q.book = $1 AND q.seq = u.seq OFFSET 0) p
), item AS (
    SELECT i.* FROM (SELECT unnest($7::uuid[]) AS id UNION SELECT item FROM undone_posting) named
    CROSS JOIN LATERAL (SELECT * FROM open_item n WHERE n.book = $1 AND n.id = named.id OFFSET 0) i
), reserved AS (
    SELECT e.id, e.fund, b.budget_year AS fiscal_year, e.amount_fen, e.purpose, e.reference, b.expires_at, e.opened_seq, e.opened_on,
           e.purpose_code, b.encumbered_fen, b.liquidated_fen, b.returned_fen, b.released_fen, b.payable_fen,
           (SELECT h.id FROM open_item h WHERE h.encumbrance = e.id AND h.book || '' = $1) AS held_by
    FROM (SELECT unnest($3::uuid[]) AS id UNION SELECT encumbrance FROM undone_posting UNION SELECT encumbrance FROM item
          UNION SELECT standing.id FROM unnest($10::int[]) AS ended (year) CROSS JOIN LATERAL (SELECT n.id FROM encumbrance_balance n
              WHERE n.book = $1 AND n.budget_year = ended.year AND n.remaining_fen > 0 OFFSET 0) standing) named
    CROSS JOIN LATERAL (SELECT * FROM encumbrance n WHERE n.book = $1 AND n.id = named.id OFFSET 0) e
    CROSS JOIN LATERAL (SELECT * FROM encumbrance_balance n WHERE n.book = $1 AND n.id = named.id OFFSET 0) b
), wanted AS (
    SELECT f.*
    FROM (SELECT unnest($2::text[]) AS code UNION SELECT fund FROM reserved UNION SELECT fund FROM undone_posting UNION SELECT fund FROM item
          UNION SELECT every.code FROM fund every WHERE every.book = $1 AND $9::boolean) named
    CROSS JOIN LATERAL (SELECT * FROM fund n WHERE n.book = $1 AND n.code = named.code OFFSET 0) f
    UNION
    SELECT f.* FROM wanted w
    CROSS JOIN LATERAL (SELECT * FROM fund n WHERE n.book = $1 AND n.parent = w.code AND $5::boolean OFFSET 0) f
)
SELECT json_build_object(
    'now', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    'first_period', (SELECT first_period FROM book WHERE code = $1),
    'head', (SELECT json_build_array(position, seq, encode(hash, 'hex')) FROM chain_head WHERE book = $1),
    'periods', (SELECT coalesce(json_agg(json_build_array(code, status)), '[]') FROM period WHERE book = $1),
    'vouchers', (SELECT coalesce(json_agg(json_build_array(period, voucher_type, number)), '[]') FROM voucher_head WHERE book = $1),
    'funds', (SELECT coalesce(json_agg(json_build_array(w.code, w.parent, w.category, w.name_zh, w.name_en, w.source_order,
                 EXISTS (SELECT FROM opening_balance o WHERE o.book = $1 AND o.fund = w.code))), '[]') FROM wanted w),
    'accounts', (SELECT coalesce(json_agg(json_build_array(a.fund, a.code, a.name_zh, a.basis, a.normal_side, a.guarded)), '[]')
                 FROM wanted w CROSS JOIN LATERAL (SELECT * FROM account n WHERE n.book = $1 AND n.fund = w.code OFFSET 0) a),
    'balances', (SELECT coalesce(json_agg(json_build_array(b.fund, b.account, b.budget_year, b.source, b.purpose_code, b.debit_fen, b.credit_fen)), '[]')
                 FROM wanted w CROSS JOIN LATERAL (SELECT * FROM balance n WHERE n.book = $1 AND n.fund = w.code OFFSET 0) b),
    'items', (SELECT coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'fund', i.fund, 'account', i.account, 'side', i.side,
                 'party_ref', i.party_ref, 'reference', i.reference, 'encumbrance', i.encumbrance, 'purpose_code', i.purpose_code,
                 'due_on', i.due_on, 'details', i.details, 'opened_seq', i.opened_seq, 'opened_on', i.opened_on,
                 'balances', (SELECT coalesce(json_agg(json_build_array(n.source, n.opened_fen, n.settled_fen)), '[]')
                              FROM open_item_balance n WHERE n.book = $1 AND n.id = i.id))), '[]') FROM item i),
    'purposes', (SELECT coalesce(json_agg(json_build_array(u.fund, u.code, u.kinds, u.sources)), '[]')
                 FROM (SELECT DISTINCT ON (n.fund, n.code) n.* FROM purpose n WHERE n.book = $1 ORDER BY n.fund, n.code, n.position DESC) u),
    'proposals', (SELECT coalesce(json_agg(json_build_array(p.id, coalesce(d.outcome, 'waiting'), p.operation, p.prepared_by, p.sent_by, p.amount_fen)), '[]')
                  FROM unnest($8::uuid[]) AS named (id)
                  CROSS JOIN LATERAL (SELECT * FROM proposal n WHERE n.book = $1 AND n.id = named.id OFFSET 0) p
                  LEFT JOIN LATERAL (SELECT * FROM decision n WHERE n.book = $1 AND n.proposal = named.id OFFSET 0) d ON true),
    'approval_rules', coalesce((SELECT rules FROM approval_policy WHERE book = $1 ORDER BY position DESC LIMIT 1), '[]'),
    'budget_versions', (SELECT coalesce(json_agg(json_build_array(v.fiscal_year, v.version)), '[]')
                        FROM (SELECT fiscal_year, max(version) AS version FROM budget_version WHERE book = $1 GROUP BY fiscal_year) v),
    'carry_rules', coalesce((SELECT rules FROM carry_rules WHERE book = $1 ORDER BY position DESC LIMIT 1), '[]'),
    'year_ends', (SELECT coalesce(json_agg(json_build_object('year', ended.year,
                     'balances', (SELECT coalesce(json_agg(json_build_array(b.fund, b.account, b.budget_year, b.source, b.purpose_code,
                             (b.debit_fen - b.credit_fen - coalesce(later.fen, 0))::bigint)), '[]')
                         FROM wanted w CROSS JOIN LATERAL (SELECT * FROM balance n
                             WHERE n.book = $1 AND n.fund = w.code AND n.budget_year = 0 OFFSET 0) b
                         CROSS JOIN LATERAL (SELECT sum(d.debit_fen - d.credit_fen) AS fen FROM daily_total d WHERE d.book = $1
                             AND d.fund = b.fund AND d.account = b.account AND d.budget_year = 0 AND d.source = b.source
                             AND d.purpose_code = b.purpose_code AND d.day > make_date(ended.year, 12, 31)) later),
                     'waiting', (SELECT coalesce(json_agg(p.operation), '[]') FROM proposal p
                         WHERE p.book || '' = $1 AND p.period BETWEEN ended.year || '-01' AND ended.year || '-13'
                         AND NOT EXISTS (SELECT FROM decision d WHERE d.book = $1 AND d.proposal = p.id)))), '[]')
                  FROM unnest($10::int[]) AS ended (year)),
    'encumbrances', (SELECT coalesce(json_agg(row_to_json(reserved)), '[]') FROM reserved),
    'entries', (SELECT coalesce(json_agg(row_to_json(undone)), '[]') FROM undone),
    'postings', (SELECT coalesce(json_agg(row_to_json(p) ORDER BY p.seq, p.line), '[]') FROM undone_posting p),
    'keys', (SELECT coalesce(json_agg(json_build_array(k.key, encode(k.fingerprint, 'hex'), k.status, k.body)), '[]')
             FROM unnest($6::text[]) AS named (key)
             CROSS JOIN LATERAL (SELECT * FROM idempotency_key n WHERE n.book = $1 AND n.key = named.key OFFSET 0) k)
)::text
