"""Who may decide about a recovery, and when."""

import pytest

from claims.payouts.rules import RecoveryStatus, refuse_recovery_decision


@pytest.mark.parametrize(
    ("status", "approved", "booked", "code"),
    [
        (RecoveryStatus.PROPOSED, True, False, None),
        (RecoveryStatus.PROPOSED, False, False, None),
        (RecoveryStatus.BOOKING_REFUSED, True, True, None),
        (RecoveryStatus.BOOKING_REFUSED, False, False, None),
        # A part has come back, or may have: the rest is booked, not given up.
        (RecoveryStatus.BOOKING_REFUSED, False, True, "recovery_not_proposed"),
        (RecoveryStatus.BOOKING, False, False, "recovery_not_proposed"),
        (RecoveryStatus.BOOKED, False, True, "recovery_not_proposed"),
        (RecoveryStatus.REFUSED, True, False, "recovery_not_proposed"),
    ],
)
def test_what_the_ledger_refused_is_approved_again_or_given_up_while_nothing_is_booked(
    status: RecoveryStatus, *, approved: bool, booked: bool, code: str | None
) -> None:
    problem = refuse_recovery_decision(status, "payer-1", "payer-2", approved=approved, booked=booked)
    assert (None if problem is None else problem.code) == code
    same = refuse_recovery_decision(status, "payer-1", "payer-1", approved=approved, booked=booked)
    assert same is not None
