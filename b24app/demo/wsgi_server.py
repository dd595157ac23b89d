"""A small threaded HTTP/1.1 server for one WSGI app: keep-alive, no Nagle delay, quiet.

Werkzeug's development server closes every connection, and every REST call of the app would pay for a new one.
"""

import io
import sys
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import unquote
from wsgiref.types import WSGIApplication, WSGIEnvironment

IDLE_S = 120


class WsgiServer(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: WSGIApplication | None = None) -> None:
        super().__init__((host, port), _Handler)
        self.app = app

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that visitors break off are no news; errors of the app are logged by Flask."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: WsgiServer

    def _serve(self) -> None:
        """Reads the whole request, so the connection is ready for the next one, then writes the whole answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status_and_headers: list[tuple[str, list[tuple[str, str]]]] = []

        def respond(status: str, headers: list[tuple[str, str]], _failure: Any = None) -> Any:
            status_and_headers[:] = [(status, headers)]

        assert self.server.app is not None
        answer = self.server.app(self._environ(body), respond)
        try:
            content = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        status, headers = status_and_headers[0]
        code, _space, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _question, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The portal counts its requests itself."""
