// Form controls for tags and metadata, used for one file, many files, and files to upload.

import { strings } from '../strings.js';
import { button, fill, h, icon, name, plainName, uniqueID } from '../ui/dom.js';

const t = strings.labels;
const encoder = new TextEncoder();

/** The API's limits. */
const LIMITS = { tags: 100, tagBytes: 300, pairs: 1000, keyBytes: 100, valueBytes: 300 };

/**
 * Creates an editor for a list of tags. Enter or a comma adds a tag, and each tag has a button that removes it.
 *
 * @param {string[]} initial
 */
export function tagsEditor(initial = []) {
  let tags = [...initial];
  const list = h('ul', { class: 'chips', 'aria-label': t.chosenTags });
  const input = h('input', {
    type: 'text', id: uniqueID('tags'), placeholder: t.addTag, autocomplete: 'off', spellcheck: 'false',
    on: {
      keydown: (event) => {
        if (event.key === 'Enter' || event.key === ',') {
          if (input.value.trim() === '' && event.key === 'Enter') return;
          event.preventDefault();
          take();
        } else if (event.key === 'Backspace' && input.value === '' && tags.length > 0) {
          tags.pop();
          draw();
        }
      },
    },
  });

  function take() {
    const tag = input.value.trim();
    if (tag && !tags.includes(tag)) tags.push(tag);
    input.value = '';
    draw();
  }

  function draw() {
    fill(list, tags.map((tag, index) => h('li', { class: 'chip' }, name(tag),
      button(t.removeTag(plainName(tag)), {
        icon: 'close', iconOnly: true, kind: 'quiet',
        on: () => {
          tags.splice(index, 1);
          draw();
          input.focus();
        },
      }))));
    list.hidden = tags.length === 0;
  }

  draw();
  return {
    element: h('div', { class: 'field' }, h('label', { for: input.id }, t.tags),
      h('div', { class: 'tags-box' }, list, input)),
    /** @returns {string[]} @throws {Error} if a tag is too long */
    read() {
      take();
      if (tags.length > LIMITS.tags) throw new Error(t.tooManyTags(LIMITS.tags));
      const long = tags.find((tag) => encoder.encode(tag).length > LIMITS.tagBytes);
      if (long) throw new Error(t.longTag(plainName(long).slice(0, 60), LIMITS.tagBytes));
      return [...tags];
    },
    set(values) {
      tags = [...values];
      draw();
    },
  };
}

/**
 * Creates an editor for a table of metadata keys and values.
 *
 * @param {Object<string, string>} initial
 */
export function metadataEditor(initial = {}) {
  const body = h('div', { class: 'pairs' });
  const title = uniqueID('pairs');

  function add(key = '', value = '', focus = false) {
    const keyInput = h('input', { type: 'text', value: key, placeholder: t.key, 'aria-label': t.key,
      autocomplete: 'off', spellcheck: 'false' });
    const valueInput = h('input', { type: 'text', value, placeholder: t.value, 'aria-label': t.valueOf(plainName(key)),
      autocomplete: 'off', spellcheck: 'false' });
    const row = h('div', { class: 'pair' }, keyInput, valueInput,
      button(t.removePair, {
        icon: 'close', iconOnly: true, kind: 'quiet',
        on: () => {
          row.remove();
          more.focus();
        },
      }));
    body.append(row);
    if (focus) keyInput.focus();
  }

  const more = button(t.addPair, { icon: 'plus', kind: 'quiet', class: 'small', on: () => add('', '', true) });
  for (const [key, value] of Object.entries(initial)) add(key, value ?? '');
  return {
    element: h('div', { class: 'field', role: 'group', 'aria-labelledby': title },
      h('span', { class: 'label', id: title }, t.metadata), body, more),
    /** @returns {Object<string, string>} @throws {Error} if a pair is not valid */
    read() {
      const pairs = {};
      for (const row of body.children) {
        const [key, value] = [...row.querySelectorAll('input')].map((input) => input.value.trim());
        if (key === '' && value === '') continue;
        if (key === '') throw new Error(t.missingKey(plainName(value).slice(0, 60)));
        if (Object.hasOwn(pairs, key)) throw new Error(t.sameKey(plainName(key)));
        if (encoder.encode(key).length > LIMITS.keyBytes) throw new Error(t.longKey(plainName(key).slice(0, 60),
          LIMITS.keyBytes));
        if (encoder.encode(value).length > LIMITS.valueBytes) throw new Error(t.longValue(plainName(key),
          LIMITS.valueBytes));
        // Assignment would not create a key with the name `__proto__`.
        Object.defineProperty(pairs, key, { value, enumerable: true, configurable: true, writable: true });
      }
      if (Object.keys(pairs).length > LIMITS.pairs) throw new Error(t.tooManyPairs(LIMITS.pairs));
      return pairs;
    },
  };
}

/** Creates a view of tags and metadata that cannot be edited. */
export function labelsView({ tags = [], metadata = {} }) {
  const pairs = Object.entries(metadata);
  return [
    tags.length > 0 && h('ul', { class: 'chips' },
      tags.map((tag) => h('li', { class: 'chip' }, icon('tag'), name(tag)))),
    pairs.length > 0 && h('dl', { class: 'facts' }, pairs.map(([key, value]) => [
      h('dt', null, name(key)), h('dd', null, name(value ?? '')),
    ])),
    tags.length === 0 && pairs.length === 0 && h('p', { class: 'muted' }, t.none),
  ];
}
