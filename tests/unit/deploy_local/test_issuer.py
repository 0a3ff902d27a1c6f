"""The development issuer: roles are data, tokens say exactly what they should."""

from pathlib import Path

import jwt
import pytest

from deploy.local.failures import RunnerError
from deploy.local.issuer import AUDIENCE, ISSUER, Issuer, roles

SCOPES = {
    "officer": "ledger:read ledger:post ledger:periods ledger:givers",
    "checker": "ledger:read ledger:approve ledger:periods payouts:read",
    "auditor": "ledger:read audit:export claims:read claims:audit payouts:read",
    "intake": "claims:read claims:intake",
    "village": "claims:read claims:village",
    "town": "claims:read claims:town",
    "county": "claims:read claims:county claims:policies claims:unmask claims:erase payouts:read",
    "payer": "claims:read claims:unmask ledger:read payouts:read payouts:prepare payouts:approve",
    "admin": "books:admin ledger:read claims:read claims:policies",
}


def claims_of(issuer: Issuer, token: str) -> dict[str, object]:
    keys = jwt.PyJWKSet.from_json(issuer.jwks_path.read_text(encoding="utf-8"))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    verified: dict[str, object] = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
    return verified


def test_there_are_exactly_the_nine_roles_of_the_contract() -> None:
    assert {who: " ".join(scopes) for who, scopes in roles().items()} == SCOPES


@pytest.mark.parametrize("who", SCOPES)
def test_a_token_carries_the_scopes_of_its_role_the_book_and_the_person(issuer: Issuer, who: str) -> None:
    claims = claims_of(issuer, issuer.token(who, book="610924", sub="li-2"))
    assert (claims["scope"], claims["books"], claims["sub"]) == (SCOPES[who], ["610924"], "li-2")


def test_without_a_person_the_subject_is_the_role_and_one(issuer: Issuer) -> None:
    claims = claims_of(issuer, issuer.token("payer"))
    assert (claims["sub"], claims["books"]) == ("payer-1", ["610923"])


def test_an_unknown_role_is_refused_and_the_known_ones_are_named(issuer: Issuer) -> None:
    with pytest.raises(RunnerError, match=r"unknown WHO=mayor; choose one of: officer, .*admin"):
        issuer.token("mayor")


def test_outside_development_mode_nothing_is_signed(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANGPIN_MODE", "production")
    with pytest.raises(RunnerError, match="development mode only"):
        issuer.token("officer")


def test_the_key_stays_the_same_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    issuer.ensure()
    first = issuer.key_path.read_bytes()
    issuer.ensure()
    assert issuer.key_path.read_bytes() == first
    assert issuer.key_path.stat().st_mode & 0o777 == 0o600


def test_the_published_key_set_holds_no_private_part(issuer: Issuer) -> None:
    assert '"d"' not in issuer.jwks_path.read_text(encoding="utf-8")
