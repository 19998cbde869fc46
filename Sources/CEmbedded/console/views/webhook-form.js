// The form for creating and changing a webhook.

import { strings } from '../strings.js';
import { field, h, name, setFieldError } from '../ui/dom.js';

const t = strings.webhooks;

export class WebhookForm {
  /** @param {Object} [webhook] The webhook to change. */
  constructor(webhook) {
    const chosen = new Set(webhook?.types ?? []);
    // Types that this version of the console does not know are kept.
    const types = [...new Set([...Object.keys(t.typeHelp), ...chosen])];
    this.url = h('input', { type: 'url', value: webhook?.url ?? '', maxlength: 2048, autocomplete: 'off',
      spellcheck: 'false', placeholder: 'https://', autofocus: true });
    this.boxes = types.map((type) => h('input', { type: 'checkbox', value: type, checked: chosen.has(type) }));
    const list = h('fieldset', { class: 'field', hidden: chosen.size === 0 }, h('legend', null, t.types),
      h('div', { class: 'columns' }, this.boxes.map((box) => h('label', { class: 'check' }, box,
        h('span', null, name(box.value), t.typeHelp[box.value] && h('small', null, t.typeHelp[box.value]))))));
    this.selection = h('select', { on: { change: () => { list.hidden = this.selection.value === 'all'; } } },
      h('option', { value: 'all' }, t.allEvents),
      h('option', { value: 'some', selected: chosen.size > 0 }, t.someEvents));
    this.elements = [field(t.url, this.url, { help: t.urlHelp }), field(t.events, this.selection), list];
  }

  /**
   * Sends the fields. If the server refuses the URL, shows the reason below the URL.
   *
   * @param {(fields: {url: string, types: string[]}) => Promise<Object>} send
   * @returns {Promise<Object|undefined>} The webhook; `undefined` if the URL is refused.
   * @throws {Error} if no type is chosen, or the call fails for another reason
   */
  async submit(send) {
    setFieldError(this.url, null);
    const url = this.url.value.trim();
    if (!url) return setFieldError(this.url, t.urlMissing);
    // An empty list stands for all types.
    const types = this.selection.value === 'all' ? []
      : this.boxes.filter((box) => box.checked).map((box) => box.value);
    if (this.selection.value === 'some' && types.length === 0) throw new Error(t.typesMissing);
    try {
      return await send({ url, types });
    } catch (error) {
      // The server refused the URL: no other field can have a malformed value.
      if (error.status !== 400) throw error;
      return setFieldError(this.url, error.message);
    }
  }
}
