"""Measures `pontoond` and nginx with and without TLS, in turns; see `run`.

curl is the load generator. It also encrypts, so on a machine with few cores it reduces the throughput. The processor
time is that of the server alone.
"""

import argparse
import os
import pathlib
import statistics
import tempfile
from dataclasses import dataclass

from shared.nginx import Nginx
from shared.pontoond import Server
from shared.processes import Observed, run, run_together

PARALLEL = 4
Argument = str | os.PathLike[str]


@dataclass
class Result:
    """One measurement: MiB per second, and processor seconds of the server per GiB."""

    rate: float
    processor: float


def make_certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Creates a self-signed certificate for 127.0.0.1, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    )
    return certificate, key


class Bench:
    """The bytes to send, the certificate, and the servers that take turns."""

    def __init__(self, binary: str, folder: pathlib.Path, size: int) -> None:
        self.binary, self.folder, self.size = binary, folder, size
        self.certificate = make_certificate(folder)
        self.source = folder / "source"
        noise = os.urandom(1 << 20)
        with self.source.open("wb") as file:
            for start in range(0, size, len(noise)):
                file.write(noise[: min(len(noise), size - start)])

    def pontoon(self, encrypted: bool) -> list[Result]:
        """Measures bytes in and out of `pontoond`, with the parts of one file."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            certificate, key = self.certificate
            flags = ["--tls-certificate", str(certificate), "--tls-key", str(key)] if encrypted else []
            authority = certificate if encrypted else None
            with Server(self.binary, pathlib.Path(folder), *flags, authority=authority) as server:
                numbers = range(1, PARALLEL + 1)
                new = {"project": server.project, "name": "f", "size": self.size * PARALLEL, "part_size": self.size}
                upload = f"/v2/upload/multipart/{server.call('POST', '/v2/upload/multipart', new)['upload_id']}"
                sent = self._send(server, [server.call("GET", f"{upload}/part/{n}")["url"] for n in numbers])
                reports = [{"part_number": n, "response": {"headers": {"ETag": self._etag(n - 1)}}} for n in numbers]
                file = server.call("POST", f"{upload}/complete", {"parts": reports})["id"]
                url = server.call("GET", f"/v2/files/{file}/download_info")["url"]
                return [sent, self._receive(server, [(url, index * self.size) for index in range(PARALLEL)])]

    def nginx(self, encrypted: bool) -> list[Result]:
        """Measures bytes in and out of nginx, with one file per connection."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            certificate = self.certificate if encrypted else None
            with Nginx(pathlib.Path(folder), body_buffer="1m", certificate=certificate) as server:
                urls = [f"{server.origin}/{index}" for index in range(PARALLEL)]
                return [self._send(server, urls), self._receive(server, [(url, 0) for url in urls])]

    def _send(self, server: Observed, urls: list[str]) -> Result:
        return self._measure(server, [["--upload-file", self.source, url] for url in urls])

    def _receive(self, server: Observed, starts: list[tuple[str, int]]) -> Result:
        result = self._measure(
            server, [["--range", f"{start}-{start + self.size - 1}", url] for url, start in starts]
        )
        if any(self._header(index, "content-length") != str(self.size) for index in range(PARALLEL)):
            raise SystemExit("bench: the length of a response is wrong")
        return result

    def _measure(self, server: Observed, arguments: list[list[Argument]]) -> Result:
        commands: list[list[Argument]] = [
            ["curl", "--silent", "--fail", "--noproxy", "*", "--cacert", self.certificate[0], "--output", "/dev/null"]
            + ["--dump-header", self._headers(index), *own]
            for index, own in enumerate(arguments)
        ]
        before = server.processor_seconds()
        seconds = run_together(commands)
        used = server.processor_seconds() - before
        total = self.size * PARALLEL
        return Result(total / (1 << 20) / seconds, used / (total / (1 << 30)))

    def _headers(self, index: int) -> pathlib.Path:
        return self.folder / f"headers-{index}"

    def _header(self, index: int, name: str) -> str:
        """Returns the value of a header in the last response on a connection."""
        lines = [line.partition(":") for line in self._headers(index).read_text().splitlines()]
        return {key.lower(): value.strip() for key, _, value in lines}.get(name, "")

    def _etag(self, index: int) -> str:
        return self._header(index, "etag")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=512, help="size of a part")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.mib = 1, 8
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        bench = Bench(options.server, pathlib.Path(folder), options.mib << 20)
        turns = {
            "nginx": lambda: bench.nginx(encrypted=False),
            "Pontoon": lambda: bench.pontoon(encrypted=False),
            "nginx, TLS": lambda: bench.nginx(encrypted=True),
            "Pontoon, TLS": lambda: bench.pontoon(encrypted=True),
        }
        results: dict[str, list[list[Result]]] = {name: [] for name in turns}
        for _ in range(options.rounds):
            for name, turn in turns.items():
                results[name].append(turn())
    print(f"{PARALLEL} connections of {options.mib} MiB each, {options.rounds} rounds, in memory\n")
    print("| Direction | Server | MiB/s, median (min–max) | Processor s of the server per GiB, median |")
    print("| --- | --- | --- | --- |")
    for index, direction in enumerate(("in", "out")):
        for name, rounds in results.items():
            rates = sorted(result[index].rate for result in rounds)
            processor = statistics.median(result[index].processor for result in rounds)
            spread = f"{statistics.median(rates):.0f} ({rates[0]:.0f}–{rates[-1]:.0f})"
            print(f"| {direction} | {name} | {spread} | {processor:.2f} |")


main()
