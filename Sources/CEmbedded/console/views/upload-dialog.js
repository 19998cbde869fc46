// The dialog that opens before an upload: destination, conflict rule, tags and metadata.

import { labelsByPath, parseManifest } from '../upload/manifest.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, name, uniqueID } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { bytes, plural } from '../ui/format.js';
import { pickFolder } from './folder-picker.js';
import { metadataEditor, tagsEditor } from './labels-editor.js';

const t = strings.uploadDialog;
const MOST_MANIFEST_BYTES = 16 << 20;
/** Maximum number of problems that are listed; further problems are only counted. */
const MOST_PROBLEMS = 50;

/**
 * Opens the dialog; resolves with the options of the uploads, or `null` if the user closes the dialog.
 *
 * @param {Object} app
 * @param {Object} options
 * @param {{file: File, path: string}[]} options.entries
 * @param {string[]} options.problems Messages about files and folders that cannot be read.
 * @param {{project: string, folder: string|null, label: string}|null} options.destination
 * @returns {Promise<{project: string, parent: string|null, label: string, conflict: string, labels: Function}|null>}
 */
export function uploadDialog(app, { entries, problems, destination }) {
  let target = destination;
  let manifest = null;
  const size = entries.reduce((sum, { file }) => sum + file.size, 0);
  const folders = new Set(entries.map(({ path }) => path.slice(0,
    Math.max(0, path.lastIndexOf('/')))).filter(Boolean)).size;
  const where = h('strong', { class: 'destination' });
  const showTarget = () => fill(where, target ? name(target.label) : h('span', { class: 'muted' }, t.noDestination));
  const change = button(t.change, {
    class: 'small',
    on: async () => {
      const picked = await pickFolder(app, {
        title: t.pickTitle, submit: t.pickSubmit, project: app.project,
      });
      if (picked) target = picked;
      showTarget();
      change.focus();
    },
  });
  const group = uniqueID('conflict');
  const rule = (value, checked) => h('label', { class: 'check' },
    h('input', { type: 'radio', name: group, value, checked }),
    h('span', null, t.rules[value], h('small', null, t.ruleHelp[value])));
  const tags = tagsEditor();
  const metadata = metadataEditor();
  const manifestState = h('div', { class: 'manifest-state', role: 'status' });
  const manifestInput = h('input', {
    type: 'file', accept: '.csv,text/csv', id: uniqueID('manifest'),
    on: {
      change: async () => {
        manifest = await readManifest(manifestInput.files[0], entries, manifestState);
        if (!manifest) manifestInput.value = '';
      },
    },
  });
  showTarget();
  return openDialog({
    title: t.title(entries.length),
    submit: t.submit,
    wide: true,
    content: [
      h('p', { class: 'summary' }, h('strong', null, plural(entries.length, t.files)), ` · ${bytes(size)}`,
        folders > 0 && ` · ${plural(folders, t.folders)}`),
      problems.length > 0 && problemList(problems),
      h('div', { class: 'field' }, h('span', { class: 'label' }, t.destination),
        h('div', { class: 'destination-row' }, icon('folder'), where, change)),
      h('fieldset', { class: 'field' }, h('legend', null, t.conflict), rule('fail', true), rule('skip'),
        rule('overwrite')),
      h('details', { class: 'more' }, h('summary', null, t.labels), h('p', { class: 'muted' }, t.labelsHelp),
        tags.element, metadata.element,
        h('div', { class: 'field' }, h('label', { for: manifestInput.id }, t.manifest), manifestInput,
          h('p', { class: 'help' }, t.manifestHelp), manifestState)),
    ],
    onOpen: (dialog) => dialog.querySelector('button[type=submit]').focus(),
    onSubmit: (dialog) => {
      if (!target) throw new Error(t.destinationMissing);
      const common = { tags: tags.read(), metadata: metadata.read() };
      return {
        project: target.project, parent: target.folder, label: target.label,
        conflict: dialog.querySelector('input[type=radio]:checked').value,
        labels: (path) => merge(common, manifest?.(path)),
      };
    },
  });
}

function merge(common, own) {
  if (!own) return common;
  return { tags: [...new Set([...common.tags, ...(own.tags ?? [])])],
    metadata: { ...common.metadata, ...own.metadata } };
}

async function readManifest(file, entries, state) {
  if (!file) return void fill(state);
  const refuse = (...content) => void fill(state,
    h('div', { class: 'form-error' }, icon('alert'), h('span', null, content)));
  if (file.size > MOST_MANIFEST_BYTES) return refuse(t.manifestTooLong(bytes(MOST_MANIFEST_BYTES)));
  let parsed;
  try {
    parsed = parseManifest(await file.text());
  } catch (error) {
    return refuse(error.message);
  }
  if (parsed.problems.length > 0) return refuse(problemList(parsed.problems));
  const labelsOf = labelsByPath(parsed.labels);
  const matched = entries.filter(({ path }) => labelsOf(path)).length;
  fill(state, h('p', { class: matched > 0 ? 'good' : 'note' }, icon(matched > 0 ? 'check' : 'info'),
    t.manifestMatched(matched, entries.length, parsed.labels.size)));
  return labelsOf;
}

function problemList(problems) {
  return h('ul', { class: 'problems' }, problems.slice(0,
    MOST_PROBLEMS).map((problem) => h('li', null, name(problem.message ?? problem, 'text'))),
    problems.length > MOST_PROBLEMS && h('li', { class: 'muted' },
      strings.actions.andMore(problems.length - MOST_PROBLEMS)));
}
