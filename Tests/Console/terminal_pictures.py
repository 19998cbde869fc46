"""Takes the pictures of the client in a terminal, in docs/images.

Run by Scripts/screenshots. The programs are the release build, unless TEST_PONTOOND and TEST_PONTOON name others.
"""

import argparse
import html
import json
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

from playwright.sync_api import Browser, sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "Compatibility"), str(ROOT / "Scripts/engines")]

from conftest import ARGUMENTS, CHROMIUM  # noqa: E402
from harness.server import CLIENT, PROJECT, Server, environment  # noqa: E402
from screenshots import save  # noqa: E402

STYLE = """
body { margin: 0; background: #1e222a; }
pre { margin: 0; padding: 16px 20px; width: max-content; font: 14px/1.4 'DejaVu Sans Mono', monospace; color: #d8dee9; }
b { color: #a3d39c; font-weight: normal; }
"""


class Terminal:
    """Runs commands on an emulated terminal."""

    def __init__(self, folder: pathlib.Path, server: Server) -> None:
        self._folder = folder
        variables = {"SB_API_ENDPOINT": f"{server.origin}/v2", "SB_AUTH_TOKEN": server.token}
        self._environment = environment(variables | {"HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"})

    def run(self, command: str, until: str | None = None) -> str:
        """Returns the command and the screen as HTML: once the screen matches `until`, or else after the command."""
        steps: list[dict] = [{"size": [40, 100]}]
        if until:
            steps += [{"until": until}, {"show": True}]
        result = subprocess.run(
            [sys.executable, ROOT / "Tests/Compatibility/tools/screen.py", json.dumps(steps), CLIENT]
            + shlex.split(command)[1:],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        answer = json.loads(result.stdout)
        assert answer["code"] == 0, f"{command}: {answer}"
        lines = answer["screens"][0] if until else answer["lines"]
        return "\n".join([f"<b>$</b> {html.escape(command)}", html.escape("\n".join(lines).rstrip())])


def sample(folder: pathlib.Path) -> None:
    """Writes a small run folder."""
    bytes_of = random.Random(1)
    for number in range(1, 7):
        for read in (1, 2):
            file = folder / f"run0412/fastq/S{number:02d}_L003_R{read}_001.fastq.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes_of.randbytes(3_000_000 + 400_000 * number))
    (folder / "run0412/SampleSheet.csv").write_text("[Header]\nRunName,run0412\n")


def shoot(browser: Browser, contents: list[str], file: pathlib.Path) -> None:
    page = browser.new_page(device_scale_factor=1)
    page.set_content(f"<style>{STYLE}</style><pre>{chr(10).join(contents)}</pre>")
    save(page.locator("pre").screenshot(), file)
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "docs/images")
    pictures = parser.parse_args().folder
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = pathlib.Path(temporary)
        server = Server(folder)
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            sample(folder)
            terminal = Terminal(folder, server)
            upload = f"pontoon upload --project {PROJECT} --keep-tree --receipt receipt.json run0412"
            # The bandwidth is limited, so that the picture shows an upload in progress.
            shoot(browser, [terminal.run(f"{upload} --bwlimit 6M", r"6\d% ·")], pictures / "terminal-upload.png")
            later = (upload, "pontoon verify receipt.json", f"pontoon ls {PROJECT}/run0412/fastq")
            shoot(browser, [terminal.run(command) for command in later], pictures / "terminal-verify.png")
            shoot(browser, [terminal.run("pontoon doctor")], pictures / "terminal-doctor.png")
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
