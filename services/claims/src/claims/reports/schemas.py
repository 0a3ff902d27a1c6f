"""Wire types of the reports room."""

from __future__ import annotations

import datetime as dt

from common.money import FenOrZero
from common.web import example
from common.wire import Wire


class SummaryOut(Wire):
    """The county's year at a glance, counted from stored rows at one instant."""

    model_config = example(
        {
            "leads": 859,
            "monitored_households": 394,
            "monitored_people": 1087,
            "leads_by_channel": {"village_sweep": 300, "self_report": 100},
            "claims_by_status": {"paid": 70},
            "claims_by_cause": {"serious_illness": 30, "accident": 40},
            "households_paid": 70,
            "amount_paid_fen": 50_980_000,
            "as_of": "2021-12-31T08:00:00Z",
        }
    )

    leads: int
    """Risk leads received. 风险线索数。"""
    monitored_households: int
    """Households determined as monitored. 监测对象户数。"""
    monitored_people: int
    """Their members. 监测对象人数。"""
    leads_by_channel: dict[str, int]
    """By the channel they arrived through; channels without a lead are left out. 按渠道。"""
    claims_by_status: dict[str, int]
    """按状态。"""
    claims_by_cause: dict[str, int]
    """按致贫原因。"""
    households_paid: int
    """Households with at least one benefit paid and not given back. 获赔户数。"""
    amount_paid_fen: FenOrZero
    """Benefits paid and not given back. 已支付金额（分）。"""
    as_of: dt.datetime
    """The instant of the count. 统计时点。"""
