"""A noisy day leaves neither secrets nor personal data in the log."""

from collections.abc import Iterator

import pytest
import responses

from b24app.lib import log
from b24app.lib.log import logger
from b24app.outcomes.dashboards import queries
from b24app.portal import operations
from tests.databases import Databases
from tests.scores.world import ADMIN, ANN, PORTAL
from tests.security.hostile import INPUTS, PEOPLE, outside, send
from tests.security.world import EVENT_SECRET, MARK, SECRET, Site, site

pytestmark = pytest.mark.databases("sqlite")

ADDRESS = "ann.quokka@example.com"


@pytest.fixture
def here(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    with site(databases, database_kind, redis_url) as found:
        yield found


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with outside() as found:
        yield found


def test_a_noisy_day_leaves_no_secret_and_no_name_in_the_log(
    here: Site, network: responses.RequestsMock, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.configure("json")
    for case in INPUTS:
        if case["threat"] in ("forged-visit", "forged-event", "forged-session", "stolen-key", "request-forgery"):
            send(here, case)
    session = here.session(ADMIN)

    def break_down(*_args: object, **_kwargs: object) -> None:
        raise ValueError(f"{MARK!r} <{ADDRESS}> has '{session}' and access_token={next(iter(PEOPLE))}")

    monkeypatch.setattr(queries, "card", break_down)
    assert here.ask("GET", "/ui/my", session, headers={"HX-Request": "true"}).status_code == 500
    with pytest.raises(Exception, match="."):
        operations.connect(PORTAL).call("crm.deal.list", {"filter": {"title": MARK, "email": ADDRESS}})
    told = "".join(capfd.readouterr())
    assert "unexpected" in told
    assert "visit_refused" in told
    assert "post_refused" in told
    secrets = [
        *PEOPLE,
        *here.keys.values(),
        session,
        here.session(ANN),
        EVENT_SECRET,
        SECRET,
        "client-secret-of-the-app",
    ]
    for secret in (*secrets, "application-token-of-the-second", MARK, MARK.lower(), ADDRESS, "made up"):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (KeyError("name"), "KeyError: '…'"),
        (
            ValueError("invalid literal for int() with base 10: 'Ann Petrova'"),
            "invalid literal for int() with base 10: '…'",
        ),
        (ValueError('no such person: "Ann"'), 'no such person: "…"'),
        (RuntimeError("write to ann@example.com"), "RuntimeError: write to …"),
        (RuntimeError("token 0123456789abcdef0123456789abcdef"), "RuntimeError: token …"),
        (RuntimeError("Too many rows: 17"), "RuntimeError: Too many rows: 17"),
    ],
)
def test_of_an_unexpected_error_the_log_tells_what_and_where_but_no_values(
    capfd: pytest.CaptureFixture[str], raised: Exception, told: str
) -> None:
    log.configure("json")
    try:
        raise raised
    except Exception:
        logger.exception("unexpected")
    text = "".join(capfd.readouterr()).replace('\\"', '"')
    assert told in text
    assert "test_logs.py" in text
