"""Who may call what, written by hand from the API document. An endpoint without a row fails the test beside this file.

A row: service, method, path below the book, the roles whose token gets a 2xx, and how a token is answered that is bound to a
place. Every other role gets 403, nobody 401, and the same roles with a token of another book 403. Which step a person may take
on a lead or a claim is a finer rule: the rows name the roles for the step the test takes.

Each row is tried by each of the nine roles with tokens of five places: none (the whole book), the town and the village where
the row's request acts, another village of that town, and another town.
"""

from typing import NamedTuple

LEDGER_READERS = "officer checker auditor payer admin"
CLAIMS_READERS = "auditor intake village town county payer admin"
REGISTER_STAFF = "intake village town county"
ROLES = ("officer", "checker", "auditor", "intake", "village", "town", "county", "payer", "admin")


HERE = ("610923100", "610923100213")
"""Town and village of all that the tests of access make."""
ELSEWHERE = ("610923100234", "610923109")
"""Another village of that town, and another town: nothing lies there."""

COUNTY = "county"
"""The whole county's matter, no place's: a token bound to any place gets 403, even where the request acts."""
HIDDEN = "hidden"
"""One thing, named by its id in the path or the body: 2xx for a token of its place, 404 for one of another."""
EMPTY = "empty"
"""A list, search or count: 2xx for every place, with what lies there and nothing else."""
NAMED = "named"
"""The body names a place in words or codes: 2xx for a token of that place, 403 for one of another."""
SHARED = "shared"
"""The same for every place, because it lies nowhere: programmes, lines, lists of words."""


class Row(NamedTuple):
    """One endpoint, who may call it, and what it is for a token that is bound to a place."""

    service: str
    method: str
    path: str
    roles: str
    place: str


