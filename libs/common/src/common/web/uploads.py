"""A file in a form (``multipart/form-data``): how it is documented, and how it is read.

The form holds exactly one file under the name ``file`` and nothing else; what more an operation needs stands in its query. The whole
file stays in memory, bounded by the size limit of a body: what people hand in may name persons and must not lie in a temporary file.
"""

from collections.abc import AsyncGenerator
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from common.errors import MALFORMED
from common.validation import invalid_field

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
            raise invalid_field(
                _NAME, "required", "须有且仅有一个名为 file 的文件。", "The form needs one file named file."
            )
        content = await parts[0][1].read()
    finally:
        await form.close()
    if not content:
        raise invalid_field(_NAME, "no_rows", "文件为空。", "The file is empty.")
    return content


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
