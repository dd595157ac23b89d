"""The scorecards of the portal: every kind of metric the slow reading knows, in periods of three kinds.

Some indicators are computed at their hour only; no formula names one of those.
"""

from decimal import Decimal
from typing import Any

NUMBER, LIST, ENGINEER, DAY = "ufCrm_1", "ufCrm_2", "ufCrm_3", "ufCrm_4"
FIELDS = (NUMBER, LIST, ENGINEER, DAY)
HELPERS_PERCENT = Decimal(30)
"""What whoever is in ENGINEER gets of a deal by split credit, unless somebody has split it by hand."""

SALES: dict[str, Any] = {
    "code": "sales", "name": "Sales", "period": "month", "effective_from": "2026-01-01",
    "subjects": {"departments": [2], "employees": [7], "exclude": {"employees": [6]}},
    "indicators": [
        {"code": "revenue", "name": "R", "metric": "deals_won_amount", "owner": "closed_by", "target": 5000,
         "weight": 20},
        {"code": "won", "name": "W", "metric": "deals_won", "owner": "closed_by", "where": {"category_id": [0]},
         "target": 3, "weight": 10},
        {"code": "lost", "name": "L", "metric": "deals_lost", "owner": "shared", "direction": "down", "target": 2,
         "weight": 5},
        {"code": "conversion", "name": "C", "metric": "deal_conversion", "owner": "closed_by", "target": 50,
         "options": {"stale_days": 20}, "weight": 10},
        {"code": "new", "name": "N", "metric": "new_clients", "owner": "closed_by", "target": 2, "weight": 10},
        {"code": "days", "name": "D", "metric": "average_days_to_close", "owner": "closed_by", "direction": "down",
         "options": {"stat": "median"}, "target": 9, "weight": 10},
        {"code": "calls", "name": "E", "metric": "entries", "options": {"code": "calls"}, "target": 20,
         "target_per": "working_day", "weight": 10},
        {"code": "web", "name": "Web", "metric": "deals_created_amount", "target": 3000, "floor": 10,
         "where": {"any": [{"source_id": ["WEB"]}, {"fields": [{"field": NUMBER, "op": "gte", "value": 5}]}]},
         "weight": 15, "refresh": "daily"},
        {"code": "product", "name": "P", "metric": "average_deal", "where": {"product_section_id": [21]},
         "target": 700, "weight": 5},
        {"code": "mix", "name": "Mix", "metric": "formula", "target": 1500, "weight": 5,
         "formula": "IF(won > 1; revenue / won - new.target * 0,5; 7)"},
    ],
}  # fmt: skip
TEAM: dict[str, Any] = {
    "code": "team", "name": "Team", "period": "week", "effective_from": "2026-02-02", "missing": "zero",
    "prorate": True, "subjects": {"departments": [1]},
    "indicators": [
        {"code": "made", "name": "M", "metric": "deals_created", "owner": "created_by", "target": 4, "weight": 20,
         "where": {"fields": [{"field": LIST, "op": "not_in", "value": ["A"]}]}},
        {"code": "cohort", "name": "C", "metric": "deal_conversion", "options": {"mode": "cohort"}, "target": 40,
         "owner": "shared", "weight": 15},
        {"code": "window", "name": "Wi", "metric": "deal_conversion", "options": {"mode": "window", "days": 10},
         "target": 30, "weight": 15},
        {"code": "entered", "name": "En", "metric": "stage_entered", "options": {"stages": ["TALK", "C3:BACK"]},
         "where": {"source_id": ["WEB", "CALL"]}, "target": 3, "empty": "no_data", "weight": 20},
        {"code": "engineer", "name": "Eng", "metric": "deals_won", "owner": ENGINEER, "target": 1, "weight": 20,
         "refresh": "hourly"},
        {"code": "nps", "name": "Nps", "metric": "entries", "options": {"code": "nps", "aggregate": "last"},
         "target": 8, "weight": 10},
    ],
}  # fmt: skip
QUARTER: dict[str, Any] = {
    "code": "quarter", "name": "Quarter", "period": "quarter", "effective_from": "2026-01-01",
    "subjects": {"departments": [3, 4]},
    "indicators": [
        {"code": "repeat", "name": "Rep", "metric": "repeat_sales_amount", "owner": "shared", "target": 4000,
         "weight": 30},
        {"code": "resolved", "name": "Res", "metric": "deal_conversion",
         "options": {"mode": "resolved", "stale_days": 15}, "target": 60, "weight": 20},
        {"code": "returned", "name": "Ret", "metric": "return_share", "direction": "down",
         "options": {"stage_id": ["C3:BACK"]}, "target": 10, "weight": 20},
        {"code": "dated", "name": "Dat", "metric": "deals_won_amount",
         "where": {"fields": [{"field": DAY, "op": "between", "value": ["2026-03-01", "2026-06-30"]}]}, "target": 900,
         "weight": 20, "refresh": "cron:30 10 * * *"},
        {"code": "flag", "name": "Fla", "metric": "repeat_sales", "options": {"mode": "flag"}, "target": 2,
         "weight": 10},
    ],
}  # fmt: skip

CARDS = (SALES, TEAM, QUARTER)
SCHEDULED: dict[tuple[str, str], str] = {
    (card["code"], one["code"]): one["refresh"] for card in CARDS for one in card["indicators"] if "refresh" in one
}
"""When those are computed that are not live."""
