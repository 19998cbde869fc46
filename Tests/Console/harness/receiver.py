"""A receiver of webhooks on 127.0.0.1, which verifies signatures as Standard Webhooks specifies."""

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Delivery:
    """A request to the receiver."""

    headers: Message
    body: bytes

    @property
    def event(self) -> dict:
        return json.loads(self.body)

    def is_signed(self, secret: str) -> bool:
        """Whether one of the signatures was created with the secret."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return any(hmac.compare_digest(expected, it) for it in self.headers["webhook-signature"].split())


class Receiver:
    """Records the events that it receives, and responds with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.deliveries: list[Delivery] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append(Delivery(self.headers, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def received(self, kind: str, name: str | None = None) -> list[Delivery]:
        """Returns the deliveries of a type, such as `file.created`, and optionally only those of files with a name."""
        return [
            it
            for it in list(self.deliveries)
            if it.event["type"] == f"org.pontoon.{kind}" and name in (None, it.event["data"].get("name"))
        ]
