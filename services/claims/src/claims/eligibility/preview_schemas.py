"""Wire types of a preview of terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from claims.eligibility import examples
from claims.eligibility.schemas import ComputationStep
from common.money import Fen, FenOrZero
from common.web import example
from common.wire import Wire

MAX_SAMPLES = 50


class SampleIn(Wire):
    """A loss to try, of a kind the terms cover."""

    loss_fen: Fen
    """损失金额（分）。"""
    other_payments_fen: FenOrZero = 0
    """What payers who count already paid. 其他渠道已赔付（分）。"""
    disability_grade: Annotated[int, Field(strict=True, ge=1, le=10)] | None = None
    """伤残等级。"""


class PreviewIn(Wire):
    """What to try the terms on."""

    model_config = example(examples.PREVIEW_IN)

    samples: Annotated[list[SampleIn], Field(default_factory=list, max_length=MAX_SAMPLES)]
    """Left out: the losses at which a figure of the old or the new terms begins to matter. 试算损失。"""


class TermsPreview(Wire):
    """What one version of terms pays for a sample, nothing used of any cap before."""

    terms_version: int
    benefit_fen: FenOrZero
    limited_by: Annotated[str | None, Field(examples=["cap_fen"])]
    """The cap that limits the benefit, or `uncovered_loss`. 受限于。"""
    computation: Sequence[ComputationStep]


class SampleOut(Wire):
    """A sample under the terms in force and under the new ones."""

    loss_fen: Fen
    other_payments_fen: FenOrZero
    disability_grade: int | None
    old: TermsPreview | None
    """Null where no terms are in force on the first day of the new ones. 现行条款。"""
    new: TermsPreview
    change_fen: int
    """New less old. 增减（分）。"""


class PreviewOut(Wire):
    """Old against new 条款对比试算."""

    model_config = example(examples.PREVIEW)

    terms_id: UUID
    terms_version: int
    compared_with: int | None
    """The version in force on the first day of the new one. 对比版本。"""
    compared_on: date
    samples: Sequence[SampleOut]
