"""Wire types of givers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from common.text import Line, PlainCode, PlainText
from common.web import Wire, example

Name = Annotated[Line, Field(max_length=100)]


class GiverIn(Wire):
    """A giver to be registered 登记捐赠人."""

    model_config = example({"ref": "giver-01", "name": "示例捐赠人", "contact": "示例街道 1 号"})

    ref: PlainCode
    """The opaque reference gifts name 捐赠人引用号; says nothing about the person."""
    name: Name
    """Name of the person or organisation 姓名或名称; sealed."""
    contact: Annotated[Line, Field(max_length=200)] | None = None
    """How to reach the giver 联系方式; sealed."""


class RegisteredOut(Wire):
    """That a giver was registered; says nothing about the person, for it is remembered with the request's key."""

    model_config = example(
        {"ref": "giver-01", "registered_by": "officer-1", "registered_at": "2026-03-18T02:10:44.120331Z"}
    )

    ref: str
    registered_by: str
    registered_at: datetime


class GiverOut(RegisteredOut):
    """A giver, masked."""

    model_config = example(
        {
            "ref": "giver-01",
            "registered_by": "officer-1",
            "registered_at": "2026-03-18T02:10:44.120331Z",
            "name": "示**",
            "contact_known": True,
            "erased_at": None,
        }
    )

    name: str | None
    """Masked: a person's but for the first character 姓名（脱敏）; null once erased."""
    contact_known: bool
    erased_at: datetime | None
    """When the person was erased 抹除时间."""


class DisclosureIn(Wire):
    """Why a giver must be seen in the clear."""

    model_config = example({"reason": "开具捐赠票据"})

    reason: PlainText


class DisclosedOut(Wire):
    """A giver in the clear; who asked and why is recorded."""

    model_config = example({"ref": "giver-01", "name": "示例捐赠人", "contact": "示例街道 1 号"})

    ref: str
    name: str
    contact: str | None


class ErasureIn(Wire):
    """Why a giver is erased."""

    model_config = example({"reason": "捐赠人书面要求"})

    reason: PlainText


class ErasedOut(Wire):
    """That a giver was erased 已抹除."""

    model_config = example({"ref": "giver-01", "erased_by": "officer-1", "erased_at": "2027-01-04T01:00:00.000000Z"})

    ref: str
    erased_by: str
    erased_at: datetime
