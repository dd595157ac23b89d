"""Posting to a stranger's address: which are refused, wherever their names point, and what is not followed."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from b24app.lib import outgoing
from b24app.lib.outgoing import Forbidden, Unanswered, post, wrong_address


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://example.com:8443/hook?key=1",
        "https://93.184.216.34/",
        "https://xn--80ak6aa92e.com/",
    ],
)
def test_an_address_on_the_internet_is_taken(url: str) -> None:
    assert wrong_address(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)",
        "https://", "https:///path", "https://localhost/", "https://127.0.0.1/", "https://[::1]/",
        "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://224.0.0.1/", "https://100.64.0.1/",
        "https://user:password@example.com/", "https://user@example.com/", "https://redis/", "https://postgres:5432/",
        "https://2130706433/", "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nX: 1",
        "https://example.com\\@127.0.0.1/", "https://пример.рф/", f"https://example.com/{'x' * 3000}",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_with_a_sentence(url: str) -> None:
    sentence = wrong_address(url)
    assert sentence
    assert sentence.endswith(".")
    with pytest.raises(Forbidden):
        post(url, b"{}", {})


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%1"])
def test_a_name_that_points_inside_is_refused_when_it_is_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Also when only one of its addresses does: who resolves again may get that one."""
    found = [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_asked: pytest.fail("it connects"))
    with pytest.raises(Forbidden):
        post("https://rebind.example.com/", b"{}", {})


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is resolved once: between looking and calling it cannot turn."""
    asked, called = [], []
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *_more, **_kinds: asked.append(host) or [(0, 0, 0, "", ("93.184.216.34", 443))],
    )

    def refuse(address: object, *_more: object) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(Unanswered):
        post("https://hook.example.com/", b"{}", {})
    assert (asked, called) == (["hook.example.com"], [("93.184.216.34", 443)])


class Server:
    """Answers on loopback and keeps what came."""

    def __init__(self, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> None:
        came = self.came = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                came.append((self.path, self.headers["Host"], self.headers.get("X-Signature"), body))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def serve() -> Iterator[type[Server]]:
    servers: list[Server] = []

    def start(*args: object) -> Server:
        servers.append(Server(*args))
        return servers[-1]

    yield start
    for one in servers:
        one.server.shutdown()
        one.server.server_close()


def test_the_body_arrives_with_its_headers(serve) -> None:
    here = serve(202)
    status = post(f"{here.url}/hook?a=1", b'{"a":1}', {"X-Signature": "sha256=1"}, allow_loopback=True)
    assert status == 202
    assert here.came == [("/hook?a=1", here.url.removeprefix("http://"), "sha256=1", b'{"a":1}')]


def test_without_leave_loopback_is_not_called(serve) -> None:
    here = serve()
    with pytest.raises(Forbidden):
        post(f"{here.url}/", b"{}", {})
    assert here.came == []


def test_a_redirect_is_an_answer_and_not_followed(serve) -> None:
    other = serve()
    here = serve(307, (("Location", f"{other.url}/inside"),))
    assert post(f"{here.url}/", b"{}", {}, allow_loopback=True) == 307
    assert other.came == []


def test_nobody_there_is_said_with_the_host(serve) -> None:
    with pytest.raises(Unanswered, match=r"127\.0\.0\.1"):
        post("http://127.0.0.1:1/", b"{}", {}, allow_loopback=True)


def test_an_answer_that_never_ends_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line after line of headers: each comes in time, all of them never."""
    monkeypatch.setattr(outgoing, "PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            connection, _from = listener.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"X: y\r\n" if not over.is_set() else b"")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(Unanswered):
            post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {}, allow_loopback=True)
        over.set()
        thread.join()