TABLE = (
    Row("ledger", "POST", "/v1/books", "admin", COUNTY),
    Row("ledger", "GET", "", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/funds", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/funds", "officer admin", COUNTY),
    Row("ledger", "GET", "/accounts", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/opening-balances", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/receipts", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/allotments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/payments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/{operation}/{id}/reversal", "officer", COUNTY),
    Row("ledger", "POST", "/purposes", "officer admin", COUNTY),
    Row("ledger", "GET", "/purposes", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/budget-versions", "officer", COUNTY),
    Row("ledger", "GET", "/budget-versions", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/budget-versions/{fiscal_year}/{version}", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/fund-transfers", "officer", COUNTY),
    Row("ledger", "POST", "/fund-transfers/settlements", "officer", COUNTY),
    Row("ledger", "GET", "/reports/budget-vs-actual", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/encumbrances", "officer", COUNTY),
    Row("ledger", "GET", "/encumbrances", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/encumbrances/{id}", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/encumbrances/{id}/liquidations", "officer", COUNTY),
    Row("ledger", "POST", "/encumbrances/{id}/liquidations/{lid}/return", "officer", COUNTY),
    Row("ledger", "POST", "/encumbrances/{id}/release", "officer", COUNTY),
    Row("ledger", "POST", "/encumbrances/{id}/extension", "officer", COUNTY),
    Row("ledger", "GET", "/encumbrances/{id}/history", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/encumbrances/liquidations", "officer", COUNTY),
    Row("ledger", "POST", "/encumbrances/releases", "officer", COUNTY),
    Row("ledger", "POST", "/encumbrances/expiry", "officer", COUNTY),
    Row("ledger", "GET", "/encumbrances/expiring", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/balances", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/journal-entries", "officer", COUNTY),
    Row("ledger", "POST", "/journal-entries/bulk", "officer", COUNTY),
    Row("ledger", "GET", "/journal-entries", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/journal-entries/{id}", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/journal-entries/{id}/voucher", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/journal-entries/{id}/reversal", "officer", COUNTY),
    Row("ledger", "GET", "/operations", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/operations/batch", "officer", COUNTY),
    Row("ledger", "POST", "/payment-lists", "officer", COUNTY),
    Row("ledger", "GET", "/payment-lists/template", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/open-items", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/open-items/{id}", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/donations", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/givers", "officer", COUNTY),
    Row("ledger", "GET", "/givers", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/givers/{ref}", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/givers/{ref}/disclosure", "officer", COUNTY),
    Row("ledger", "POST", "/givers/{ref}/erasure", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/awards", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/reserves", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/reserve-draws", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/reserve-recoveries", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/reserve-releases", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/training-grants", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/startup-supports", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/welfare-wages", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/advances", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/advance-settlements", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/advance-forgivenesses", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/student-aids", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/early-education-grants", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/relief-grants", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/family-shares", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/custodial-care-fees", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/overhaul-levies", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/overhaul-payments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/project-stages", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/retention-releases", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/retention-forfeitures", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/clinic-subsidies", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/village-doctor-subsidies", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-prepayments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-top-ups", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-payouts", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-fees", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-surplus-returns", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/pool-carry-forwards", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/restricted-gifts", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/restricted-gift-payments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/free-gifts", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/named-gifts", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/named-gift-payments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/subsidy-recognitions", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/subsidy-payments", "officer", COUNTY),
    Row("ledger", "POST", "/funds/{fund}/grant-repayments", "officer", COUNTY),
    Row("ledger", "POST", "/approval-rules", "admin", COUNTY),
    Row("ledger", "GET", "/approval-rules", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/proposals", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/proposals/{id}", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/proposals/approvals", "checker", COUNTY),
    Row("ledger", "POST", "/proposals/{id}/approval", "checker", COUNTY),
    Row("ledger", "POST", "/proposals/{id}/refusal", "checker", COUNTY),
    Row("ledger", "POST", "/proposals/{id}/withdrawal", "officer", COUNTY),
    Row("ledger", "GET", "/periods", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/periods/{period}/checklist", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/periods/{period}/close", "officer checker", COUNTY),
    Row("ledger", "POST", "/periods/{period}/reopen", "officer checker", COUNTY),
    Row("ledger", "POST", "/fiscal-years/{year}/closing", "officer", COUNTY),
    Row("ledger", "POST", "/fiscal-years/{year}/carry-forward", "officer", COUNTY),
    Row("ledger", "POST", "/carry-forward-rules", "admin", COUNTY),
    Row("ledger", "GET", "/carry-forward-rules", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/carry-forward", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/year-end", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/trial-balance", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/fund-execution", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/account-ledger", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/balance", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/negative-days", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/account-balances", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/general-ledger", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/subsidiary-ledger", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/execution-by-source", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/execution-by-purpose", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/reports/receipts-and-payments", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/bank-accounts", "officer", COUNTY),
    Row("ledger", "GET", "/bank-accounts", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/bank-accounts/{account}/column-mapping", "officer", COUNTY),
    Row("ledger", "POST", "/bank-accounts/{account}/statements", "officer", COUNTY),
    Row("ledger", "GET", "/bank-accounts/{account}/statement-lines", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/bank-accounts/{account}/match-proposals", LEDGER_READERS, COUNTY),
    Row("ledger", "POST", "/bank-accounts/{account}/matches", "officer", COUNTY),
    Row("ledger", "POST", "/bank-accounts/{account}/matches/{match}/undo", "officer", COUNTY),
    Row("ledger", "GET", "/bank-accounts/{account}/reconciliation", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/bank-accounts/{account}/journal", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/chain", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/chain/verification", LEDGER_READERS, COUNTY),
    Row("ledger", "GET", "/audit/journal", "auditor", COUNTY),
    Row("claims", "GET", "/divisions", CLAIMS_READERS, SHARED),
    Row("claims", "GET", "/household-categories", CLAIMS_READERS, SHARED),
    Row("claims", "GET", "/member-relations", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/households", REGISTER_STAFF, NAMED),
    Row("claims", "POST", "/households/import", REGISTER_STAFF, NAMED),
    Row("claims", "GET", "/households/export", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/import-jobs", REGISTER_STAFF, EMPTY),
    Row("claims", "GET", "/import-jobs/{job_id}", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/import-jobs/{job_id}/refused-rows", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/import-jobs/{job_id}/refused-rows/file", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/households/{household_id}/history", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/households/{household_id}/members/{member_id}/move", REGISTER_STAFF, HIDDEN),
    Row("claims", "POST", "/households/{household_id}/consents", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/households/{household_id}/consents", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/households/{household_id}/consents/{consent_id}/withdrawal", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/possible-duplicates", CLAIMS_READERS, EMPTY),
    Row("claims", "POST", "/possible-duplicates/{duplicate_id}/resolution", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/households", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/households/{household_id}", CLAIMS_READERS, HIDDEN),
    Row("claims", "PATCH", "/households/{household_id}", REGISTER_STAFF, HIDDEN),
    Row("claims", "POST", "/households/search", CLAIMS_READERS, EMPTY),
    Row("claims", "POST", "/leads", REGISTER_STAFF, NAMED),
    Row("claims", "GET", "/leads", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/leads/{lead_id}", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/leads/{lead_id}/steps", "intake village town", HIDDEN),
    Row("claims", "GET", "/lead-steps", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/income-lines", "county admin", COUNTY),
    Row("claims", "GET", "/income-lines", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/policies", "county admin", COUNTY),
    Row("claims", "GET", "/policies", CLAIMS_READERS, SHARED),
    Row("claims", "GET", "/policies/{policy_id}", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/policies/{policy_id}/terms", "county admin", COUNTY),
    Row("claims", "POST", "/policies/{policy_id}/terms/{terms_id}/approval", "county admin", COUNTY),
    Row("claims", "GET", "/policies/{policy_id}/terms", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/eligibility-checks", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/claims", "intake", HIDDEN),
    Row("claims", "GET", "/claims", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/claims/{claim_id}", CLAIMS_READERS, HIDDEN),
    Row("claims", "GET", "/claims/{claim_id}/decision", CLAIMS_READERS, HIDDEN),
    Row("claims", "GET", "/claims/{claim_id}/decision/letter", "intake county", HIDDEN),
    Row("claims", "POST", "/claims/{claim_id}/decision/recomputation", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/claims/{claim_id}/steps", "town", HIDDEN),
    Row("claims", "GET", "/document-kinds", CLAIMS_READERS, SHARED),
    Row("claims", "POST", "/claims/{claim_id}/documents", REGISTER_STAFF, HIDDEN),
    Row("claims", "GET", "/claims/{claim_id}/documents", CLAIMS_READERS, HIDDEN),
    Row("claims", "GET", "/claims/{claim_id}/documents/{document_id}", "auditor village town county", HIDDEN),
    Row("claims", "POST", "/claims/{claim_id}/documents/{document_id}/verification", CLAIMS_READERS, HIDDEN),
    Row("claims", "POST", "/claims/{claim_id}/documents/{document_id}/withdrawal", REGISTER_STAFF, HIDDEN),
    Row("claims", "POST", "/payout-batches", "payer", COUNTY),
    Row("claims", "GET", "/payout-batches", "checker auditor county payer", COUNTY),
    Row("claims", "GET", "/payout-batches/{batch_id}", "checker auditor county payer", COUNTY),
    Row("claims", "POST", "/payout-batches/{batch_id}/approval", "payer", COUNTY),
    Row("claims", "GET", "/payout-batches/{batch_id}/bank-file", "payer", COUNTY),
    Row("claims", "POST", "/payout-batches/{batch_id}/bank-file/reissues", "payer", COUNTY),
    Row("claims", "POST", "/payout-batches/{batch_id}/withdrawals", "payer", COUNTY),
    Row("claims", "POST", "/payout-batches/{batch_id}/bank-return", "payer", COUNTY),
    Row("claims", "POST", "/payout-batches/{batch_id}/booking-retries", "payer", COUNTY),
    Row("claims", "GET", "/reconciliation", "checker auditor county payer", COUNTY),
    Row("claims", "GET", "/reports/summary", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/reports/claims", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/reports/refusal-reasons", CLAIMS_READERS, EMPTY),
    Row("claims", "GET", "/reports/programme-results", CLAIMS_READERS, COUNTY),
    Row("claims", "GET", "/access-log", "auditor", COUNTY),
    Row("claims", "GET", "/access-log/verification", "auditor", COUNTY),
)
