-- The six roles, once per database server. Run by an administrator; may be run again at any time:
--   psql -v ON_ERROR_STOP=1 -f deploy/database/roles.sql
-- then give each a password (\password fangpin_ledger_service …) and create the databases
-- (deploy/database/database.sql). None of them may create databases or roles, or pass row security.
--   …_owner    owns tables and trigger functions; used by migrations only
--   …_service  what a running service connects as; its rights are granted table by table in migrations
--   …_reader   for reports by staff and auditors: reads what is not secret
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'fangpin_ledger_owner', 'fangpin_ledger_service', 'fangpin_ledger_reader',
        'fangpin_claims_owner', 'fangpin_claims_service', 'fangpin_claims_reader'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I', role_name);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT',
            role_name);
        EXECUTE format('ALTER ROLE %I SET search_path = public', role_name);
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['fangpin_ledger_service', 'fangpin_claims_service'] LOOP
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''120s''', role_name);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''60s''', role_name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', role_name);
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['fangpin_ledger_reader', 'fangpin_claims_reader'] LOOP
        EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', role_name);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''300s''', role_name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', role_name);
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['fangpin_ledger_owner', 'fangpin_claims_owner'] LOOP
        -- A migration that cannot have its lock gives up instead of queueing everybody behind it.
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', role_name);
    END LOOP;
END
$$;
