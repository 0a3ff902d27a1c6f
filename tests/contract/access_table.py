"""Who may call what, written by hand from the API document. An endpoint without a row fails the test beside this file.

A row: service, method, path below the book, and the roles whose token gets a 2xx. Every other role gets 403, nobody 401,
and the same roles with a token of another book 403. Which step a person may take on a lead or a claim is a finer rule:
the rows name the roles for the step the test takes.
"""

from typing import NamedTuple

LEDGER_READERS = "officer checker auditor payer admin"
CLAIMS_READERS = "auditor intake village town county payer admin"
REGISTER_STAFF = "intake village town county"
ROLES = ("officer", "checker", "auditor", "intake", "village", "town", "county", "payer", "admin")


class Row(NamedTuple):
    """One endpoint and who may call it."""

    service: str
    method: str
    path: str
    roles: str


TABLE = (
    Row("ledger", "POST", "/v1/books", "admin"),
    Row("ledger", "GET", "", LEDGER_READERS),
    Row("ledger", "GET", "/funds", LEDGER_READERS),
    Row("ledger", "POST", "/funds", "officer admin"),
    Row("ledger", "GET", "/accounts", LEDGER_READERS),
    Row("ledger", "POST", "/opening-balances", "officer"),
    Row("ledger", "POST", "/funds/{fund}/receipts", "officer"),
    Row("ledger", "POST", "/funds/{fund}/allotments", "officer"),
    Row("ledger", "POST", "/funds/{fund}/payments", "officer"),
    Row("ledger", "POST", "/funds/{fund}/{operation}/{id}/reversal", "officer"),
    Row("ledger", "POST", "/encumbrances", "officer"),
    Row("ledger", "GET", "/encumbrances", LEDGER_READERS),
    Row("ledger", "GET", "/encumbrances/{id}", LEDGER_READERS),
    Row("ledger", "POST", "/encumbrances/{id}/liquidations", "officer"),
    Row("ledger", "POST", "/encumbrances/{id}/liquidations/{lid}/return", "officer"),
    Row("ledger", "POST", "/encumbrances/{id}/release", "officer"),
    Row("ledger", "POST", "/journal-entries", "officer"),
    Row("ledger", "POST", "/journal-entries/bulk", "officer"),
    Row("ledger", "GET", "/journal-entries", LEDGER_READERS),
    Row("ledger", "GET", "/journal-entries/{id}", LEDGER_READERS),
    Row("ledger", "POST", "/journal-entries/{id}/reversal", "officer"),
    Row("ledger", "POST", "/approval-rules", "admin"),
    Row("ledger", "GET", "/approval-rules", LEDGER_READERS),
    Row("ledger", "GET", "/proposals", LEDGER_READERS),
    Row("ledger", "GET", "/proposals/{id}", LEDGER_READERS),
    Row("ledger", "POST", "/proposals/approvals", "checker"),
    Row("ledger", "POST", "/proposals/{id}/approval", "checker"),
    Row("ledger", "POST", "/proposals/{id}/refusal", "checker"),
    Row("ledger", "POST", "/proposals/{id}/withdrawal", "officer"),
    Row("ledger", "GET", "/periods", LEDGER_READERS),
    Row("ledger", "POST", "/periods/{period}/close", "officer checker"),
    Row("ledger", "POST", "/periods/{period}/reopen", "officer checker"),
    Row("ledger", "GET", "/reports/trial-balance", LEDGER_READERS),
    Row("ledger", "GET", "/reports/fund-execution", LEDGER_READERS),
    Row("ledger", "GET", "/reports/account-ledger", LEDGER_READERS),
    Row("ledger", "GET", "/chain", LEDGER_READERS),
    Row("ledger", "GET", "/chain/verification", LEDGER_READERS),
    Row("ledger", "GET", "/audit/journal", "auditor"),
    Row("claims", "GET", "/divisions", CLAIMS_READERS),
    Row("claims", "GET", "/household-categories", CLAIMS_READERS),
    Row("claims", "GET", "/member-relations", CLAIMS_READERS),
    Row("claims", "POST", "/households", REGISTER_STAFF),
    Row("claims", "GET", "/households", CLAIMS_READERS),
    Row("claims", "GET", "/households/{household_id}", CLAIMS_READERS),
    Row("claims", "PATCH", "/households/{household_id}", REGISTER_STAFF),
    Row("claims", "POST", "/households/search", CLAIMS_READERS),
    Row("claims", "POST", "/leads", REGISTER_STAFF),
    Row("claims", "GET", "/leads", CLAIMS_READERS),
    Row("claims", "GET", "/leads/{lead_id}", CLAIMS_READERS),
    Row("claims", "POST", "/leads/{lead_id}/steps", "intake village town"),
    Row("claims", "GET", "/lead-steps", CLAIMS_READERS),
    Row("claims", "POST", "/income-lines", "county admin"),
    Row("claims", "GET", "/income-lines", CLAIMS_READERS),
    Row("claims", "POST", "/policies", "county admin"),
    Row("claims", "GET", "/policies", CLAIMS_READERS),
    Row("claims", "GET", "/policies/{policy_id}", CLAIMS_READERS),
    Row("claims", "POST", "/policies/{policy_id}/terms", "county admin"),
    Row("claims", "GET", "/policies/{policy_id}/terms", CLAIMS_READERS),
    Row("claims", "POST", "/eligibility-checks", CLAIMS_READERS),
    Row("claims", "POST", "/claims", "intake"),
    Row("claims", "GET", "/claims", CLAIMS_READERS),
    Row("claims", "GET", "/claims/{claim_id}", CLAIMS_READERS),
    Row("claims", "GET", "/claims/{claim_id}/decision", CLAIMS_READERS),
    Row("claims", "POST", "/claims/{claim_id}/decision/recomputation", CLAIMS_READERS),
    Row("claims", "POST", "/claims/{claim_id}/steps", "town"),
    Row("claims", "POST", "/payout-batches", "payer"),
    Row("claims", "GET", "/payout-batches", "checker auditor county payer"),
    Row("claims", "GET", "/payout-batches/{batch_id}", "checker auditor county payer"),
    Row("claims", "POST", "/payout-batches/{batch_id}/approval", "payer"),
    Row("claims", "GET", "/payout-batches/{batch_id}/bank-file", "payer"),
    Row("claims", "POST", "/payout-batches/{batch_id}/bank-return", "payer"),
    Row("claims", "POST", "/payout-batches/{batch_id}/booking-retries", "payer"),
    Row("claims", "GET", "/reconciliation", "checker auditor county payer"),
    Row("claims", "GET", "/reports/summary", CLAIMS_READERS),
)
