"""What a command says when it cannot do what it was asked: a sentence on standard error, 1 or 2, never a traceback."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from b24app.cli import main
from b24app.cli.check import upgrade
from b24app.lib import crypto

MEMBER = "d3300000000000000000000000000001"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """A command in a complete environment: its exit code and what it wrote on standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", "a secret of these tests")
    monkeypatch.setenv("TOKEN_KEYS", crypto.derive_key("a secret of these tests", "tokens"))
    monkeypatch.setenv("PUBLIC_URL", "https://kpi.example.com")
    monkeypatch.setenv("B24_CLIENT_ID", "app.test")
    monkeypatch.setenv("B24_CLIENT_SECRET", "test-secret")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/b24app.sqlite")
    monkeypatch.delenv("REDIS_URL", raising=False)

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["b24app", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return int(str(ended.value.code or 0)), said

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["portal", "sync"], "Missing argument 'MEMBER_ID'"),
        (["demo", "--port", "abc"], "not a valid integer"),
        (["demo", "--port", "65535"], "not in the range 1<=x<=65534"),
        (["demo", "--deals", "0"], "not in the range"),
        (["web", "--port", "70000"], "not in the range"),
        (["worker", "--queues", "live,nope"], "Unknown queue nope; there are live, robots, default, sync."),
        (["token", "create", MEMBER, "--name", "x", "--scope", "all"], "Unknown scope all"),
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str], says: str) -> None:
    code, said = run(*arguments)
    assert code == 2
    assert says in said


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["web"], {"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        (["web"], {"REDIS_URL": "localhost"}, "REDIS_URL must be an address"),
        (["web"], {}, "REDIS_URL is not set"),
        (["worker"], {}, "REDIS_URL is not set"),
        (["scheduler"], {}, "REDIS_URL is not set"),
        (["web"], {"REDIS_URL": "redis://127.0.0.1:1/0"}, "Run: b24app db upgrade"),
        (["all"], {}, "Run: b24app db upgrade"),
        (["portal", "list"], {}, "Run: b24app db upgrade"),
        (["portal", "list"], {"DATABASE_URL": "sqlite:////proc/none/x.sqlite"}, "The database cannot be opened"),
        (["db", "upgrade"], {"DATABASE_URL": "sqlite:////proc/none/x.sqlite"}, "cannot be made"),
        (["portal", "sync", MEMBER], {}, "REDIS_URL is not set"),
    ],
)
def test_what_cannot_be_done_is_1(run: Run, arguments: list[str], environment: dict[str, str], says: str) -> None:
    code, said = run(*arguments, **environment)
    assert code == 1
    assert says in said


def test_what_depends_on_a_migrated_database(run: Run) -> None:
    upgrade()
    assert run("portal", "forget", MEMBER, "--yes") == (
        1,
        f"No portal with member id {MEMBER} is installed. See: b24app portal list\n",
    )
    code, said = run("worker", "--queues", "live", REDIS_URL="redis://127.0.0.1:1/0")
    assert (code, len(said.splitlines())) == (1, 1)
    assert said.startswith("Redis cannot be reached")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = run("all", "--port", str(port))
        assert (code, f"Port {port} of 127.0.0.1 cannot be used" in said) == (1, True)
        code, said = run("demo", "--port", str(port))
        assert (code, "Choose another: b24app demo --port" in said) == (1, True)


def test_an_error_of_ours_is_a_sentence_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("b24app.cli.check.manifest", broken)
    assert run("install-manifest") == (1, "An error in the app: ZeroDivisionError: division by zero\n")
