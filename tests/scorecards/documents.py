"""A scorecard document to change in tests."""

from typing import Any


def indicator(code: str = "revenue", **changes: Any) -> dict[str, Any]:
    return {"code": code, "name": code.title(), "metric": "deals_won_amount", "weight": 100, "target": 1000} | changes


def document(*indicators: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "code": "sales",
        "name": {"ru": "Отдел продаж", "en": "Sales"},
        "period": "month",
        "effective_from": "2026-01-01",
        "subjects": {"departments": [1]},
        "indicators": list(indicators or (indicator(),)),
    } | changes
