"""Errors told to a Sentry, if the operator names one (SENTRY_DSN): what broke and where, and nothing of anybody's.

Neither addresses and bodies of requests nor local variables are sent: they hold tokens and people's data.
"""

from typing import Any

from b24app.lib.log import logger


def use(dsn: str | None) -> None:
    """Handed down once, at start."""
    if not dsn:
        return
    try:
        import sentry_sdk
    except ImportError:
        logger.warning("sentry_not_installed", install="b24app[sentry]")
        return
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_anonymous,
    )


def _anonymous(event: Any, _hint: Any) -> Any:
    for part in ("request", "user", "breadcrumbs", "extra"):
        event.pop(part, None)
    return event
