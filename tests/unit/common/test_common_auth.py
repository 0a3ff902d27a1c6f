"""Which tokens are believed, and how the issuer's keys are found, rotated and missed."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from common import auth
from common.auth import Authenticator, KeySetError, Principal, parse_key_set, principal_from, require
from common.errors import Problem
from tests.unit.common.conftest import ISSUER, Keys

pytestmark = pytest.mark.anyio


def authenticator(keys: Keys) -> Authenticator:
    return Authenticator(str(keys.path), ISSUER)


async def status_of(checker: Authenticator, token: str) -> int:
    try:
        await checker.authenticate(f"Bearer {token}")
    except Problem as problem:
        return problem.status
    return 200


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, ""])


async def test_a_good_token_says_who_with_which_scopes_and_books(keys: Keys) -> None:
    token = keys.token(scope="a b", books=["610923", "610924"])
    principal = await authenticator(keys).authenticate(f"bearer {token}")
    assert principal == Principal("officer-1", frozenset({"a", "b"}), frozenset({"610923", "610924"}))


async def test_a_token_may_be_bound_to_places(keys: Keys) -> None:
    principal = await authenticator(keys).authenticate(f"Bearer {keys.token(places=['610923100', '610923101001'])}")
    assert principal.places == {"610923100", "610923101001"}


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "nbf", "sub"])
async def test_a_token_without_a_required_claim_is_refused(keys: Keys, claim: str) -> None:
    without: dict[str, Any] = {claim: None}
    assert await status_of(authenticator(keys), keys.token(**without)) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "urn:someone:else"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + 3600},
        {"exp": "soon"},
        {"nbf": "1e3"},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 201},
        {"sub": "a\x00b"},
        {"scope": 7},
        {"scope": [7]},
        {"books": {"610923": True}},
        {"books": [610923]},
        {"places": []},
        {"places": "610923100"},
        {"places": [610923100]},
        {"places": ["610923"]},
        {"places": ["610923100", ""]},
        {"places": ["61092310O"]},
        {"places": ["６１０９２３１００"]},
        {"places": ["610923100\n"]},
        {"places": ["610923100001"] * 201},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(keys: Keys, changes: dict[str, Any]) -> None:
    assert await status_of(authenticator(keys), keys.token(**changes)) == 401


async def test_a_clock_a_few_seconds_off_is_forgiven(keys: Keys) -> None:
    checker = authenticator(keys)
    assert await status_of(checker, keys.token(exp=int(time.time()) - 5)) == 200
    assert await status_of(checker, keys.token(nbf=int(time.time()) + 5)) == 200


async def test_no_algorithm_and_secret_algorithms_are_refused(keys: Keys) -> None:
    checker = authenticator(keys)
    public = keys.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": "k1"}
    forged = [
        unsigned({"alg": "none", "kid": "k1"}, keys.claims()),
        unsigned({"alg": "None", "kid": "k1"}, keys.claims()),
        unsigned({"alg": "ES256", "kid": "k1"}, keys.claims()),
        unsigned({"kid": "k1"}, keys.claims()),
        unsigned({"alg": "ES256", "kid": ["k1"]}, keys.claims()),
        jwt.encode(keys.claims(), base64.b64encode(public), algorithm="HS256", headers=header),
        keys.token(key=ec.generate_private_key(ec.SECP256R1())),
        keys.token(kid="unknown"),
        jwt.encode(keys.claims(), keys.key, algorithm="ES256"),
    ]
    assert [await status_of(checker, token) for token in forged] == [401] * len(forged)


async def test_a_changed_token_is_refused_also_after_the_good_one_was_seen(keys: Keys) -> None:
    checker, token = authenticator(keys), keys.token()
    head, body, signature = token.split(".")
    other = keys.token(scope="books:admin").split(".")[1]
    for _ in range(2):
        assert await status_of(checker, token) == 200
        assert await status_of(checker, f"{head}.{other}.{signature}") == 401
        assert await status_of(checker, f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}") == 401
        assert await status_of(checker, f"{token}x") == 401


@given(st.text(max_size=60))
async def test_rubbish_is_refused_and_never_an_error(text: str) -> None:
    checker = Authenticator("unused", ISSUER)
    checker._keys, checker._read_at = {"k1": auth._Key("ES256", None)}, time.monotonic()
    with pytest.raises(Problem) as refusal:
        await checker.authenticate(text)
    assert refusal.value.status == 401


@pytest.mark.parametrize("token", ["x" * 9000, "é", "a.b", "....", "", " ", "\x00", "[" * 5000])
async def test_a_token_that_is_none_is_refused(keys: Keys, token: str) -> None:
    assert await status_of(authenticator(keys), token) == 401


async def test_a_remembered_token_still_expires(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "LEEWAY_SECONDS", 0)
    checker, token = authenticator(keys), keys.token(exp=int(time.time()) + 2)
    assert await status_of(checker, token) == 200
    await asyncio.sleep(2.1)
    assert await status_of(checker, token) == 401


async def test_memory_of_tokens_is_bounded(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_REMEMBERED_TOKENS", 3)
    checker = authenticator(keys)
    for number in range(6):
        assert await status_of(checker, keys.token(sub=f"person-{number}")) == 200
    assert len(checker._verified) == 3


async def test_a_new_key_is_found_by_its_id_and_an_old_one_ends(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    checker, old = authenticator(keys), keys.token()
    assert await status_of(checker, old) == 200
    keys.key, keys.kid = ec.generate_private_key(ec.SECP256R1()), "k2"
    keys.publish()
    # Within the pause nobody makes us read again; after it the new id is found and the old key is gone.
    assert await status_of(checker, keys.token()) == 401
    monkeypatch.setattr(auth, "ROTATION_PAUSE_SECONDS", 0)
    assert await status_of(checker, keys.token()) == 200
    assert await status_of(checker, old) == 401


async def test_a_key_replaced_under_the_same_id_ends_the_tokens_of_the_old_one(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker, old = authenticator(keys), keys.token()
    assert await status_of(checker, old) == 200
    keys.key = ec.generate_private_key(ec.SECP256R1())
    keys.publish()
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0)
    assert await status_of(checker, old) == 401
    assert await status_of(checker, keys.token()) == 200


async def test_forged_key_ids_do_not_make_us_read_the_keys_again_and_again(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker, reads = authenticator(keys), 0
    load = checker._load

    async def counted() -> bytes:
        nonlocal reads
        reads += 1
        return await load()

    monkeypatch.setattr(checker, "_load", counted)
    await asyncio.gather(*(status_of(checker, keys.token(kid=f"forged-{number}")) for number in range(50)))
    assert reads == 1


async def test_known_keys_serve_while_the_issuer_is_down(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    checker = authenticator(keys)
    await checker.check_keys()
    keys.path.unlink()
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0)
    assert await status_of(checker, keys.token()) == 200


async def test_without_keys_nobody_is_told_that_his_token_is_bad(keys: Keys) -> None:
    token = keys.token()
    keys.path.write_text("{}", encoding="utf-8")
    assert await status_of(authenticator(keys), token) == 503
    keys.path.unlink()
    assert await status_of(authenticator(keys), token) == 503


@pytest.mark.parametrize("status", [200, 500])
async def test_keys_are_read_from_an_address(keys: Keys, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    content, token = keys.path.read_bytes(), keys.token()

    def respond(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://issuer.test/jwks"
        return httpx.Response(status, content=content)

    real = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **_: real(transport=httpx.MockTransport(respond)))
    checker = Authenticator("https://issuer.test/jwks", ISSUER)
    assert await status_of(checker, token) == (200 if status == 200 else 503)


async def test_an_address_that_does_not_answer_is_unavailable(keys: Keys) -> None:
    assert await status_of(Authenticator("http://127.0.0.1:9/jwks", ISSUER), keys.token()) == 503


def test_the_three_algorithms_are_understood_and_others_left_out() -> None:
    strong, weak = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    p384 = ec.generate_private_key(ec.SECP384R1())
    entries = [
        ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True) | {"kid": "ec"},
        OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True) | {"kid": "ed"},
        RSAAlgorithm.to_jwk(strong.public_key(), as_dict=True) | {"kid": "rsa", "key_ops": ["verify"]},
        RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True) | {"kid": "weak"},
        RSAAlgorithm.to_jwk(strong.public_key(), as_dict=True) | {"kid": "other-alg", "alg": "RS512"},
        RSAAlgorithm.to_jwk(strong.public_key(), as_dict=True) | {"kid": "encryption", "use": "enc"},
        ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True) | {"kid": "private"},
        ECAlgorithm.to_jwk(p384.public_key(), as_dict=True) | {"kid": "p384"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "broken"},
        ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True),
    ]
    read = parse_key_set(json.dumps({"keys": entries}).encode())
    assert {kid: key.algorithm for kid, key in read.items()} == {"ec": "ES256", "ed": "EdDSA", "rsa": "RS256"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": [7]}', b'{"keys": []}', b"[" * 100_000]
)
def test_a_broken_key_set_is_named(content: bytes) -> None:
    with pytest.raises(KeySetError):
        parse_key_set(content)


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
async def test_a_token_of_the_other_algorithms_is_believed(tmp_path: Path, algorithm: str) -> None:
    private: Any
    if algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        entry = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = rsa.generate_private_key(65537, 2048)
        entry = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    keys = Keys(tmp_path / "jwks.json")
    keys.path.write_text(json.dumps({"keys": [entry | {"kid": "k1"}]}), encoding="utf-8")
    assert await status_of(authenticator(keys), keys.token(algorithm=algorithm, key=private)) == 200
    assert await status_of(authenticator(keys), keys.token()) == 401


def test_scopes_may_be_a_list_and_books_a_text() -> None:
    principal = principal_from({"sub": "s", "scope": ["a", "b"], "books": "610923 610924"})
    assert principal.may("b")
    assert principal.may_use_book("610924")
    assert not principal.may_use_book("610925")


def test_requiring_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one scope"):
        require()
