-- Who may do what with one database. Run by an administrator after creating it:
--   psql -c 'CREATE DATABASE ledger OWNER fangpin_ledger_owner'
--   psql -v ON_ERROR_STOP=1 -v name=ledger -v service=ledger -f deploy/database/database.sql
-- TEMP is taken from everybody: with a table of its own the service role could hang the
-- SECURITY DEFINER trigger functions on it and move balances without posting.
SELECT 'fangpin_' || :'service' || '_owner' AS owner_role,
       'fangpin_' || :'service' || '_service' AS service_role,
       'fangpin_' || :'service' || '_reader' AS reader_role \gset
ALTER DATABASE :"name" OWNER TO :"owner_role";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"service_role", :"reader_role";
