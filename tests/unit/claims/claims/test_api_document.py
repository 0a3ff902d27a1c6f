"""The API document of policies, what-if questions and claims: an example for everything, each of its own type."""

from typing import Any

import pytest
from fastapi import FastAPI

from claims.claims import examples, schemas
from claims.claims.api import router as claims
from claims.eligibility.api import router as eligibility
from claims.eligibility.examples import DECISION
from claims.eligibility.schemas import DecisionContent
from claims.policies import examples as policy_examples
from claims.policies import schemas as policy_schemas
from claims.policies.api import router as policies
from common.web import missing_examples
from common.web.openapi import describe_api
from common.wire import Wire


def test_every_operation_has_its_examples() -> None:
    app = FastAPI()
    for router in (policies, eligibility, claims):
        app.include_router(router)
    document = describe_api(app, [])
    assert len(document["paths"]) == 11
    assert missing_examples(document) == []


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (policy_schemas.PolicyIn, policy_examples.POLICY_IN),
        (policy_schemas.PolicyOut, policy_examples.POLICY),
        (policy_schemas.TermsIn, policy_examples.TERMS_IN),
        (policy_schemas.TermsOut, policy_examples.TERMS),
        (DecisionContent, DECISION),
        (schemas.ClaimIn, examples.CLAIM_IN),
        (schemas.ClaimFiled, examples.CLAIM),
        (schemas.ClaimOut, examples.CLAIM_DETAIL),
        (schemas.StepIn, examples.STEP_IN),
        (schemas.StepTaken, examples.STEP_TAKEN),
        (schemas.DecisionOut, examples.STORED_DECISION),
        (schemas.Recomputation, examples.RECOMPUTATION),
    ],
)
def test_an_example_is_of_its_type(model: type[Wire], example: dict[str, Any]) -> None:
    model.model_validate(example)
