"""nginx, for benchmarks that compare Pontoon with it."""

import pathlib
import shutil

from .processes import Program, free_port, listens


class Nginx(Program):
    """nginx with WebDAV PUT into `folder/root`, and `sendfile` for downloads."""

    def __init__(
        self,
        folder: pathlib.Path,
        body_buffer: str = "16k",
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
    ) -> None:
        """Starts nginx.

        `body_buffer` is the size of its buffer for bodies. `certificate` contains the files of a certificate and its
        key, for TLS.
        """
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.port = free_port()
        self.origin = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        tls = certificate and f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};"
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"""
            {"user root;" if pathlib.Path.home() == pathlib.Path("/root") else ""}
            daemon off;
            worker_processes auto;
            pid {folder}/nginx.pid;
            error_log stderr warn;
            events {{ worker_connections 1024; }}
            http {{
                access_log off;
                sendfile on;
                tcp_nopush on;
                keepalive_requests 1000000;
                client_max_body_size 0;
                client_body_buffer_size {body_buffer};
                client_body_temp_path {folder}/body;
                proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi;
                uwsgi_temp_path {folder}/uwsgi;
                scgi_temp_path {folder}/scgi;
                server {{
                    listen 127.0.0.1:{self.port}{" ssl" if certificate else ""};
                    {tls or ""}
                    root {self.root};
                    location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
                }}
            }}
            """
        )
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if not nginx:
            raise SystemExit("bench: nginx is missing; install Debian's nginx-light")
        super().__init__([nginx, "-p", folder, "-c", configuration], folder / "nginx.log")
        self.wait(lambda: listens(self.port))
