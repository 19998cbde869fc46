"""The journal of unfinished uploads in the browser."""

# Writes an old and a new record, each with a part and a folder, and then opens the journal again, as after a reload.
EXPIRE = """async (modules) => {
  const { Journal } = await import(modules + 'upload/journal.js');
  const journal = await Journal.open('expiring');
  const day = 24 * 60 * 60 * 1000;
  for (const [id, age] of [['old', 31], ['new', 29]]) {
    journal.addRoot({ id: `folder of ${id}`, handle: id });
    journal.save({ id, started: Date.now() - age * day, root: `folder of ${id}` });
    await journal.flush();
    await journal.addPart(id, 1, 'etag', 1n);
  }
  const read = async (from) => ({
    records: (await from.list()).map(({ id }) => id),
    parts: [(await from.parts('old')).size, (await from.parts('new')).size],
    folders: [await from.root('folder of old'), await from.root('folder of new')],
  });
  return [await read(journal), await read(await Journal.open('expiring'))];
}"""


def test_records_expire_after_30_days_with_their_parts_and_folders(engine, page):
    before, after = page.evaluate(EXPIRE, engine.modules)
    assert before == {"records": ["old", "new"], "parts": [1, 1], "folders": ["old", "new"]}
    assert after == {"records": ["new"], "parts": [0, 1], "folders": [None, "new"]}
