"""The memory of the tab does not depend on the size of a file."""

import pathlib
import threading

from harness.files import MIB


def resident(pids: list[int]) -> int:
    """Returns the memory of processes in bytes, without pages of files."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) << 10
    return total


def test_a_file_of_2_gb_takes_little_memory(engine, browser, tmp_path):
    file = tmp_path / "sparse.bin"
    with file.open("wb") as sparse:
        sparse.truncate(2000 * MIB)
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    engine.add_generated([("warm-up.bin", MIB)])
    engine.wait(verified=1)
    engine.page.evaluate("engine.queue.remove()")
    before = peak = resident(renderers)
    finished = threading.Event()

    def observe() -> None:
        nonlocal peak
        while not finished.wait(0.1):
            peak = max(peak, resident(renderers))

    observer = threading.Thread(target=observe)
    observer.start()
    try:
        engine.add(file)
        engine.wait(verified=1, seconds=800)
    finally:
        finished.set()
        observer.join()
    print(f"memory of the tab: {before / MIB:.0f} MiB before, at most {peak / MIB:.0f} MiB")
    assert peak - before < 150 * MIB
