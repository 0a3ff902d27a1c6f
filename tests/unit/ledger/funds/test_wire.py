"""The examples in the API document are valid, and every operation of funds and budgets has one."""

import json
from inspect import getmembers, isclass

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from common.web.openapi import describe_api, missing_examples
from common.wire import Wire
from ledger.budgets import api as budgets_api
from ledger.budgets import schemas as budgets_schemas
from ledger.funds import api as funds_api
from ledger.funds import schemas as funds_schemas
from ledger.funds.templates import shipped
from ledger.journal.drafts import SOURCES
from ledger.problems import PROBLEMS

MODELS = sorted(
    {
        model
        for module in (funds_schemas, budgets_schemas)
        for _, model in getmembers(module, isclass)
        if issubclass(model, Wire) and model is not Wire and "examples" in model.model_json_schema()
    },
    key=lambda model: model.__name__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_example_is_what_its_type_accepts(model: type[Wire]) -> None:
    (example,) = model.model_json_schema()["examples"]
    model.model_validate_json(json.dumps(example))


def test_every_operation_has_an_example() -> None:
    app = FastAPI()
    app.include_router(funds_api.router)
    app.include_router(budgets_api.router)
    document = describe_api(app, PROBLEMS)
    assert missing_examples(document) == []
    assert sum(len(item) for item in document["paths"].values()) == 20


def test_the_sources_on_the_wire_are_those_of_the_journal_and_of_the_templates() -> None:
    allowed = TypeAdapter(funds_schemas.Source).json_schema()["enum"]
    assert tuple(allowed) == SOURCES == tuple(shipped().sources) == tuple(shipped().source_names_zh)
