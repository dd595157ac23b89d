"""Dockerfile, compose.yaml and docs/operations.md against what they talk about; no container is started here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from b24app.cli.main import cli
from b24app.config import load
from b24app.lib import crypto
from b24app.web.monitoring import Figures

ROOT = Path(__file__).parent.parent
APP = ("migrate", "web", "worker", "scheduler")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"])


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_every_role_is_there_with_its_stores(services: dict[str, Any]) -> None:
    assert set(services) == {*APP, "postgres", "redis"}


@pytest.mark.parametrize("name", APP)
def test_commands_exist(services: dict[str, Any], name: str) -> None:
    command: Any = cli
    for word in services[name]["command"]:
        command = command.commands[word]
    assert command.params is not None


def test_the_environment_is_complete_and_understood(services: dict[str, Any]) -> None:
    environment = {
        name: re.sub(r"\$\{(\w+):\?[^}]*\}", r"\1", re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)))
        for name, value in services["web"]["environment"].items()
    }
    assert environment.keys() >= {"SECRET_KEY", "TOKEN_KEYS", "PUBLIC_URL", "B24_CLIENT_ID", "B24_CLIENT_SECRET"}
    real = {"PUBLIC_URL": "https://kpi.example.com", "TOKEN_KEYS": crypto.derive_key("x", "y")}
    config = load({**environment, **real})
    assert (config.redis_url, config.database_url.partition(":")[0]) == ("redis://redis:6379/0", "postgresql+psycopg")
    assert config.trusted_proxies == 1


def test_nothing_is_started_on_a_database_that_was_not_migrated(services: dict[str, Any]) -> None:
    for name in set(APP) - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_what_the_image_is_made_of_exists_and_is_let_in() -> None:
    copied = [line.split()[1:-1] for line in read("Dockerfile").splitlines() if re.match("COPY (?!--)", line)]
    let_in = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    for name in sum(copied, []):
        assert (ROOT / name).exists(), name
        assert name in let_in, name


def test_what_to_do_is_written_down_for_every_figure(app: Flask) -> None:
    manual = read("docs/operations.md")
    missing = [family.name for family in Figures().collect() if family.name not in manual]
    assert not missing


def test_every_command_the_manual_names_exists() -> None:
    for found in re.findall(r"`b24app ([a-z][a-z -]*)", read("docs/operations.md")):
        command: Any = cli
        for word in found.split():
            if word.startswith("-"):
                break
            command = command.commands[word]
