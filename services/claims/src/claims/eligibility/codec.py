"""Inputs and decisions as JSON text and back, without loss, in one canonical form (sorted keys, no blanks).

Two equal decisions are equal byte for byte, which is what recomputation compares. What was stored must stay
readable: a field of the model may only be added with a default, and with a new rule version where it changes a
decision.
"""

from dataclasses import asdict, fields
from typing import Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from claims.eligibility.model import Decision, Inputs

INPUTS: Final = TypeAdapter(Inputs)
DECISION: Final = TypeAdapter(Decision)


def to_text(value: Inputs | Decision) -> str:
    """Write inputs or a decision in the canonical form."""
    return orjson.dumps(asdict(value), default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: object) -> str:
    """Write what orjson does not know: the database driver's own kind of UUID."""
    if isinstance(value, UUID):
        return str(value)
    message = f"{type(value).__name__} has no place in a decision"
    raise TypeError(message)


def inputs_from_text(text: str) -> Inputs:
    """Read what `to_text` wrote of inputs."""
    return INPUTS.validate_json(text)


def decision_from_text(text: str) -> Decision:
    """Read what `to_text` wrote of a decision."""
    return DECISION.validate_json(text)


def differences(stored: Decision, again: Decision) -> tuple[str, ...]:
    """Name the parts in which two decisions differ: fields, and checks and steps by their codes."""
    found = [field.name for field in fields(stored) if field.name not in {"checks", "computation"}]
    names = [name for name in found if getattr(stored, name) != getattr(again, name)]
    before, after = {check.code: check for check in stored.checks}, {check.code: check for check in again.checks}
    names += [f"checks.{code}" for code in sorted(before.keys() | after.keys()) if before.get(code) != after.get(code)]
    steps_before, steps_after = (
        {step.step: step for step in stored.computation},
        {step.step: step for step in again.computation},
    )
    names += [
        f"computation.{step}"
        for step in sorted(steps_before.keys() | steps_after.keys())
        if steps_before.get(step) != steps_after.get(step)
    ]
    return tuple(names)
