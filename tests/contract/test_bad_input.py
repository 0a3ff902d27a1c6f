"""The acceptance list of bad input, end to end: each request gets its documented status, code and field, and changes nothing.

The rooms' own tests hold the finer tables. Here the same running system gets everything over HTTP, in both languages, alone, in one
bulk call and at the same time with good requests, and afterwards the chain, every table and the summaries are as before.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.issuer import AUDIENCE, ISSUER, KEY_ID
from tests.support.county import County, id_number
from tests.support.stack import Stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

BOOK = "610924"
KEYS = itertools.count(1)
ID_NUMBER = id_number(7)
NOBODY = "00000000-0000-7000-8000-000000000000"
DAY = "2021-03-05"
MEGABYTE = 1024 * 1024


class Bad(NamedTuple):
    """A request, and what it must be answered."""

    name: str
    service: str
    path: str
    who: str
    body: object
    status: int
    code: str
    field: str | None = None


def entry(first: object = 5, second: object = 5, **changes: object) -> dict[str, Any]:
    postings = [
        {"fund": "repair", "account": "5001", "side": "debit", "amount_fen": first},
        {"fund": "repair", "account": "2303", "side": "credit", "amount_fen": second},
    ]
    return {"effective_on": DAY, "description": "计提", "postings": postings} | changes


def with_posting(**changes: object) -> dict[str, Any]:
    body = entry()
    body["postings"][0] |= changes
    return body


def paying_cash() -> dict[str, Any]:
    body = entry()
    body["postings"][1]["account"] = "1002"
    return body


def receipt(**changes: object) -> dict[str, object]:
    return {"amount_fen": 5, "source": "county", "effective_on": DAY} | changes


def payment(**changes: object) -> dict[str, object]:
    return {"amount_fen": 5, "effective_on": DAY, "payee_ref": "payee-1", "purpose": "测试"} | changes


def encumbrance(**changes: object) -> dict[str, object]:
    return {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 5, "purpose": "测试", "effective_on": DAY} | changes


def liquidation(**changes: object) -> dict[str, object]:
    return {"amount_fen": 5, "effective_on": DAY, "payee_ref": "payee-1"} | changes


def household(**changes: object) -> dict[str, object]:
    member = {"name": "孙示例", "id_number": id_number(800), "relation": "head"} | changes
    return {
        "town": f"{BOOK}100",
        "village": f"{BOOK}100213",
        "category": "general",
        "members": [member],
        "annual_income_fen": 400_000,
        "income_year": 2021,
    }


def claim(**changes: object) -> dict[str, object]:
    """A claim of the household of the book; its ids are filled in when it is sent."""
    return {
        "household_id": "{household}",
        "claimant_member_id": "{member}",
        "cause": "schooling",
        "event_on": "2021-06-01",
        "reported_on": "2021-06-05",
        "loss": [{"kind": "tuition", "amount_fen": 400_000}],
        "other_payments": [],
    } | changes


def _entry(name: str, body: object, status: int, code: str, field: str | None = None) -> Bad:
    return Bad(name, "ledger", "/journal-entries", "officer", body, status, code, field)


def _household(name: str, change: dict[str, object], field: str) -> Bad:
    return Bad(name, "claims", "/households", "intake", household(**change), 422, "invalid_request", field)


def _claim(name: str, change: dict[str, object], status: int, code: str, field: str | None = None) -> Bad:
    return Bad(name, "claims", "/claims", "intake", claim(**change), status, code, field)


AMOUNT = "postings[0].amount_fen"
ENTRIES = (
    _entry("unbalanced over all", entry(6), 422, "unbalanced_entry", "postings"),
    _entry("unbalanced within a fund", with_posting(fund="health"), 422, "unbalanced_entry", "postings"),
    _entry("unbalanced within a basis", with_posting(account="7101"), 422, "unbalanced_entry", "postings"),
    _entry("no postings", entry(postings=[]), 422, "invalid_request", "postings"),
    _entry("one posting", entry(postings=entry()["postings"][:1]), 422, "invalid_request", "postings"),
    _entry("amount zero", entry(0, 0), 422, "invalid_request", AMOUNT),
    _entry("amount negative", entry(-5, -5), 422, "invalid_request", AMOUNT),
    _entry("amount with a fraction", entry(0.5, 0.5), 422, "invalid_request", AMOUNT),
    _entry("amount as text", entry("5", "5"), 422, "invalid_request", AMOUNT),
    _entry("amount 10^30", entry(10**30, 10**30), 422, "invalid_request", AMOUNT),
    _entry("NUL in a text", entry(description="a\x00b"), 422, "invalid_request", "description"),
    _entry("lone surrogate in a text", entry(description="a\ud800b"), 422, "invalid_request", "description"),
    _entry("unknown fund", with_posting(fund="nofund"), 422, "unknown_account", "postings[0].fund"),
    _entry("unknown account", with_posting(account="9999"), 422, "unknown_account", "postings[0].account"),
    _entry("malformed date", entry(effective_on="2021-02-30"), 422, "invalid_request", "effective_on"),
    _entry("future date", entry(effective_on="2199-01-01"), 422, "invalid_request", "effective_on"),
    _entry("closed month", entry(effective_on="2021-01-15"), 409, "period_closed"),
    _entry("cash without its budgetary lines", paying_cash(), 409, "budget_lines_missing", "postings"),
    _entry("control account", with_posting(account="available"), 422, "control_account", "postings[0].account"),
    _entry("ID number in a memo", with_posting(memo=ID_NUMBER), 422, "personal_data_in_text", "postings[0].memo"),
)
RECEIPTS, PAYMENTS = "/funds/insurance/receipts", "/funds/insurance/payments"
LIQUIDATIONS = "/encumbrances/{open}/liquidations"
OPERATIONS = (
    Bad(
        "receipt of 10^30",
        "ledger",
        RECEIPTS,
        "officer",
        receipt(amount_fen=10**30),
        422,
        "invalid_request",
        "amount_fen",
    ),
    Bad(
        "receipt of true", "ledger", RECEIPTS, "officer", receipt(amount_fen=True), 422, "invalid_request", "amount_fen"
    ),
    Bad("receipt of nothing", "ledger", RECEIPTS, "officer", [], 422, "invalid_request"),
    Bad(
        "receipt into a closed month",
        "ledger",
        RECEIPTS,
        "officer",
        receipt(effective_on="2021-01-15"),
        409,
        "period_closed",
    ),
    Bad("receipt of an unknown fund", "ledger", "/funds/nofund/receipts", "officer", receipt(), 404, "not_found"),
    Bad("overdraw of cash", "ledger", "/funds/health/payments", "officer", payment(), 409, "insufficient_funds"),
    Bad("overdraw of available", "ledger", PAYMENTS, "officer", payment(amount_fen=10**14), 409, "insufficient_funds"),
    Bad(
        "encumbrance beyond available",
        "ledger",
        "/encumbrances",
        "officer",
        encumbrance(amount_fen=10**14),
        409,
        "insufficient_funds",
    ),
    Bad(
        "more than an encumbrance's remainder",
        "ledger",
        LIQUIDATIONS,
        "officer",
        liquidation(amount_fen=101),
        409,
        "amount_exceeds_remaining",
    ),
    Bad(
        "liquidation after release",
        "ledger",
        "/encumbrances/{released}/liquidations",
        "officer",
        liquidation(),
        409,
        "encumbrance_not_open",
    ),
    Bad(
        "second release",
        "ledger",
        "/encumbrances/{released}/release",
        "officer",
        {"effective_on": DAY},
        409,
        "encumbrance_not_open",
    ),
    Bad(
        "liquidation of what is not there",
        "ledger",
        f"/encumbrances/{NOBODY}/liquidations",
        "officer",
        liquidation(),
        404,
        "not_found",
    ),
    Bad(
        "second reversal",
        "ledger",
        "/journal-entries/{reversed}/reversal",
        "officer",
        {"effective_on": DAY, "reason": "测试"},
        409,
        "already_reversed",
    ),
    Bad(
        "second opening of a book",
        "ledger",
        "/v1/books",
        "admin",
        {"code": BOOK, "name": "测试", "first_period": "2021-01"},
        409,
        "book_exists",
    ),
)
REGISTER = (
    _household("ID number with a wrong check digit", {"id_number": "610923198001010000"}, "members[0].id_number"),
    _household("ID number too short", {"id_number": "61092319800101"}, "members[0].id_number"),
    _household("ID number of letters", {"id_number": "ABCDEFGHIJKLMNOPQR"}, "members[0].id_number"),
    _household("birth date in the future", {"birth_on": "2199-01-01"}, "members[0].birth_on"),
    _household("lone surrogate in a name", {"name": "孙\ud800"}, "members[0].name"),
    _claim("event outside the policy", {"event_on": "2020-12-31"}, 409, "event_outside_policy", "event_on"),
    _claim("unknown cause", {"cause": "bad_luck"}, 422, "invalid_request", "cause"),
    _claim(
        "loss below what others paid",
        {"other_payments": [{"payer": "医保", "amount_fen": 400_001}]},
        409,
        "loss_below_other_payments",
    ),
    _claim(
        "loss of 10^30",
        {"loss": [{"kind": "tuition", "amount_fen": 10**30}]},
        422,
        "invalid_request",
        "loss[0].amount_fen",
    ),
    _claim("claim of a household nobody knows", {"household_id": NOBODY}, 404, "not_found", "household_id"),
)
TABLE = ENTRIES + OPERATIONS + REGISTER


class Office:
    """The county of this file's book, and what its requests act on."""

    def __init__(self, county: County, stack: Stack, ids: dict[str, str]) -> None:
        self.county, self.stack, self.ids = county, stack, ids

    async def send(self, row: Bad, key: str | None = None, language: str = "en") -> httpx.Response:
        text = json.dumps(row.body)  # escapes only: the one way to write a lone surrogate
        for name, value in self.ids.items():
            text = text.replace(f"{{{name}}}", value)
        content = {"Content-Type": "application/json", "Accept-Language": language}
        return await self.raw(row.service, row.path.format(**self.ids), row.who, text, key, content)

    async def raw(
        self,
        service: str,
        path: str,
        who: str,
        content: Any,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        client = self.county.ledger if service == "ledger" else self.county.claims
        sent = self.county.headers(who, key or f"bad-input-{next(KEYS)}") | (headers or {})
        address = path if path.startswith("/v1/") else f"/v1/books/{BOOK}{path}"
        return await client.post(address, content=content, headers=sent)

    async def state(self) -> object:
        """The chain's head, the size of every table that a refusal must leave alone, and both summaries."""
        chain = await self.county.get("ledger", "/chain", "officer")
        funds = await self.county.get("ledger", "/funds", "officer", fiscal_year="2021")
        summary = await self.county.get("claims", "/reports/summary", "intake")
        del summary["as_of"]
        rows = [self.stack.sql(service, COUNT_ROWS) for service in ("ledger", "claims")]
        return chain, funds, summary, rows


# Refusals by a rule are remembered for their keys, and the worker's sign of life is no money.
COUNT_ROWS = r"""
SELECT format('SELECT %L, count(*) FROM %s', relname, oid::regclass) FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
  AND relname NOT IN ('idempotency_key', 'alembic_version') AND relname NOT LIKE 'worker%' ORDER BY relname \gexec
"""


@pytest.fixture
async def office(running: Stack) -> AsyncIterator[Office]:
    async with (
        httpx.AsyncClient(base_url=running.url("ledger"), timeout=60) as ledger,
        httpx.AsyncClient(base_url=running.url("claims"), timeout=60) as claims,
    ):
        county = County(ledger, claims, running.issuer, book=BOOK, households=itertools.count(1))
        if (await county.try_get("ledger", "/funds", "officer")).status_code == httpx.codes.NOT_FOUND:
            await county.found()
        yield Office(county, running, await things(county))


async def things(county: County) -> dict[str, str]:
    """What the requests act on: made once, afterwards answered again under the same keys."""

    async def made(service: str, path: str, body: object, who: str, key: str) -> dict[str, Any]:
        return await county.post(service, path, body, who, f"thing-{key}")

    year = {"amount_fen": 1_000, "fiscal_year": 2021, "effective_on": "2021-01-12", "authority": "测试文号"}
    await made("ledger", "/funds/health/allotments", year, "officer", "allotment")
    is_open = await made("ledger", "/encumbrances", encumbrance(amount_fen=100), "officer", "open")
    released = await made("ledger", "/encumbrances", encumbrance(amount_fen=100), "officer", "released")
    await made("ledger", f"/encumbrances/{released['id']}/release", {"effective_on": DAY}, "officer", "release")
    wrong = await made("ledger", "/journal-entries", entry(), "officer", "entry")
    red = {"effective_on": DAY, "reason": "测试"}
    await made("ledger", f"/journal-entries/{wrong['id']}/reversal", red, "officer", "reversal")
    await made("ledger", "/periods/2021-01/close", {"reason": "已核对"}, "officer", "close")
    family = await made("claims", "/households", household(id_number=id_number(801)), "intake", "household")
    ids = {"open": is_open["id"], "released": released["id"], "reversed": wrong["id"]}
    return ids | {"household": family["id"], "member": family["members"][0]["id"]}


def judge(row: Bad, answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (row.status, row.code), (row.name, answer.text)
    assert answer.headers["content-type"] == "application/problem+json", row.name
    if row.field is not None:
        named = [answer.json().get("field"), *(error["field"] for error in answer.json().get("errors", []))]
        assert row.field in named, (row.name, answer.text)
    assert ID_NUMBER not in answer.text


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_bad_input_gets_its_documented_answer_in_both_languages_and_changes_nothing(
    office: Office, row: Bad
) -> None:
    before = await office.state()
    titles = []
    for language in ("en", "zh-CN"):
        answer = await office.send(row, language=language)
        judge(row, answer)
        titles.append(str(answer.json()["title"]))
    assert titles[0].isascii()
    assert not titles[1].isascii()
    assert await office.state() == before


async def test_all_bad_entries_in_one_bulk_call_leave_the_good_ones_between_them_alone(office: Office) -> None:
    entries: list[object] = []
    for number, row in enumerate(ENTRIES):
        assert isinstance(row.body, dict)
        stamp = f"bulk-{next(KEYS)}-{number}"
        entries += [entry() | {"idempotency_key": f"{stamp}-good"}, row.body | {"idempotency_key": f"{stamp}-bad"}]
    answer = await office.raw(
        "ledger",
        "/journal-entries/bulk",
        "officer",
        json.dumps({"entries": entries}),
        None,
        {"Content-Type": "application/json"},
    )
    results = answer.json()["results"]
    assert [one["status"] for one in results[::2]] == ["posted"] * len(ENTRIES)
    refused = [(one["problem"]["status"], one["problem"]["code"]) for one in results[1::2]]
    assert refused == [(row.status, row.code) for row in ENTRIES]


async def test_good_requests_succeed_while_every_bad_one_is_refused_beside_them(office: Office) -> None:
    good = Bad("good", "ledger", "/journal-entries", "officer", entry(), 201, "")
    head = await office.county.get("ledger", "/chain", "officer")
    answers = await asyncio.gather(*(office.send(row) for bad in TABLE for row in (bad, good)))
    for row, answer in zip(TABLE, answers[::2], strict=True):
        judge(row, answer)
    assert [answer.status_code for answer in answers[1::2]] == [201] * len(TABLE)
    seqs = sorted(answer.json()["seq"] for answer in answers[1::2])
    assert seqs == list(range(head["seq"] + 1, head["seq"] + 1 + len(TABLE)))
    assert (await office.county.get("ledger", "/chain/verification", "officer"))["verified"]


async def test_an_abolished_area_code_is_accepted_with_a_warning(office: Office) -> None:
    body = "61243119800101001"  # a county renamed and recoded decades ago
    remainder = sum(int(digit) * (1 << (17 - place)) for place, digit in enumerate(body)) % 11
    row = Bad("area", "claims", "/households", "intake", household(id_number=body + "10X98765432"[remainder]), 201, "")
    answer = await office.send(row, key="abolished-area")
    assert answer.status_code == 201, answer.text
    assert answer.json()["warnings"]


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MEGABYTE):
        yield b" " * MEGABYTE


BODIES = (
    ("broken", b'{"amount_fen": 5,', "application/json", 400, "malformed_body"),
    ("100,000 deep array", b"[" * 100_000 + b"]" * 100_000, "application/json", 400, "malformed_body"),
    ("100,000 deep object", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json", 400, "malformed_body"),
    ("100,000 deep and never closed", b"[" * 100_000, "application/json", 400, "malformed_body"),
    ("raw NUL", b'{"reference": "\x00"}', "application/json", 400, "malformed_body"),
    ("not UTF-8", b'{"reference": "\xff"}', "application/json", 400, "malformed_body"),
    ("no number", b'{"amount_fen": NaN}', "application/json", 400, "malformed_body"),
    ("a field twice", b'{"amount_fen": 5, "amount_fen": 6}', "application/json", 400, "malformed_body"),
    ("form", b"amount_fen=5", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ("plain text", b'{"amount_fen": 5}', "text/plain", 415, "unsupported_media_type"),
)


@pytest.mark.parametrize(("service", "path", "who"), [("ledger", RECEIPTS, "officer"), ("claims", "/claims", "intake")])
async def test_bodies_that_are_no_request_are_refused_and_change_nothing(
    office: Office, service: str, path: str, who: str
) -> None:
    before = await office.state()
    for name, body, media_type, status, code in BODIES:
        answer = await office.raw(service, path, who, body, None, {"Content-Type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (status, code), (name, answer.text)
    assert await office.state() == before


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("service", "path", "who"), [("ledger", RECEIPTS, "officer"), ("claims", "/claims", "intake")])
async def test_a_body_of_50_mb_is_refused_announced_or_not(
    office: Office, service: str, path: str, who: str, *, announced: bool
) -> None:
    before = await office.state()
    content: Any = b" " * (50 * MEGABYTE) if announced else chunks(50 * MEGABYTE)
    answer = await office.raw(service, path, who, content, None, {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert await office.state() == before


async def test_a_key_is_one_request_s_whatever_the_address_or_the_person(office: Office) -> None:
    key = f"abuse-{next(KEYS)}"
    first = Bad("first", "ledger", RECEIPTS, "officer", receipt(), 201, "")
    assert (await office.send(first, key)).status_code == 201
    before = await office.state()
    others = (
        first._replace(body=receipt(amount_fen=6)),
        first._replace(path="/funds/health/receipts"),
        first._replace(path="/journal-entries", body=entry()),
        first._replace(path="/encumbrances", body=encumbrance(), who="officer/somebody-else"),
    )
    for row in others:
        judge(row._replace(status=409, code="idempotency_key_reused"), await office.send(row, key))
    bulk = await office.send(
        first._replace(path="/journal-entries/bulk", body={"entries": [entry(idempotency_key=key)]})
    )
    assert bulk.json()["results"][0]["problem"]["code"] == "idempotency_key_reused"
    assert await office.state() == before


@pytest.mark.parametrize("key", [b"", b"x" * 201, "键".encode(), b"a b", b"a\xff"])
async def test_a_key_that_is_none_is_refused(office: Office, key: bytes) -> None:
    before = await office.state()
    for client, path, who, body in (
        (office.county.ledger, RECEIPTS, "officer", receipt()),
        (
            office.county.claims,
            "/leads",
            "intake",
            {"channel": "self_report", "description": "x", "reason": "x", "found_on": DAY},
        ),
    ):
        headers = [*office.county.headers(who).items()]
        sent = [(name.encode(), value.encode()) for name, value in headers if name != "Idempotency-Key"]
        answer = await client.post(f"/v1/books/{BOOK}{path}", json=body, headers=[*sent, (b"Idempotency-Key", key)])
        row = Bad("key", "", path, who, body, 422, "invalid_request", "Idempotency-Key")
        judge(row, answer)
    assert await office.state() == before


QUERIES = (
    ("/journal-entries", "limit=1001", "limit"),
    ("/journal-entries", f"limit={10**30}", "limit"),
    ("/journal-entries", "limit=0", "limit"),
    ("/journal-entries", "limit=-1", "limit"),
    ("/journal-entries", "cursor=rubbish!", "cursor"),
    ("/journal-entries", "cursor=WyJhIl0", "cursor"),
    ("/journal-entries", "cursor=" + "A" * 1001, "cursor"),
    (
        "/journal-entries",
        f"cursor={base64.urlsafe_b64encode(json.dumps([10**30]).encode()).decode().rstrip('=')}",
        "cursor",
    ),
    ("/journal-entries", "colour=red", "colour"),
    ("/journal-entries", "limit=1&limit=2", "limit"),
    ("/journal-entries", "effective_from=2021-02-30", "effective_from"),
    ("/audit/journal", "format=exe", "format"),
    ("/chain/verification", f"from_seq={10**30}", "from_seq"),
    ("/funds", "fiscal_year=%00", "fiscal_year"),
    ("/funds", "as_of=2026-02-30", "as_of"),
    ("/funds", "as_of=2199-12-31", "as_of"),
    ("/balances", f"at_seq={10**30}", "at_seq"),
    ("/balances", f"at_seq={10**15}", "at_seq"),
    ("/reports/fund-execution", "fiscal_year=2021&as_of=20210301", "as_of"),
    ("/reports/balance", "fund=health&account=1002&at_seq=-1", "at_seq"),
    ("/reports/balance", "fund=health&account=1002&source=%00", "source"),
    ("/reports/balance", "fund=health&account=available&purpose=%00", "purpose"),
    ("/reports/balance", "account=1002", "fund"),
    ("/reports/account-ledger", "fund=health&account=1002&at_seq=1e3", "at_seq"),
    ("/reports/negative-days", "account=5001", "account"),
    ("/reports/negative-days", "fund=%00", "fund"),
)


@pytest.mark.parametrize(("path", "query", "field"), QUERIES)
async def test_a_query_that_cannot_be_right_is_named(office: Office, path: str, query: str, field: str) -> None:
    headers = office.county.headers("auditor")
    answer = await office.county.ledger.get(f"/v1/books/{BOOK}{path}?{query}", headers=headers)
    judge(Bad("query", "ledger", path, "auditor", None, 422, "invalid_request", field), answer)


def _claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    made: dict[str, object] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "officer-1", "nbf": now, "exp": now + 600, "scope": "ledger:read", "books": [BOOK],
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


def _forged(stack: Stack) -> dict[str, tuple[str, int]]:
    """Tokens an attacker would try, beside two good ones, and the status each must get."""
    loaded = serialization.load_pem_private_key(stack.issuer.key_path.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    pem = loaded.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def token(kid: str | None = KEY_ID, key: ec.EllipticCurvePrivateKey = loaded, **changes: object) -> str:
        return jwt.encode(_claims(**changes), key, algorithm="ES256", headers={"kid": kid} if kid else None)

    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    # PyJWT will not sign with a public key, an attacker would: the secret is the key's text.
    secret = base64.b64encode(pem).decode() + "x"
    return {
        "good": (token(), 200),
        "scope as a list": (token(scope=["ledger:read"]), 200),
        "alg none": (f"{part({'alg': 'none', 'kid': KEY_ID})}.{part(_claims())}.", 401),
        "HS256": (jwt.encode(_claims(), secret, algorithm="HS256", headers={"kid": KEY_ID}), 401),
        "another's key": (token(key=ec.generate_private_key(ec.SECP256R1())), 401),
        "kid unknown": (token(kid="nobody"), 401),
        "no kid": (token(kid=None), 401),
        "expired": (token(exp=int(time.time()) - 60), 401),
        "not yet": (token(nbf=int(time.time()) + 600), 401),
        "another audience": (token(aud="another"), 401),
        "another issuer": (token(iss="urn:another"), 401),
        "no subject": (token(sub=None), 401),
        "no books": (token(books=None), 403),
        "empty books": (token(books=[]), 403),
        "another book": (token(books=["610923"]), 403),
        "no scope": (token(scope=None), 403),
        "a scope that only begins alike": (token(scope="ledger:reader ledger ledger:*"), 403),
        "rubbish": ("a.b.c", 401),
        "very long": ("x" * 9_000, 401),
    }


async def test_forged_tokens_open_nothing(office: Office) -> None:
    for name, (token, status) in _forged(office.stack).items():
        answer = await office.county.ledger.get(f"/v1/books/{BOOK}/funds", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, (name, answer.text)
