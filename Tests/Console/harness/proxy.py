"""A TCP proxy in front of a server, whose connections a test can cut and whose bytes it can corrupt."""

import socket
import threading

import engines


class Proxy:
    """Forwards connections to a port of 127.0.0.1."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._corrupt_at: int | None = None
        # Reserved, so that no other process listens on it between `cut` and `restore`.
        self.port = engines.reserve_port()
        self._listener = self._listen(self.port)
        self.origin = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Closes all connections and refuses new ones."""
        # A blocked accept keeps the port open until it is shut down.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                one.close() if one.fileno() < 0 else one.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def restore(self) -> None:
        """Accepts connections again."""
        self._listener = self._listen(self.port)

    def corrupt_next_part(self, offset: int) -> None:
        """Flips a bit of the next part that is sent, at or after an offset."""
        with self._lock:
            self._corrupt_at = offset

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._lock:
                self._sockets |= {near, far}
            threading.Thread(target=self._forward, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(far, near, False), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        sent = None  # bytes since the head of a PUT
        try:
            while data := source.recv(256 << 10):
                if is_request and data.startswith(b"PUT /storage/"):
                    sent = 0
                if sent is not None:
                    sent += len(data)
                    data = self._corrupted(data, sent)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            with self._lock:
                self._sockets -= {source, sink}
            for one in (source, sink):
                one.close()

    def _corrupted(self, data: bytes, sent: int) -> bytes:
        with self._lock:
            if self._corrupt_at is None or sent < self._corrupt_at:
                return data
            self._corrupt_at = None
        return data[:-1] + bytes([data[-1] ^ 1])
