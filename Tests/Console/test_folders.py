"""Folders are uploaded with their tree, names and labels."""

import unicodedata

from harness.files import random_file

NAMES = ["plain.txt", "mit Leerzeichen.txt", "Öl.txt", unicodedata.normalize("NFD", "Öl.txt"), "数据.fastq", "🧬.bam",
         "a%20b&c=d#e?.txt", "quote'\".txt", "שלום.txt", "‮gpj.exe"]

COUNT_FRAMES = """() => {
  engine.frames = 0;
  const count = () => {
    engine.frames += 1;
    requestAnimationFrame(count);
  };
  count();
}"""


def test_a_folder_of_500_files_keeps_its_tree(engine, server, tmp_path):
    paths = [f"run ü/lane {number % 7}/{number:03} {NAMES[number % len(NAMES)]}" for number in range(500)]
    for number, path in enumerate(paths):
        random_file(tmp_path / path, number, seed=number)
    engine.page.evaluate(COUNT_FRAMES)
    engine.add_folder(tmp_path / "run ü")
    engine.wait(verified=500)
    events, frames, seconds = engine.page.evaluate("() => [engine.events, engine.frames, performance.now() / 1000]")
    stored = server.tree()
    assert stored.keys() == set(paths)
    assert all(stored[path]["size"] == number for number, path in enumerate(paths))
    # The page receives changes once per frame, or twice per second if there are no frames, but not once per change.
    # The number of frames depends on the machine.
    assert events <= frames + 2 * seconds + 10


def test_labels_of_a_manifest(engine, server, page):
    page.evaluate("""async (modules) => {
        const { parseManifest, labelsByPath } = await import(modules + 'upload/manifest.js');
        const rows = ['\\uFEFFFile name,sample_id,"a ""quoted"" key",tags\\r', 'reads/a.txt,S1,"x, y",raw| 2026',
                      'b.txt,S2,,', '', ''];
        const { labels, problems } = parseManifest(rows.join('\\n'));
        if (problems.length) throw new Error(problems.join());
        engine.labels = labelsByPath(labels);
    }""", engine.modules)
    page.evaluate("""() => engine.queue.add(['run/reads/a.txt', 'b.txt', 'c.txt'].map((path) => (
        { path, file: new File(['x'], path.split('/').at(-1)) })),
        { project: 'admin/uploads', labels: engine.labels })""")
    engine.wait(verified=3)
    labels = {path: (server.call("GET", f"/files/{file['id']}").json()) for path, file in server.tree().items()}
    assert labels["run/reads/a.txt"]["metadata"] == {"sample_id": "S1", 'a "quoted" key': "x, y"}
    assert labels["run/reads/a.txt"]["tags"] == ["raw", "2026"]
    assert labels["b.txt"]["metadata"] == {"sample_id": "S2"}
    assert labels["c.txt"]["metadata"] == {} and labels["c.txt"]["tags"] == []


def test_invalid_manifests(engine, page):
    problems = page.evaluate("""async (modules) => {
        const { parseManifest } = await import(modules + 'upload/manifest.js');
        return ['name,a\\n', 'filename,,\\n', 'filename,a,a\\n', 'filename,a\\n,1\\n', 'filename\\na,b\\n',
                'filename\\na\\na\\n', 'filename\\n"a\\n', ''].map((text) => parseManifest(text).problems.length);
    }""", engine.modules)
    assert problems == [1, 2, 1, 1, 1, 1, 1, 1]


def test_invalid_names_are_explained(engine, server):
    engine.add_generated([("a/../b.txt", 1), ("\u0007.txt", 1), ("x" * 256, 1), ("good.txt", 1)])
    engine.wait(verified=1, failed=3)
    assert {item["error"]["code"] for item in engine.items().values() if item["error"]} == {"nameInvalid"}
    assert server.tree().keys() == {"good.txt"}
