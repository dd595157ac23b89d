"""The portal's dictionaries: funnels, stages, sources, currencies; and what a stage code means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.lib.i18n import gettext as _

WON, LOST, OPEN = "S", "F", "P"
_EXTRA = {OPEN: "process", WON: "success", LOST: "failure"}
_RATES = {"USD": 1.0, "EUR": 1.16, "RUB": 0.0125}  # worth of one unit in US dollars


@dataclass(frozen=True, slots=True)
class Status:
    id: int
    entity: str  # DEAL_STAGE, DEAL_STAGE_1, SOURCE, ..
    code: str
    name: str
    sort: int
    semantic: str | None = None  # S, F or None as Bitrix24 writes an open stage
    color: str = "#39A8EF"

    def record(self) -> dict[str, Any]:
        _prefix, _stage, category = self.entity.partition("DEAL_STAGE_")
        fields: dict[str, Any] = {
            "ID": str(self.id),
            "ENTITY_ID": self.entity,
            "STATUS_ID": self.code,
            "NAME": self.name,
            "NAME_INIT": "",
            "SORT": str(self.sort),
            "SYSTEM": "Y" if self.code.endswith(("NEW", "WON", "LOSE")) else "N",
            "CATEGORY_ID": category or None,
            "COLOR": self.color,
            "SEMANTICS": self.semantic,
        }
        if "STAGE" in self.entity or self.entity == "STATUS":
            fields["EXTRA"] = {"SEMANTICS": _EXTRA[self.semantic or OPEN], "COLOR": self.color}
        return fields


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    name: str

    def record(self) -> dict[str, Any]:
        fields = {"id": self.id, "name": self.name, "sort": 300 if self.id == 0 else 200, "entityTypeId": 2}
        return {**fields, "isDefault": "Y" if self.id == 0 else "N", "originId": "", "originatorId": ""}


@dataclass(frozen=True, slots=True)
class Dictionaries:
    categories: tuple[Category, ...]
    statuses: tuple[Status, ...]
    base_currency: str

    def stages(self, category: int) -> tuple[Status, ...]:
        entity = "DEAL_STAGE" if category == 0 else f"DEAL_STAGE_{category}"
        return tuple(status for status in self.statuses if status.entity == entity)

    def stage(self, code: str) -> Status | None:
        return next((one for one in self.statuses if one.code == code and one.entity.startswith("DEAL_STAGE")), None)

    def semantic(self, code: str) -> str:
        found = self.stage(code)
        return found.semantic or OPEN if found else OPEN

    def final(self, category: int, semantic: str) -> str:
        """The funnel's own code of winning or losing."""
        return next(stage.code for stage in self.stages(category) if stage.semantic == semantic)

    def sources(self) -> tuple[Status, ...]:
        return tuple(status for status in self.statuses if status.entity == "SOURCE")

    def in_base(self, amount: float, currency: str) -> float:
        """At today's rate; an unknown currency is taken for the base one."""
        rate = _RATES.get(currency, _RATES[self.base_currency]) / _RATES[self.base_currency]
        converted = round(amount * rate, 2)
        return int(converted) if float(converted).is_integer() else converted

    def currencies(self, updated: datetime) -> list[dict[str, Any]]:
        """As crm.currency.list prints them: AMOUNT of the base currency for AMOUNT_CNT units."""
        base = _RATES[self.base_currency]
        names = {"USD": _("US dollar"), "EUR": _("Euro"), "RUB": _("Russian rouble")}
        formats = {"USD": "$#", "EUR": "# €", "RUB": "# ₽"}
        records = []
        for sort, code in enumerate(sorted(_RATES, key=lambda code: code != self.base_currency), start=1):
            units = 100 if _RATES[code] / base < 0.1 else 1
            records.append(
                {
                    "CURRENCY": code,
                    "AMOUNT_CNT": str(units),
                    "AMOUNT": f"{_RATES[code] / base * units:.4f}",
                    "SORT": str(sort * 100),
                    "BASE": "Y" if code == self.base_currency else "N",
                    "FULL_NAME": names[code],
                    "LID": "ru",
                    "FORMAT_STRING": formats[code],
                    "DEC_POINT": ".",
                    "THOUSANDS_SEP": "&nbsp;",
                    "DECIMALS": "2",
                    "DATE_UPDATE": updated.isoformat(timespec="seconds"),
                }
            )
        return records


def build(base_currency: str) -> Dictionaries:
    """In the current language."""
    general = (
        ("NEW", _("Prospecting"), None, "#39A8EF"),
        ("PREPARATION", _("Engaging"), None, "#2FC6F6"),
        ("PREPAYMENT_INVOICE", _("Proposal"), None, "#55D0E0"),
        ("EXECUTING", _("Negotiation"), None, "#47E4C2"),
        ("FINAL_INVOICE", _("Final invoice"), None, "#FFA900"),
        ("WON", _("Deal won"), WON, "#7BD500"),
        ("LOSE", _("Deal lost"), LOST, "#FF5752"),
        ("APOLOGY", _("Analysis of failure"), LOST, "#FF5752"),
    )
    partners = (
        ("C1:NEW", _("New request"), None, "#39A8EF"),
        ("C1:PREPARATION", _("Terms agreed"), None, "#2FC6F6"),
        ("C1:WON", _("Contract signed"), WON, "#7BD500"),
        ("C1:LOSE", _("Declined"), LOST, "#FF5752"),
    )
    leads = (
        ("NEW", _("Not processed"), None, "#39A8EF"),
        ("IN_PROCESS", _("In progress"), None, "#2FC6F6"),
        ("CONVERTED", _("Good lead"), WON, "#7BD500"),
        ("JUNK", _("Bad lead"), LOST, "#FF5752"),
    )
    sources = (
        ("WEB", _("Website")),
        ("CALL", _("Call")),
        ("EMAIL", _("E-mail")),
        ("ADVERTISING", _("Advertising")),
        ("PARTNER", _("Partner")),
        ("RECOMMENDATION", _("Recommendation")),
        ("TRADE_SHOW", _("Exhibition")),
    )
    plain = [(("SOURCE", code, name, None, "")) for code, name in sources] + [
        ("DEAL_TYPE", "SALE", _("Sale"), None, "")
    ]
    staged = [
        (entity, *stage)
        for entity, stages in (("DEAL_STAGE", general), ("DEAL_STAGE_1", partners), ("STATUS", leads))
        for stage in stages
    ]
    statuses = tuple(
        Status(100 + place, entity, code, name, 10 * place, semantic, color)
        for place, (entity, code, name, semantic, color) in enumerate([*staged, *plain], start=1)
    )
    return Dictionaries((Category(0, _("Sales")), Category(1, _("Partners"))), statuses, base_currency)
