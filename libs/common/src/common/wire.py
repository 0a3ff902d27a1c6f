"""The base of every wire type.

Unknown fields are refused, so that no field is ignored. Scalars are strict: ``true`` and ``"5"`` and ``5.0`` are not
integers. Texts still become UUIDs, dates and enumeration members, because JSON has no other way to write them.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

_STRICT_KINDS: Final = frozenset({"int", "float", "bool", "str", "decimal"})


def _make_scalars_strict(schema: CoreSchema) -> None:
    pending: list[Any] = [schema]  # a core schema is a tree of plain dictionaries, lists and tuples
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            kind = node.get("type")  # of a model's fields, it is the schema of a field named "type"
            if isinstance(kind, str) and kind in _STRICT_KINDS:
                node.setdefault("strict", True)
            pending.extend(_children(node))
        elif isinstance(node, list | tuple):
            pending.extend(node)


def _children(node: dict[str, Any]) -> Iterable[Any]:
    # Defaults, metadata, functions and serialisation are not validation: a default value may well be a dictionary.
    return (
        value
        for key, value in node.items()
        if key not in {"default", "metadata", "serialization", "function", "expected"}
    )


class Wire(BaseModel):
    """Base model of requests and answers: closed, frozen, strict in its scalars, silent about its input in errors."""

    judged_alone: ClassVar[frozenset[str]] = frozenset()
    """Fields of a body whose items the use case judges one by one, so that one bad item does not fail the others."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        validate_default=False,
        ser_json_inf_nan="constants",
        use_attribute_docstrings=True,
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Make every scalar of the model strict."""
        schema = handler(source)
        _make_scalars_strict(schema)
        return schema
