"""What a portal says about itself, read as settings: its time zone, country and language. Pure.

Bitrix24 names the time zone rarely and its country never; both are proposed from the server's clock and the licence,
and an administrator may set them by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from b24app.ingest.parsing import text
from b24app.lib.i18n import choose

REGIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ru": (
        "RU",
        (
            *("Europe/Moscow", "Europe/Kaliningrad", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk"),
            *("Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan"),
            "Asia/Kamchatka",
        ),
    ),
    "by": ("BY", ("Europe/Minsk",)),
    "kz": ("KZ", ("Asia/Almaty",)),
    "ua": ("UA", ("Europe/Kyiv",)),
    "de": ("DE", ("Europe/Berlin",)),
    "uk": ("GB", ("Europe/London",)),
    "fr": ("FR", ("Europe/Paris",)),
    "it": ("IT", ("Europe/Rome",)),
    "pl": ("PL", ("Europe/Warsaw",)),
    "tr": ("TR", ("Europe/Istanbul",)),
    "in": ("IN", ("Asia/Kolkata",)),
    "cn": ("CN", ("Asia/Shanghai",)),
    "jp": ("JP", ("Asia/Tokyo",)),
    "vn": ("VN", ("Asia/Ho_Chi_Minh",)),
    "id": ("ID", ("Asia/Jakarta",)),
    "br": ("BR", ("America/Sao_Paulo", "America/Manaus")),
    "mx": ("MX", ("America/Mexico_City",)),
    "us": ("US", ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")),
}
"""Of a licence's region the country and its zones, the most likely first. Regions of several countries are nobody's."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What was found out; None is not known."""

    time_zone: str | None
    country: str | None
    language: str | None


def profile(person: Any, app: Any, server_time: Any, now: datetime) -> Profile:
    """From an administrator's `profile`, from `app.info` and from `server.time`; each of them may be missing."""
    region = text(app.get("LICENSE"), 16).partition("_")[0].lower() if isinstance(app, Mapping) else ""
    country, zones = REGIONS.get(region, (None, ()))
    language = text(app.get("LANGUAGE_ID"), 8) if isinstance(app, Mapping) else ""
    named = text(person.get("TIME_ZONE"), 64) if isinstance(person, Mapping) else ""
    zone = named if named in available_timezones() else _zone_of(_offset(server_time), zones, now)
    return Profile(zone, country, choose(language) if language else None)


def _offset(server_time: Any) -> timedelta | None:
    try:
        return datetime.fromisoformat(text(server_time, 40)).utcoffset()
    except ValueError:
        return None


def _zone_of(offset: timedelta | None, likely: tuple[str, ...], now: datetime) -> str | None:
    """A likely zone that has this offset now, else any we know, else one that never changes."""
    if offset is None:
        return None
    if not offset and not likely:
        return "UTC"
    for zone in (*likely, *(zone for _country, zones in REGIONS.values() for zone in zones)):
        if now.astimezone(ZoneInfo(zone)).utcoffset() == offset:
            return zone
    hours = round(offset / timedelta(hours=1))
    fixed = f"Etc/GMT{-hours:+d}" if hours else "UTC"  # the sign of these names is turned round
    return fixed if fixed in available_timezones() else None
