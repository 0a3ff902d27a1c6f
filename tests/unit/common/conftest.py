"""A small application with one operation of every kind, and tokens for it."""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from jwt.algorithms import ECAlgorithm
from pydantic import Field

from common.auth import Authenticator, Principal, require
from common.dates import BusinessDate
from common.errors import NOT_FOUND, ProblemType
from common.idempotency import Answer, IdempotencyKey
from common.money import Fen
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from common.text import BookCode, Code, Line, PlainLine
from common.web import JsonResponse, Router, Wire, answer, create_app, example, raw_body, responses

ISSUER = "urn:test:issuer"
INSUFFICIENT = ProblemType(
    "insufficient_funds",
    409,
    "余额不足",
    "Not enough money",
    "可用余额为 {available_fen} 分。",
    "Only {available_fen} fen.",
)


class PostingIn(Wire):
    model_config = example({"fund": "health", "side": "debit", "amount_fen": 100})
    fund: Code
    side: Line
    amount_fen: Fen
    memo: PlainLine | None = None


class ThingIn(Wire):
    model_config = example(
        {"effective_on": "2026-01-05", "postings": [{"fund": "health", "side": "debit", "amount_fen": 100}]}
    )
    effective_on: BusinessDate
    postings: list[PostingIn] = Field(min_length=1)
    metadata: dict[str, str | int | bool] = Field(default_factory=dict)


class ThingOut(Wire):
    model_config = example({"id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0", "count": 1})
    id: UUID
    count: int


class Optional(Wire):
    model_config = example({"note": "x"})
    note: Line | None = None


reader = Annotated[Principal, Depends(require("things:read"))]
writer = Annotated[Principal, Depends(require("things:write", "things:admin"))]
router = Router(prefix="/v1/books/{book}", tags=["things"])
THING = UUID("0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0")


@router.post("/things", status_code=201, response_model=ThingOut, responses=responses(404, INSUFFICIENT))
async def create_thing(book: BookCode, body: ThingIn, key: IdempotencyKey, _who: writer) -> Response:
    if body.postings[0].amount_fen == 999:
        raise INSUFFICIENT.error(field="postings[0].amount_fen", available_fen=12)
    return answer(Answer(201, {"id": str(THING), "count": len(body.postings)}, replayed=key == "again"))


@router.get("/things")
async def list_things(
    book: BookCode, _who: reader, fund: Code | None = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ThingOut]:
    after = decode_cursor(cursor, int)
    first = 0 if after is None else int(str(after[0])) + 1
    rows = [ThingOut(id=THING, count=number) for number in range(first, 2500)][: limit + 1]
    shown, following = page_of(rows, limit, lambda row: (row.count,))
    return Page(items=shown, next_cursor=following)


@router.get("/things/{thing}", responses=responses(404))
async def read_thing(book: BookCode, thing: UUID, _who: reader) -> ThingOut:
    if thing != THING:
        raise NOT_FOUND.error()
    return ThingOut(id=thing, count=1)


@router.post("/things/{thing}/close")
async def close_thing(book: BookCode, thing: UUID, key: IdempotencyKey, _who: writer) -> ThingOut:
    return ThingOut(id=thing, count=0)


@router.post("/optional")
async def post_optional(book: BookCode, _who: writer, body: Optional | None = None) -> Optional:
    return body or Optional()


@router.post("/files", openapi_extra=raw_body("text/csv", example="a,b\n"))
async def post_file(book: BookCode, request: Request, _who: writer) -> ThingOut:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return ThingOut(id=THING, count=size)


@router.get("/named/{name}")
async def read_named(book: BookCode, name: Line, _who: reader) -> Optional:
    return Optional(note=name)


@router.get("/explosion")
async def explode(book: BookCode, _who: reader) -> Optional:
    raise RuntimeError("cannot handle 612424199001011234")


@router.get("/stream", response_class=StreamingResponse)
async def stream(book: BookCode, _who: reader, broken: bool = False) -> Response:  # noqa: FBT001, FBT002
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first\n"
        if broken:
            raise RuntimeError("half way")
        yield b"second\n"

    return StreamingResponse(chunks(), media_type="text/plain")


books = Router(prefix="/v1/books", tags=["books"])


@books.post("", status_code=201)
async def create_book(body: Optional, who: Annotated[Principal, Depends(require("books:admin"))]) -> Response:
    who.check_book(body.note or "")
    return JsonResponse({"note": body.note}, status_code=201)


@dataclass(slots=True)
class Keys:
    """An issuer with one ES256 key and its key set file."""

    path: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = "k1"

    def publish(self) -> None:
        entry = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {
            "kid": self.kid,
            "use": "sig",
            "alg": "ES256",
        }
        self.path.write_text(json.dumps({"keys": [entry]}), encoding="utf-8")

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "fangpin",
            "sub": "officer-1",
            "nbf": now,
            "exp": now + 600,
            "scope": "things:read things:write",
            "books": ["610923"],
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, *, kid: str | None = None, algorithm: str = "ES256", key: Any = None, **changes: Any) -> str:
        return jwt.encode(
            self.claims(**changes), key or self.key, algorithm=algorithm, headers={"kid": kid or self.kid}
        )


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path / "jwks.json")
    made.publish()
    return made


@pytest.fixture
def make_app(keys: Keys) -> Callable[..., FastAPI]:
    def make(**options: Any) -> FastAPI:
        defaults: dict[str, Any] = {
            "service": "sample",
            "version": "1",
            "title": "Sample",
            "routers": [router, books],
            "authenticator": Authenticator(str(keys.path), ISSUER),
            "problems": [INSUFFICIENT],
            "body_limit": 10_000,
        }
        return create_app(**(defaults | options))

    return make


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app()


@pytest.fixture
async def client(app: FastAPI, keys: Keys) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a good token; what the application lets through fails the test."""
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {keys.token()}", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as made:
        yield made


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
