"""Generated requests against one running service: drawn from its OpenAPI document, aimed at things that exist, and judged by it.

A request is drawn in one of three manners: well formed, malformed in one place, or a request that would succeed with some of its fields
replaced by drawn ones. The last reaches the rules behind the shape checks. Nothing stops at the first fault: all are
collected, one per operation and kind, so that one run tells everything.
"""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.contract.scene import Prepared

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNAVAILABLE = requests.codes["service_unavailable"]
KEY_HEADER = "Idempotency-Key"


@dataclass
class Fuzzer:
    """Sends cases to one service and remembers what they showed."""

    url: str
    book: str
    tokens: tuple[str, ...]
    """Full-scope tokens of several people, for operations that need a second one."""
    seed: int
    stop_after: int = 12
    cases: Counter[str] = field(default_factory=Counter)
    """Generated cases sent, per operation."""
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    """Statuses answered, per operation, over generated and prepared requests."""
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    """One description per operation and kind of fault."""
    _keys: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _session: requests.Session = field(default_factory=requests.Session)

    def prepared(self, operation: Any, request: Prepared, query: dict[str, str] | None) -> None:
        """Send a request that should succeed; its answer is judged like every other."""
        parameters, body = request
        case = operation.Case(
            path_parameters={"book": self.book, **parameters},
            headers={KEY_HEADER: self._key(), "If-Match": '"1"'},
            query=dict(query or {}),
            body=NOT_SET if body is None else copy.deepcopy(body),
            media_type="multipart/form-data"
            if "multipart/form-data" in operation.definition.raw.get("requestBody", {}).get("content", {})
            else "application/json",
        )
        self._send(case, self.tokens[0])

    def fuzz(self, operation: Any, pool: list[Prepared], queries: dict[str, list[str]], count: int) -> None:
        """Send about `count` drawn cases of an operation, a third in each manner."""
        for manner, mode, share in (
            (self._aimed, GenerationMode.POSITIVE, 1 / 3),
            (self._replaced, GenerationMode.POSITIVE, 1 / 3),
            (self._malformed, GenerationMode.NEGATIVE, 1 / 3),
        ):
            self._draw(operation, mode, max(1, round(count * share)), manner, pool, queries)

    def boundary(self, operation: Any, pool: list[Prepared], limit: int) -> None:
        """Send the values at and beyond each bound of the document, and methods it does not name."""
        chance = random.Random(f"{self.seed} {operation.label}")
        drawn = list(
            operation.schema.iter_coverage_cases(
                operation,
                generation_modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
                generation_config=operation.schema.config.generation_for(operation=operation),
            )
        )
        for case in chance.sample(drawn, min(limit, len(drawn))):
            self._place(case, chance, pool)
            self._count(case)
            self._send(case, chance.choice(self.tokens), judge_negative=True)

    def _draw(
        self,
        operation: Any,
        mode: GenerationMode,
        count: int,
        manner: Callable[[Case[Any], random.Random, list[Prepared], dict[str, list[str]]], None],
        pool: list[Prepared],
        queries: dict[str, list[str]],
    ) -> None:
        """Draw and send cases in one manner; an operation nothing can be malformed in has none."""

        @seed(self.seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(case=operation.as_strategy(generation_mode=mode), chance=st.randoms(use_true_random=False))
        def one(case: Case[Any], chance: random.Random) -> None:
            manner(case, chance, pool, queries)
            self._count(case)
            self._send(case, chance.choice(self.tokens), judge_negative=mode is GenerationMode.NEGATIVE)

        try:
            one()
        except Unsatisfiable:  # pragma: no cover - told by the count of cases
            return

    def _count(self, case: Case[Any]) -> None:
        self.cases[case.operation.label] += 1

    def _aimed(
        self, case: Case[Any], chance: random.Random, pool: list[Prepared], queries: dict[str, list[str]]
    ) -> None:
        """A drawn request whose path, and whose body's references, name things that exist."""
        self._place(case, chance, pool)
        example = chance.choice(pool)[1] if pool else None
        body: Any = case.body
        if isinstance(body, dict) and isinstance(example, dict):
            for name in sorted(body.keys() & example.keys()):
                if _is_reference(name) and chance.random() < 0.9:
                    body[name] = copy.deepcopy(example[name])
        for name in sorted(case.query.keys() & queries.keys()):
            if chance.random() < 0.7:
                case.query[name] = chance.choice(queries[name])

    def _replaced(
        self, case: Case[Any], chance: random.Random, pool: list[Prepared], queries: dict[str, list[str]]
    ) -> None:
        """A request that would succeed, with one to three of its fields drawn anew."""
        drawn: Any = case.body
        self._aimed(case, chance, pool, queries)
        example = chance.choice(pool)[1] if pool else None
        if not isinstance(example, dict) or not isinstance(drawn, dict):
            return
        made: Any = copy.deepcopy(example)
        names = sorted(drawn.keys())
        for name in chance.sample(names, min(len(names), chance.randint(0, 3))):
            made[name] = drawn[name]
        case.body = made

    def _malformed(
        self, case: Case[Any], chance: random.Random, pool: list[Prepared], _queries: dict[str, list[str]]
    ) -> None:
        """A drawn request with something wrong in it; what is not wrong names things that exist."""
        self._place(case, chance, pool)

    def _place(self, case: Case[Any], chance: random.Random, pool: list[Prepared]) -> None:
        """Aim path and key at what exists, unless they are what was drawn wrong."""
        wrong = _negated(case)
        if ParameterLocation.PATH not in wrong and "book" in case.path_parameters:
            known = chance.choice(pool)[0] if pool and chance.random() < 0.9 else {}
            case.path_parameters.update({"book": self.book, **known})
        if ParameterLocation.HEADER not in wrong and KEY_HEADER in case.headers and chance.random() < 0.9:
            case.headers[KEY_HEADER] = self._key()
        if ParameterLocation.HEADER not in wrong and "If-Match" in case.headers and chance.random() < 0.7:
            case.headers["If-Match"] = f'"{chance.randint(1, 5)}"'

    def _key(self) -> str:
        return f"fuzz-{next(self._keys)}"

    def _send(self, case: Case[Any], token: str, *, judge_negative: bool = False) -> None:
        """Send a case and judge its answer; a connection that breaks is a fault too."""
        label = case.operation.label
        if sum(1 for known, _ in self.faults if known == label) >= self.stop_after:
            return
        try:
            answer = case.call(
                base_url=self.url,
                headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
                timeout=30,
                session=self._session,
            )
        except requests.RequestException as error:
            self.faults.setdefault((label, type(error).__name__), f"{label}: {error!r}")
            return
        if case.method.upper() == label.partition(" ")[0]:
            self.answers.setdefault(label, Counter())[answer.status_code] += 1
        checks = [*CHECKS]
        if not _is_anothers(case):
            checks.append(unsupported_method)
        if answer.status_code != UNAVAILABLE:
            checks.append(not_a_server_error)
        if judge_negative and not _refused_inside(case, answer) and not _is_not_sent(case):
            checks.append(negative_data_rejection)
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            for failure in group.exceptions:
                text = f"{label}: {failure!r}\n{_shown(case, answer.text)}"
                self.faults.setdefault((label, f"{type(failure).__name__} {answer.status_code}"), text)


def _shown(case: Case[Any], answer: str) -> str:
    sent = {"path": case.path_parameters, "query": case.query, "headers": dict(case.headers), "body": case.body}
    return f"  sent {json.dumps(sent, default=repr)[:900]}\n  answer {answer[:500]}"


def _negated(case: Case[Any]) -> set[ParameterLocation]:
    if case.meta is None:
        return set()
    return {place for place, info in case.meta.components.items() if info.mode is GenerationMode.NEGATIVE}


def _is_anothers(case: Case[Any]) -> bool:
    """Tell whether the document names this method for another template the path fits, as PATCH …/{id} takes …/search."""
    parts = case.path.split("/")
    return any(
        case.method.lower() in methods and path != case.path and _fits(path.split("/"), parts)
        for path, methods in case.operation.schema.raw_schema["paths"].items()
    )


def _fits(template: list[str], parts: list[str]) -> bool:
    pairs = zip(template, parts, strict=False)
    return len(template) == len(parts) and all(place.startswith("{") or place == part for place, part in pairs)


def _is_not_sent(case: Case[Any]) -> bool:
    """Tell whether a query's name has an empty list for a value: such a name is not sent, so nothing wrong arrives."""
    return any(value == [] for value in case.query.values())


def _refused_inside(case: Case[Any], answer: Response) -> bool:
    """Tell whether a bulk call answered 200 and refused the malformed item within, as it documents."""
    if not case.path.endswith(("/bulk", "/batch")) or answer.status_code != requests.codes["ok"]:
        return False
    return any(one["status"] == "refused" for one in answer.json()["results"])


def _is_reference(name: str) -> bool:
    """Tell whether a field names something that must exist."""
    return name.endswith(("_id", "_ids")) or name in {
        "fund",
        "parent",
        "town",
        "village",
        "fiscal_year",
        "effective_on",
    }
