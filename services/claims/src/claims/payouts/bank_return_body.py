"""How the API document describes a bank return, which may come as JSON or as the bank's own file."""

from __future__ import annotations

from typing import Any, Final

from claims.payouts.examples import BANK_RETURN, RETURN_FILE
from claims.payouts.schemas import BankReturnIn

_DEFINITIONS: Final = "#/$defs/"


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - a JSON schema is any JSON
    """A JSON schema with its local definitions put in place: an operation that reads its own body has no components."""
    if isinstance(schema, list):
        return [inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return inlined(definitions[reference.removeprefix(_DEFINITIONS)], definitions)
    return {name: inlined(part, definitions) for name, part in schema.items() if name != "$defs"}


def _json_schema() -> dict[str, Any]:
    schema = BankReturnIn.model_json_schema()
    made: dict[str, Any] = inlined(schema, schema.get("$defs", {}))
    return made


_FILE: Final = {"type": "string", "format": "binary", "minLength": 1}
TEXT_TYPES: Final = ("text/csv", "text/plain")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BANK_RETURN_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The bank's return as JSON, or as the bank's own text or XLSX file (docs/payout-files.md).",
        "content": {
            "application/json": {"schema": _json_schema(), "example": BANK_RETURN},
            "text/csv": {"schema": _FILE, "example": RETURN_FILE},
            "text/plain": {"schema": _FILE, "example": RETURN_FILE},
            XLSX: {"schema": _FILE},
        },
    }
}
