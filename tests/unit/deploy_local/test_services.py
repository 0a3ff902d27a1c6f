"""What the processes that serve are told, and what they are not."""

import pytest

from deploy.local.services import process_environment


def test_a_process_knows_its_own_database_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEDGER_DATABASE_URL", "LEDGER_OWNER_DATABASE_URL", "CLAIMS_OWNER_DATABASE_URL"):
        monkeypatch.setenv(name, "postgresql://somebody:secret@127.0.0.1/x")
    monkeypatch.setenv("FANGPIN_KEPT", "yes")
    told = process_environment({"CLAIMS_DATABASE_URL": "postgresql://own"})
    assert {name for name in told if name.endswith("_DATABASE_URL")} == {"CLAIMS_DATABASE_URL"}
    assert (told["CLAIMS_DATABASE_URL"], told["FANGPIN_KEPT"]) == ("postgresql://own", "yes")
