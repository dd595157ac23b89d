"""What one demo portal is made of: addresses, the registered app, the amount of history, and how strict it is."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

SCOPES = (
    *("crm", "placement", "user_brief", "department", "bizproc", "im"),
    *("telephony", "task", "calendar", "imopenlines"),
)


@dataclass(frozen=True, slots=True)
class DemoSettings:
    portal_url: str = "http://localhost:8001"
    app_url: str = "http://127.0.0.1:8000"
    client_id: str = "app.0123456789abcd.01234567"
    client_secret: str = "demo-client-secret"  # noqa: S105
    app_code: str = "b24app.kpi"
    member_id: str = "d3300000000000000000000000000001"
    deals: int | None = None  # None: the real 8 800; fewer: the first ones; more: repeated with other dates
    activities: bool = True
    today: date | None = None  # None: today in the portal's time zone
    time_zone: str = "Europe/Moscow"
    currency: str = "USD"
    language: str = "ru"
    strict_limits: bool = True
    event_workers: int = 2  # 0: events are queued and never leave
    seed: int = 2017
    scopes: tuple[str, ...] = SCOPES
    install_path: str = "/b24/install"
    app_path: str = "/b24/app"

    @property
    def oauth_url(self) -> str:
        """Base URL of the OAuth server, which lives inside the portal's own process."""
        return f"{self.portal_url}/oauth-server"

    @property
    def protocol(self) -> str:
        """As Bitrix24 writes it in PROTOCOL: 1 is https."""
        return "1" if urlsplit(self.portal_url).scheme == "https" else "0"
