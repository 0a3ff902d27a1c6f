"""Saying in two languages what is wrong with which field, without repeating what was sent.

Owns the translation of pydantic's errors into `FieldError`s. Validators raise `field_error(code, zh, en)`;
everything pydantic itself finds is translated here by its error type. Values never appear: they may be
personal data. Neither do unknown names that do not look like field names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from common.errors import INVALID_REQUEST, PERSONAL_DATA_IN_TEXT, FieldError, Problem
from common.personal_data import personal_data_in

_MOST_ERRORS: Final = 50
_SOURCES: Final = frozenset({"body", "query", "path", "header", "cookie"})
# What pydantic appends to say which member of a union it tried.
_UNION_MEMBERS: Final = frozenset({"str", "constrained-str", "int", "constrained-int", "float", "bool", "uuid", "date"})
_FIELD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}", re.ASCII)

_MISSING: Final = ("此项必填。", "This is required.")
_INTEGER: Final = ("须为整数。", "Must be an integer.")
_TEXT: Final = ("须为文本。", "Must be a text.")
_OBJECT: Final = ("须为 JSON 对象。", "Must be a JSON object.")
_LIST: Final = ("须为数组。", "Must be an array.")
_DATE: Final = ("须为有效的日期。", "Must be a valid date.")
_INSTANT: Final = ("须为 RFC 3339 时间。", "Must be an RFC 3339 time.")
_UUID: Final = ("须为 UUID。", "Must be a UUID.")
_CHOICE: Final = ("不在允许的取值之内：{expected}。", "Must be one of: {expected}.")
_BOOLEAN: Final = ("须为 true 或 false。", "Must be true or false.")
_NUMBER: Final = ("须为有限的数。", "Must be a finite number.")
_UNION: Final = ("不符合任何一种允许的形式。", "Matches none of the allowed forms.")
_OTHER: Final = ("内容无效。", "Is not valid.")

# pydantic error type -> (our code, Chinese, English). Placeholders come from the schema, never from the input.
_TEXTS: Final[Mapping[str, tuple[str, tuple[str, str]]]] = {
    "missing": ("required", _MISSING),
    "extra_forbidden": ("unknown_field", ("没有这个字段。", "There is no such field.")),
    "int_type": ("not_an_integer", _INTEGER),
    "int_parsing": ("not_an_integer", _INTEGER),
    "int_from_float": ("not_an_integer", _INTEGER),
    "int_parsing_size": ("too_large", ("数值过大。", "The number is too large.")),
    "bool_type": ("not_a_boolean", _BOOLEAN),
    "bool_parsing": ("not_a_boolean", _BOOLEAN),
    "float_type": ("not_a_number", _NUMBER),
    "float_parsing": ("not_a_number", _NUMBER),
    "finite_number": ("not_a_number", _NUMBER),
    "string_type": ("not_a_text", _TEXT),
    "string_sub_type": ("not_a_text", _TEXT),
    "string_unicode": ("invalid_characters", ("含有无效字符。", "Contains invalid characters.")),
    "string_too_short": ("too_short", ("至少 {min_length} 个字符。", "Must have at least {min_length} characters.")),
    "string_too_long": ("too_long", ("至多 {max_length} 个字符。", "May have at most {max_length} characters.")),
    "string_pattern_mismatch": ("wrong_form", ("格式不符。", "Does not have the required form.")),
    "too_short": ("too_few", ("至少 {min_length} 项。", "Must have at least {min_length} items.")),
    "too_long": ("too_many", ("至多 {max_length} 项。", "May have at most {max_length} items.")),
    "greater_than": ("too_small", ("须大于 {gt}。", "Must be greater than {gt}.")),
    "greater_than_equal": ("too_small", ("不得小于 {ge}。", "Must be at least {ge}.")),
    "less_than": ("too_large", ("须小于 {lt}。", "Must be less than {lt}.")),
    "less_than_equal": ("too_large", ("不得大于 {le}。", "Must be at most {le}.")),
    "multiple_of": ("wrong_step", ("须为 {multiple_of} 的倍数。", "Must be a multiple of {multiple_of}.")),
    "literal_error": ("not_allowed", _CHOICE),
    "enum": ("not_allowed", _CHOICE),
    "union_tag_invalid": ("not_allowed", ("类别无效。", "Is not a known kind.")),
    "union_tag_not_found": ("required", ("缺少类别字段。", "The field that says which kind it is, is missing.")),
    "model_type": ("not_an_object", _OBJECT),
    "model_attributes_type": ("not_an_object", _OBJECT),
    "dict_type": ("not_an_object", _OBJECT),
    "mapping_type": ("not_an_object", _OBJECT),
    "list_type": ("not_an_array", _LIST),
    "tuple_type": ("not_an_array", _LIST),
    "set_type": ("not_an_array", _LIST),
    "frozen_set_type": ("not_an_array", _LIST),
    "date_type": ("not_a_date", _DATE),
    "date_parsing": ("not_a_date", _DATE),
    "date_from_datetime_parsing": ("not_a_date", _DATE),
    "date_from_datetime_inexact": ("not_a_date", _DATE),
    "datetime_type": ("not_an_instant", _INSTANT),
    "datetime_parsing": ("not_an_instant", _INSTANT),
    "datetime_from_date_parsing": ("not_an_instant", _INSTANT),
    "timezone_aware": ("not_an_instant", _INSTANT),
    "uuid_type": ("not_a_uuid", _UUID),
    "uuid_parsing": ("not_a_uuid", _UUID),
    "uuid_version": ("not_a_uuid", _UUID),
    "is_instance_of": ("wrong_type", _OTHER),
    "unique_items": ("not_unique", ("含有重复项。", "Contains an item twice.")),
    "none_required": ("not_null", ("须为空。", "Must be null.")),
}
_SAFE_CONTEXT: Final = ("min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of", "expected")


def field_error(code: str, zh: str, en: str) -> PydanticCustomError:
    """Return what a pydantic validator raises: a stable code and a text in both languages, without the value."""
    return PydanticCustomError(code, "{en}", {"zh": zh, "en": en})


def problem_from(error: ValidationError, prefix: Sequence[str | int] = ()) -> Problem:
    """Turn a pydantic error into the problem to raise; `prefix` is where the validated part stood in the body."""
    found = error.errors(include_url=False, include_input=False)
    return problem_from_details([{**detail, "loc": (*prefix, *detail["loc"])} for detail in found])


def problem_from_details(details: Sequence[Mapping[str, object]]) -> Problem:
    """Turn pydantic's error details (``type``, ``loc``, ``ctx``) into ``invalid_request``, or the code a text earned."""
    by_field: dict[str, FieldError] = {}
    for detail in details[:_MOST_ERRORS]:
        error = _translated(detail)
        if error.code == PERSONAL_DATA_IN_TEXT.code:
            return PERSONAL_DATA_IN_TEXT.error(field=error.field)
        # Several errors of one field are the members of a union, each saying why it is not the one.
        known = by_field.get(error.field)
        by_field[error.field] = error if known in {None, error} else FieldError(error.field, "wrong_form", *_UNION)
    return invalid(by_field.values())


