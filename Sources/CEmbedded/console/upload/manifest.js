// Manifests: CSV tables with metadata and tags of files, in the format of `pontoon upload --manifest` (docs/client.md).

import { fill, upload as texts } from './strings.js';

/**
 * Parses a CSV table. Its first column, `File name` or `filename`, contains paths; an optional column `tags` contains
 * tags separated by `|`; the headings of all other columns are metadata keys.
 *
 * @param {string} text
 * @returns {{ labels: Map<string, { metadata: Record<string, string>, tags: string[] }>, problems: string[] }}
 *   labels by path as written in the table; no labels if there are problems
 */
export function parseManifest(text) {
  const problems = [];
  const problem = (key, values) => void problems.push(fill(texts[key], values));
  const rows = parseCSV(text.replace(/^\uFEFF/, ''), problem);
  const header = rows.shift()?.values ?? [''];
  checkHeader(header, problem);
  const labels = new Map();
  for (const { values, row } of rows) {
    if (values.every((value) => value === '')) continue;
    const [name, ...rest] = values;
    if (name === '') problem('manifestNoFile', { row });
    else if (values.length > header.length) {
      problem('manifestTooManyValues', { row, values: values.length, columns: header.length });
    } else if (labels.has(name)) problem('manifestDuplicateFile', { name });
    else labels.set(name, labelsOf(header.slice(1), rest));
  }
  return { labels: problems.length > 0 ? new Map() : labels, problems };
}

/**
 * Returns a function for the option `labels` of the queue. The function returns the labels for a path, or null.
 *
 * A row also applies to a path that has further folders in front of the row's path: the user may have chosen a folder
 * that contains the folders in the table. If several rows apply, the row with the longest path is used.
 */
export function labelsByPath(labels) {
  return (path) => {
    for (let rest = path; ; rest = rest.slice(rest.indexOf('/') + 1)) {
      const found = labels.get(rest) ?? labels.get(`./${rest}`);
      if (found) return found;
      if (!rest.includes('/')) return null;
    }
  };
}

function checkHeader(header, problem) {
  if (!['file name', 'filename'].includes(header[0].toLowerCase())) {
    problem('manifestFirstColumn', { name: header[0] });
  }
  const known = new Set();
  header.slice(1).forEach((name, index) => {
    if (name === '') problem('manifestUnnamedColumn', { column: index + 2 });
    else if (known.has(name)) problem('manifestDuplicateColumn', { name });
    known.add(name);
  });
}

function labelsOf(keys, values) {
  const metadata = Object.create(null);
  let tags = [];
  keys.forEach((key, index) => {
    const value = values[index] ?? '';
    if (value === '') return;
    if (key === 'tags') tags = value.split('|').map((tag) => tag.trim()).filter((tag) => tag !== '');
    else metadata[key] = value;
  });
  return { metadata, tags };
}

/** Returns the rows of a CSV table with their numbers. Values may be quoted; within quotes, `""` is a quote. */
function parseCSV(text, problem) {
  const rows = [];
  let values = [];
  let value = '';
  let isQuoted = false;
  const endRow = () => {
    values.push(value);
    rows.push({ values, row: rows.length + 1 });
    values = [];
    value = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') value += character;
      else if (text[at + 1] === '"') {
        value += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"' && value === '') isQuoted = true;
    else if (character === ',') {
      values.push(value);
      value = '';
    } else if (character === '\n') endRow();
    else if (character !== '\r') value += character;
  }
  if (isQuoted) problem('manifestQuotes', { row: rows.length + 1 });
  if (value !== '' || values.length > 0) endRow();
  return rows;
}
