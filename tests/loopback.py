"""A web server on this machine that stands in for all others, well or badly behaved."""

from __future__ import annotations

import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def end_headers(self):
        # Said, since a client that counts on the connection for its next request may find it closed meanwhile.
        self.send_header("Connection", "close")
        super().end_headers()

    def do_GET(self):
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        body, how = self.server.files.get(path, (b"", "missing"))
        if how == "missing":
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if how == "moved":
            self.send_response(302)
            self.send_header("Location", body.decode())
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if how == "cut":
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                self.connection.close()
            elif how == "slow":
                for n in range(0, len(body), 100):
                    self.wfile.write(body[n : n + 100])
                    self.wfile.flush()
                    time.sleep(0.05)
                    if self.server.stopping:
                        return
            else:
                self.wfile.write(body)
        except OSError:
            pass

    do_HEAD = do_GET


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stopping = False

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's also asks for the host's name, which is slow offline
        self.server_name, self.server_port = self.server_address[:2]


class Web:
    """What the web holds: bodies by ``/host/path``, served ``whole``, ``cut``, ``slow``, ``moved`` or not at all."""

    def __init__(self, server: _Server):
        self._server = server
        self.address = f"http://127.0.0.1:{server.server_port}"

    @property
    def asked(self) -> list[str]:
        return self._server.asked

    def put(self, url: str, body: bytes, how: str = "whole") -> None:
        parts = urlsplit(url)
        self._server.files[f"/{parts.hostname}{parts.path}"] = (body, how)

    def clear(self) -> None:
        self._server.files.clear()


@pytest.fixture
def web(monkeypatch):
    """All that `requests` asks for comes from a server on this machine."""
    import requests

    server = _Server(("127.0.0.1", 0), _Handler)
    server.files, server.asked = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world = Web(server)
    send = requests.Session.send

    def send_there(session, request, **options):
        parts = urlsplit(request.url)
        if parts.hostname != "127.0.0.1":
            query = f"?{parts.query}" if parts.query else ""
            request.url = f"{world.address}/{parts.hostname}{parts.path}{query}"
        session.trust_env = False
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", send_there)
    yield world
    server.stopping = True
    server.shutdown()
    server.server_close()
