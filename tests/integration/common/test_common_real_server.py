"""What only a real server shows: large bodies, whole and in pieces, and keep-alive after a refusal."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from common.auth import Authenticator
from common.web import create_app
from tests.unit.common.conftest import ISSUER, Keys, books, router

pytestmark = pytest.mark.anyio

THINGS = "/v1/books/610923/things"
FIFTY_MEGABYTES = 50 * 1024 * 1024


@pytest.fixture
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[int, Keys]]:
    """The sample application on a free port of this machine, served by uvicorn as in production."""
    keys = Keys(tmp_path_factory.mktemp("keys") / "jwks.json")
    keys.publish()
    app = create_app(
        service="sample",
        version="1",
        title="Sample",
        routers=[router, books],
        authenticator=Authenticator(str(keys.path), ISSUER),
    )
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, loop="asyncio", lifespan="on"))
    task = asyncio.ensure_future(running.serve(sockets=[listening]))
    while not running.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    yield listening.getsockname()[1], keys
    running.should_exit = True
    await task


@pytest.fixture
async def client(server: tuple[int, Keys]) -> AsyncIterator[httpx.AsyncClient]:
    port, keys = server
    headers = {"Authorization": f"Bearer {keys.token()}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as made:
        yield made


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(FIFTY_MEGABYTES // 65536):
        yield b" " * 65536


async def test_fifty_megabytes_are_refused_whole_and_in_pieces_and_the_server_goes_on(
    client: httpx.AsyncClient,
) -> None:
    for content in (b" " * FIFTY_MEGABYTES, pieces()):
        answer = await client.post(THINGS, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (await client.get(THINGS)).status_code == 200


async def test_fifty_megabytes_without_a_token_are_unauthenticated(client: httpx.AsyncClient) -> None:
    for content in (b" " * FIFTY_MEGABYTES, pieces()):
        answer = await client.post(THINGS, content=content, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 401
    assert (await client.get(THINGS)).status_code == 200


async def test_a_client_that_goes_away_in_the_middle_harms_nobody(
    server: tuple[int, Keys], client: httpx.AsyncClient
) -> None:
    port, keys = server
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    fields = {
        "Host": "x",
        "Authorization": f"Bearer {keys.token()}",
        "Content-Type": "application/json",
        "Content-Length": "1000",
    }
    head = f"POST {THINGS} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    writer.write(head.encode() + b'{"half":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get(THINGS)).status_code == 200
    metrics = (await client.get("/metrics")).text
    assert 'route="/v1/books/{book}/things",status="500"' not in metrics


async def test_a_stream_that_breaks_half_way_is_not_taken_for_a_whole_one(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/v1/books/610923/stream?broken=true")
    assert (await client.get("/v1/books/610923/stream")).text == "first\nsecond\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/books/610923/named/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/books/610923/things HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\x00b\r\n\r\n",
        b"rubbish\r\n\r\n",
        b"POST /v1/books/610923/things HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/books/610923/things HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"GET /v1/books/610923/things HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_are_refused(server: tuple[int, Keys], raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server[0])
    writer.write(raw)
    await writer.drain()
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert line == b"" or 400 <= int(line.split()[1]) < 500, line
