"""Wire types of accounts."""

from typing import Literal

from common.web import Wire, example


class AccountOut(Wire):
    """An account of a fund 会计科目."""

    model_config = example(
        {
            "fund": "repair",
            "code": "1002",
            "name_zh": "银行存款",
            "name_en": "Bank deposits",
            "basis": "financial",
            "normal_side": "debit",
        }
    )

    fund: str
    code: str
    name_zh: str
    name_en: str
    basis: Literal["financial", "budgetary", "control"]
    """`financial` 财务会计, `budgetary` 预算会计, `control` 预算指标."""
    normal_side: Literal["debit", "credit"]
    """The side the account usually stands on 余额方向."""
