import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.integration.claims_register.office import Office


@pytest.fixture
def office(claims_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    return Office(claims_client, issuer)