def invalid(errors: Iterable[FieldError]) -> Problem:
    """Return ``invalid_request`` naming these fields; the first is also the problem's own field."""
    listed = tuple(errors)
    return INVALID_REQUEST.error(field=listed[0].field if listed else None, errors=listed)


def invalid_field(field: str, code: str, zh: str, en: str) -> Problem:
    """Return ``invalid_request`` for one field."""
    return invalid([FieldError(field, code, zh, en)])


def field_path(loc: Sequence[object]) -> str:
    """Print where an error lies: ``("body", "postings", 2, "amount_fen")`` becomes ``postings[2].amount_fen``."""
    parts = list(loc[1:] if loc and loc[0] in _SOURCES else loc)
    while len(parts) > 1 and parts[-1] in _UNION_MEMBERS:
        parts.pop()
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif (name := safe_name(str(part))) is not None:
            path += f".{name}" if path else name
    return path or (str(loc[0]) if loc and loc[0] in _SOURCES else "body")


def safe_name(name: str) -> str | None:
    """Return a name that may be shown: itself, ``?`` if the caller made it up oddly, None for pydantic's own marks."""
    if "[" in name or "(" in name:
        return None
    return name if _FIELD_NAME.fullmatch(name) and personal_data_in(name) is None else "?"


def _translated(detail: Mapping[str, object]) -> FieldError:
    kind = str(detail.get("type", ""))
    loc = detail.get("loc")
    path = field_path(loc if isinstance(loc, tuple | list) else ())
    context = detail.get("ctx")
    ctx: Mapping[str, object] = context if isinstance(context, Mapping) else {}
    if isinstance(zh := ctx.get("zh"), str) and isinstance(en := ctx.get("en"), str):
        return FieldError(path, kind, zh, en)
    code, (zh_text, en_text) = _TEXTS.get(kind, ("invalid", _OTHER))
    shown = {key: ctx.get(key, "–") for key in _SAFE_CONTEXT}
    return FieldError(path, code, zh_text.format_map(shown), en_text.format_map(shown))
