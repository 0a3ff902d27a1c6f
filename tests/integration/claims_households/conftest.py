import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.integration.claims_households.register import Caller


@pytest.fixture
def caller(claims_client: httpx.AsyncClient, issuer: Issuer) -> Caller:
    return Caller(claims_client, issuer)
