"""The program refuses to start when it is misconfigured, and names everything that is wrong at once."""

import pytest
from cryptography.fernet import Fernet

from b24app import config
from b24app.lib.errors import Invalid

COMPLETE = {
    "SECRET_KEY": "s",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "PUBLIC_URL": "https://kpi.example.com/",
    "B24_CLIENT_ID": "app.1",
    "B24_CLIENT_SECRET": "secret",
}


def faults(**changes: str) -> set[str]:
    with pytest.raises(Invalid) as caught:
        config.load({**COMPLETE, **changes})
    return {fault.path for fault in caught.value.errors}


def test_a_complete_environment_trusts_the_official_oauth_servers() -> None:
    loaded = config.load(COMPLETE)
    assert loaded.oauth_servers[0] == "https://oauth.bitrix.info"
    assert loaded.public_url == "https://kpi.example.com"


def test_every_missing_secret_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        config.load({})
    assert {fault.path for fault in caught.value.errors} == set(COMPLETE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://kpi.example.com"),
        ("PUBLIC_URL", "ftp://kpi.example.com"),
        ("B24_OAUTH_SERVERS", "http://oauth.example.com"),
        ("TOKEN_KEYS", "not a key"),
        ("PORT", "eight thousand"),
        ("PORT", "70000"),
        ("DATABASE_URL", "my database"),
        ("DATABASE_URL", "oracle9://localhost/x"),
        ("REDIS_URL", "localhost:6379"),
        ("SESSION_MINUTES", "soon"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    assert faults(**{name: value}) == {name}


def test_plain_http_is_for_loopback_only() -> None:
    assert faults(B24_ALLOW_HTTP="1", PUBLIC_URL="http://10.0.0.1:8000") == {"PUBLIC_URL"}
    assert config.load({**COMPLETE, "B24_ALLOW_HTTP": "1", "PUBLIC_URL": "http://127.0.0.1:8000"}).allow_http
