"""Problems: every refusal the services utter, as RFC 9457 problem details in Chinese and English.

Owns the exception `Problem`, its types and the ones both services share. Raise them anywhere
(``raise NOT_FOUND.error()``); `common.web` turns them into answers. A problem never repeats what the caller
sent: parameters are codes, counts and amounts, nothing a person typed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Final, Literal, TypeAlias

from common.request_id import current_request_id

Language = Literal["zh", "en"]
Parameter: TypeAlias = str | int | bool | list[str] | list[int] | None
"""What a problem may carry beside its texts: codes, counts, amounts in fen."""

_RESERVED: Final = frozenset({"type", "code", "title", "status", "detail", "instance", "field", "line", "errors"})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: its path (``postings[2].amount_fen``), a stable code, a text in both languages."""

    field: str
    code: str
    zh: str
    en: str

    def render(self, language: Language) -> dict[str, str]:
        """Return the wire form in one language."""
        return {"field": self.field, "code": self.code, "detail": self.zh if language == "zh" else self.en}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal: a stable code with one status, and its texts. Details may name parameters: ``{available_fen}``."""

    code: str
    status: int
    title_zh: str
    title_en: str
    detail_zh: str = ""
    detail_en: str = ""

    def error(
        self,
        field: str | None = None,  # the wire's own word
        line: int | None = None,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **params: Parameter,
    ) -> "Problem":
        """Return the exception to raise. `params` are shown to the caller and fill the detail's placeholders."""
        if reserved := _RESERVED & params.keys():
            raise ValueError(f"these names belong to the problem itself: {sorted(reserved)}")
        return Problem(
            type=self, field=field, line=line, params=params, errors=tuple(errors), headers=dict(headers or {})
        )


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A refusal on its way to the caller."""

    type: ProblemType
    field: str | None = None
    line: int | None = None
    params: Mapping[str, Parameter] = dataclass_field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = dataclass_field(default_factory=dict)
    instance: str | None = None
    """The request it first answered; set when it is stored, so that a replay says the same."""

    def __str__(self) -> str:
        """Return what may stand in a log line: the code and the field, no parameters."""
        return self.type.code if self.field is None else f"{self.type.code} ({self.field})"

    @property
    def code(self) -> str:
        """The stable code of the type."""
        return self.type.code

    @property
    def status(self) -> int:
        """The HTTP status of the type."""
        return self.type.status

    def render(self, language: Language) -> dict[str, object]:
        """Return the problem+json body in one language."""
        title = self.type.title_zh if language == "zh" else self.type.title_en
        detail = self.type.detail_zh if language == "zh" else self.type.detail_en
        body: dict[str, object] = {
            "type": f"urn:fangpin:problem:{self.type.code}",
            "code": self.type.code,
            "title": title,
            "status": self.type.status,
            "detail": _filled(detail, self.params) if detail else title,
        }
        if (instance := self.instance or current_request_id()) is not None:
            body["instance"] = f"urn:fangpin:request:{instance}"
        if self.field is not None:
            body["field"] = self.field
        if self.line is not None:
            body["line"] = self.line
        if self.errors:
            body["errors"] = [error.render(language) for error in self.errors]
        return body | dict(self.params)

    def to_stored(self) -> dict[str, object]:
        """Return a JSON object that keeps the problem in both languages, to be answered again in years."""
        return {
            "code": self.type.code,
            "status": self.type.status,
            "title_zh": self.type.title_zh,
            "title_en": self.type.title_en,
            "detail_zh": self.type.detail_zh,
            "detail_en": self.type.detail_en,
            "field": self.field,
            "line": self.line,
            "params": dict(self.params),
            "errors": [[error.field, error.code, error.zh, error.en] for error in self.errors],
            "instance": self.instance or current_request_id(),
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, object]) -> "Problem":
        """Return the problem that `to_stored` described. Raises ValueError if the object is not of that shape."""
        match stored:
            case {
                "code": str(code),
                "status": int(status),
                "title_zh": str(title_zh),
                "title_en": str(title_en),
                "detail_zh": str(detail_zh),
                "detail_en": str(detail_en),
                "field": str() | None as field_name,
                "line": int() | None as line,
                "params": dict(params),
                "errors": list(errors),
                "instance": str() | None as instance,
            }:
                return cls(
                    type=ProblemType(code, status, title_zh, title_en, detail_zh, detail_en),
                    field=field_name,
                    line=line,
                    params=params,
                    errors=tuple(FieldError(*error) for error in errors),
                    instance=instance,
                )
            case _:
                raise ValueError("not a stored problem")


def preferred_language(accept_language: str | None) -> Language:
    """Choose the language of the texts: Chinese, unless the header prefers English to it (RFC 9110, 12.5.4).

    No header, a malformed one or one that names neither language mean Chinese, the language of the county.
    """
    best: dict[Language, float] = {"zh": 0.0, "en": 0.0}
    first: Language | None = None
    for item in (accept_language or "").split(",")[:20]:
        tag, _, parameters = item.strip().lower().partition(";")
        language: Language | None = {"zh": "zh", "en": "en"}.get(tag.strip().partition("-")[0])  # type: ignore[assignment]
        if language is None:
            continue
        quality = _quality(parameters)
        if quality > 0 and first is None:
            first = language
        best[language] = max(best[language], quality)
    if best["en"] == best["zh"]:
        return first or "zh"
    return "en" if best["en"] > best["zh"] else "zh"


def _quality(parameters: str) -> float:
    match = re.fullmatch(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", parameters)
    if match is not None:
        return float(match.group(1))
    return 1.0 if not parameters.strip() else 0.0


class _Shown(dict[str, Parameter]):
    """Leaves a placeholder nobody filled as a dash: a missing parameter must not turn a refusal into a 500."""

    def __missing__(self, key: str) -> str:
        return "–"


def _filled(template: str, params: Mapping[str, Parameter]) -> str:
    return template.format_map(_Shown(params))


INVALID_REQUEST: Final = ProblemType(
    "invalid_request",
    422,
    "请求内容有误",
    "The request is not valid",
    "请按所列字段更正后重新提交。",
    "Correct the fields listed and send it again.",
)
MALFORMED: Final = ProblemType(
    "malformed_body",
    400,
    "请求正文无法解析",
    "The body cannot be read",
    "请求正文须为 UTF-8 编码的 JSON，层数不过深，且同一对象内无重复的键。",
    "The body must be JSON in UTF-8, not nested too deep, with no key twice in one object.",
)
UNAUTHENTICATED: Final = ProblemType(
    "unauthenticated",
    401,
    "未通过身份验证",
    "Not authenticated",
    "请携带有效的访问令牌。",
    "Send a valid bearer token.",
)
FORBIDDEN: Final = ProblemType(
    "forbidden",
    403,
    "没有权限",
    "Not allowed",
    "当前令牌不含本操作所需的权限、账套或辖区。",
    "The token does not carry the scope, the book or the place this needs.",
)
NOT_FOUND: Final = ProblemType(
    "not_found", 404, "未找到", "Not found", "该地址或记录不存在。", "There is no such address or record."
)
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method_not_allowed",
    405,
    "不支持该请求方法",
    "Method not allowed",
    "该地址支持的方法见 Allow 头。",
    "The Allow header lists what this address understands.",
)
IDEMPOTENCY_KEY_REUSED: Final = ProblemType(
    "idempotency_key_reused",
    409,
    "幂等键已用于其他请求",
    "The idempotency key was used for another request",
    "同一幂等键只能用于内容完全相同的请求，请换用新的键。",
    "One key serves one request; send a changed request under a new key.",
)
SAME_PERSON: Final = ProblemType(
    "same_person",
    409,
    "须由另一人办理",
    "Another person must do this",
    "经办人与复核人不得为同一人。",
    "Who prepared it cannot approve it.",
)
PRECONDITION_FAILED: Final = ProblemType(
    "precondition_failed",
    412,
    "记录已被他人修改",
    "The record has changed",
    "请重新读取后再修改。",
    "Read it again, then change it.",
)
BODY_TOO_LARGE: Final = ProblemType(
    "body_too_large",
    413,
    "请求正文过大",
    "The body is too large",
    "请求正文不得超过 {limit_bytes} 字节。",
    "A body may have at most {limit_bytes} bytes.",
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported_media_type",
    415,
    "不支持的内容类型",
    "Unsupported content type",
    "Content-Type 须为 {accepted}。",
    "The Content-Type must be {accepted}.",
)
PERSONAL_DATA_IN_TEXT: Final = ProblemType(
    "personal_data_in_text",
    422,
    "文字中含有个人信息",
    "The text contains personal data",
    "说明文字中不得出现身份证号、手机号或银行卡号。",
    "Free text must not contain ID numbers, mobile numbers or bank card numbers.",
)
PRECONDITION_REQUIRED: Final = ProblemType(
    "precondition_required",
    428,
    "缺少 If-Match",
    "If-Match is missing",
    "修改须以 If-Match 携带所读版本的 ETag。",
    "Send the ETag you read as If-Match.",
)
INTERNAL: Final = ProblemType(
    "internal_error",
    500,
    "系统内部错误",
    "Internal error",
    "系统出现意外错误，已记录，请凭请求编号联系管理员。",
    "Something unexpected went wrong and was recorded. Quote the request id.",
)
UNAVAILABLE: Final = ProblemType(
    "unavailable",
    503,
    "服务暂不可用",
    "Temporarily unavailable",
    "请稍后以同一幂等键重试。",
    "Try again later with the same idempotency key.",
)

SHARED: Final = (
    INVALID_REQUEST,
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    IDEMPOTENCY_KEY_REUSED,
    SAME_PERSON,
    PRECONDITION_FAILED,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    PERSONAL_DATA_IN_TEXT,
    PRECONDITION_REQUIRED,
    INTERNAL,
    UNAVAILABLE,
)
"""The types both services use; each service lists its own beside them."""

RETRY_AFTER_SECONDS: Final = 2


def unavailable() -> Problem:
    """Return the refusal to utter when something this service needs cannot be reached now."""
    return UNAVAILABLE.error(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def check_types(types: Iterable[ProblemType]) -> None:
    """Raise ValueError if a code appears with two meanings or a code is badly formed."""
    seen: dict[str, ProblemType] = {}
    for problem_type in types:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", problem_type.code):
            raise ValueError(f"bad problem code {problem_type.code!r}")
        if seen.setdefault(problem_type.code, problem_type) != problem_type:
            raise ValueError(f"the problem code {problem_type.code!r} has two meanings")
