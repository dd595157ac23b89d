"""Instants as the portal's clock shows them, and the period a query names."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from b24app.lib import clock
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries
from b24app.periods.rules import Kind, Period, Settings, custom, local_day, named, period_at
from b24app.web.api import shapes


@dataclass(frozen=True, slots=True)
class PortalClock:
    """One portal's time zone, week and year."""

    settings: Settings

    @classmethod
    def of(cls, portal_id: int) -> "PortalClock":
        return cls(queries.settings(portal_id))

    def at(self, moment: datetime | int) -> datetime:
        """The instant with the portal's offset; takes epoch seconds too."""
        instant = clock.moment(moment) if isinstance(moment, int) else moment
        return instant.astimezone(ZoneInfo(self.settings.time_zone))

    def today(self) -> date:
        return local_day(clock.epoch(clock.now()), self.settings)

    def period(self, query: shapes.PeriodQuery) -> Period:
        """The period a query names. Invalid when no period of the kind begins there."""
        kind = Kind(query.period)
        if kind is Kind.CUSTOM:
            return custom(*self._ends(query))
        if query.end is not None:
            raise _invalid("end", _("Only a custom period is given an end."))
        if query.start is None:
            return period_at(kind, self.today(), self.settings)
        return named(kind, query.start, self.settings)

    def _ends(self, query: shapes.PeriodQuery) -> tuple[date, date]:
        if query.start is None or query.end is None:
            missing = "start" if query.start is None else "end"
            raise _invalid(missing, _("A custom period is given a start and an end."))
        return query.start, query.end


def _invalid(path: str, message: str) -> Invalid:
    return Invalid(message, [Fault(path, message)])
