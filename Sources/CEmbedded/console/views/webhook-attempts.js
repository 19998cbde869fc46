// Attempts to deliver events: the last attempt of a webhook, test events, and abandoned events.

import { listDeliveries, redeliver, testWebhook } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, keepFocus, name } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { ago, time } from '../ui/format.js';
import { attempt, describe } from '../ui/toast.js';

const t = strings.webhooks;

/** Creates a line that reports whether an attempt succeeded. */
function resultLine(isGood, text) {
  return h('p', { class: isGood ? 'attempt good' : 'attempt attempt-failed' }, icon(isGood ? 'check' : 'alert'),
    h('span', null, text));
}

/** Creates the lines about the last attempt of a webhook and, while it is failing, about the next one. */
export function lastAttempt({ state, attempts, last_attempt: last, failing_since: since, next_attempt: next }) {
  if (!last) return h('p', { class: 'muted' }, t.never);
  const when = ago(last.time);
  return [
    last.success ? resultLine(true, t.accepted(when, last.status)) : resultLine(false, t.failed(when, last.error)),
    state === 'active' && attempts > 0 && h('p', { class: 'muted' }, t.failing(time(since), attempts, time(next))),
  ];
}

/**
 * Creates a button that sends a test event, and an element that shows the result.
 *
 * @returns {{control: HTMLElement, result: HTMLElement}}
 */
export function testControl(client, id, props) {
  const result = h('div', { role: 'status' });
  let isRunning = false;
  const control = button(t.test, {
    icon: 'play', class: 'small', ...props,
    on: async () => {
      if (isRunning) return;
      isRunning = true;
      fill(result, h('p', { class: 'muted' }, t.testing));
      try {
        const { success, status, error } = await testWebhook(client, id);
        fill(result, resultLine(success, success ? t.testAccepted(status) : t.testFailed(error)));
      } catch (error) {
        fill(result, resultLine(false, describe(error)));
      } finally {
        isRunning = false;
      }
    },
  });
  return { control, result };
}

/** Opens a dialog with the abandoned events. */
export async function openDeliveries(client, webhook) {
  const deliveries = await listDeliveries(client, webhook.id);
  const list = h('ul', { class: 'link-list' });
  const draw = () => fill(list, deliveries.map((delivery) => h('li', { class: 'card link-row' },
    h('div', { class: 'link-head' }, h('h3', null, name(delivery.type)),
      delivery.queued && h('span', { class: 'pill' }, t.queued),
      h('div', { class: 'actions' }, !delivery.queued && button(t.redeliver, { icon: 'retry', class: 'small',
        'aria-label': t.redeliverEvent(delivery.type, delivery.event), on: () => again(delivery) }))),
    h('p', { class: 'muted' }, h('time', { datetime: delivery.occurred_on, title: time(delivery.occurred_on) },
      t.occurred(ago(delivery.occurred_on))), ' · ', t.attempts(delivery.attempts), ' · ', h('code', null,
      name(delivery.event))),
    resultLine(false, t.failed(ago(delivery.last_attempt.time), delivery.last_attempt.error)))));

  async function again(delivery) {
    if (!await attempt(() => redeliver(client, webhook.id, delivery.event))) return;
    delivery.queued = true;
    keepFocus(list, draw, () => list.querySelector('button') ?? list.closest('dialog').querySelector('footer button'));
  }

  draw();
  await openDialog({
    title: t.deliveriesTitle, wide: true,
    content: deliveries.length === 0 ? [h('p', { class: 'muted' }, t.noDeliveries)]
      : [h('p', { class: 'muted' }, t.deliveriesText), list],
  });
}
