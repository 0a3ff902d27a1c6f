"""The examples in the API document are what the service takes and gives."""

from __future__ import annotations

import orjson
import pytest

from claims.households import examples as household_examples
from claims.households import schemas as household_schemas
from claims.households.rules import check_id_number
from claims.monitoring import examples as lead_examples
from claims.monitoring import schemas as lead_schemas
from common.dates import today_in_shanghai
from common.wire import Wire

EXAMPLES = [
    (household_schemas.HouseholdIn, household_examples.HOUSEHOLD_IN),
    (household_schemas.HouseholdPatch, household_examples.PATCH),
    (household_schemas.HouseholdOut, household_examples.HOUSEHOLD),
    (household_schemas.HouseholdChanged, household_examples.CHANGED),
    (household_schemas.CategoryOut, household_examples.CATEGORY),
    (household_schemas.RelationOut, household_examples.RELATION),
    (lead_schemas.LeadIn, lead_examples.LEAD_IN),
    (lead_schemas.StepIn, lead_examples.STEP_IN),
    (lead_schemas.LeadOut, lead_examples.LEAD),
    (lead_schemas.LeadDetail, lead_examples.LEAD_DETAIL),
    (lead_schemas.StepListOut, lead_examples.STEP_LIST),
    (lead_schemas.IncomeLineIn, lead_examples.INCOME_LINE_IN),
    (lead_schemas.IncomeLineOut, lead_examples.INCOME_LINE),
]


@pytest.mark.parametrize(("model", "value"), EXAMPLES, ids=[model.__name__ for model, _ in EXAMPLES])
def test_an_example_is_of_its_type(model: type[Wire], value: dict[str, object]) -> None:
    model.model_validate_json(orjson.dumps(value))


def test_the_example_s_id_numbers_would_be_accepted() -> None:
    members = household_schemas.HouseholdIn.model_validate_json(orjson.dumps(household_examples.HOUSEHOLD_IN)).members
    assert [check_id_number(member.id_number, today_in_shanghai()) for member in members] == [None, None]
