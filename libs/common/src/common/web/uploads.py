"""A file in a form (``multipart/form-data``): how it is documented, and how it is read.

The form holds exactly one file under the name ``file`` and nothing else; what more an operation needs stands in its query. What people
hand in may name persons and must not lie in a temporary file: the file stays in memory, bounded by the size limit of a body
(`uploaded_file`), or passes through in pieces (`StreamedFile`).
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from common.errors import MALFORMED, Problem
from common.validation import invalid_field
from common.web.middleware import allow_body

_NAME: Final = "file"
_IN_MEMORY: Final = 2**31


class _InMemory(MultiPartParser):
    """Starlette's parser without its temporary files."""

    spool_max_size = _IN_MEMORY


def uploaded(description: str) -> dict[str, Any]:
    """Document (as ``openapi_extra``) a form with one file; the operation reads it with `uploaded_file`."""
    schema = {
        "type": "object",
        "required": [_NAME],
        "properties": {_NAME: {"type": "string", "format": "binary", "minLength": 1}},
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": schema, "example": {_NAME: "statement.csv"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


async def uploaded_file(request: Request) -> bytes:
    """Return the file of the form. Raises ``malformed_body`` for what is no such form, ``invalid_request`` naming ``file``."""
    body = await request.body()
    try:
        form = await _InMemory(request.headers, _pieces(body), max_files=1, max_fields=0).parse()
    except (MultiPartException, KeyError, ValueError):
        raise MALFORMED.error() from None
    try:
        parts = form.multi_items()
        if len(parts) != 1 or parts[0][0] != _NAME or not isinstance(parts[0][1], UploadFile):
            raise _one_file()
        content = await parts[0][1].read()
    finally:
        await form.close()
    if not content:
        raise invalid_field(_NAME, "no_rows", "文件为空。", "The file is empty.")
    return content


FORM_BYTES: Final = 16 * 1024
"""What a form with one file may have beside the file: boundaries and headers."""


class StreamedFile:
    """The one file of a form, read piece by piece as it arrives. Iterate once.

    `name` and `media_type` are what the form says of the file, None where it says nothing; they are known with the first piece. Raises as
    `uploaded_file`, also for a form that ends before its last boundary; ``body_too_large`` beyond `limit` bytes of the whole body.
    """

    def __init__(self, request: Request, *, limit: int) -> None:
        """Allow the request a body of `limit` bytes; nothing is read yet."""
        allow_body(request.scope, limit)
        self.name: str | None = None
        self.media_type: str | None = None
        self._request = request
        self._pieces: list[bytes] = []
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._parts = 0
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes."""
        parser = self._parser()
        async for chunk in self._request.stream():
            try:
                parser.write(chunk)
            except FormParserError:
                raise MALFORMED.error() from None
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
        if not self._ended:
            raise MALFORMED.error()
        if not self._parts:
            raise _one_file()

    def _parser(self) -> MultipartParser:
        _, parameters = parse_options_header(self._request.headers.get("content-type"))
        try:
            return MultipartParser(
                parameters[b"boundary"],
                {
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_end": self._on_end,
                },
            )
        except (KeyError, FormParserError):
            raise MALFORMED.error() from None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        self._parts += 1
        _, said = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        if self._parts > 1 or said.get(b"name") != _NAME.encode():
            raise _one_file()
        if b"filename" in said:
            self.name = _file_name(said[b"filename"])
        if b"content-type" in self._headers:
            self.media_type = parse_options_header(self._headers[b"content-type"].decode("latin-1"))[0].decode(
                "latin-1"
            )
        self._headers = {}

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _on_end(self) -> None:
        self._ended = True


def _file_name(written: bytes) -> str:
    """Read a file's name; some clients of Chinese offices do not send UTF-8."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise invalid_field(_NAME, "invalid_characters", "文件名含有无效字符。", "The file's name has invalid characters.")


def _one_file() -> Problem:
    return invalid_field(_NAME, "required", "须有且仅有一个名为 file 的文件。", "The form needs one file named file.")


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
