// For our support: how retrievals fare, and messages that need a person.
import { h } from '../related-ro/dom.js';
import { section, short, wide } from './layout.js';
import { session } from './session.js';

const QUEUES = ['export', 'close'];

/** Figures, then the dead letters of both queues with a redrive. */
export function page() {
  const letters = QUEUES.map((queue) => deadLetters(queue));
  return [
    h('h1', {}, 'Operations'),
    section('Retrievals', h('div', { id: 'figures' }, session.figures ? session.figures() : dashboard())),
    ...(session.roles.includes('support') ? letters : [section('Dead letters', h('p', { class: 'hint' }, 'Our support staff see the dead letters here.'))]),
  ];
}

const dashboard = () => h('p', {}, session.dashboard
  ? h('a', { href: session.dashboard, rel: 'noopener' }, 'Retrievals by outcome, latency of Karmak and queues: CloudWatch dashboard')
  : 'No dashboard is named in this deployment.');

function deadLetters(queue) {
  const body = h('div', { class: 'stack' }, h('p', { class: 'hint' }, 'Loading…'));
  const said = h('p', { class: 'said', role: 'status' });
  const load = async () => {
    try {
      body.replaceChildren(...letters(await session.call('GET', `/operations/dead-letters?queue=${queue}`)));
    } catch (err) {
      body.replaceChildren(h('p', { class: 'wrong', role: 'alert' }, err.message), h('button', { type: 'button', click: load }, 'Try again'));
    }
  };
  const redrive = async (e) => {
    e.preventDefault();
    const locationId = place.value.trim();
    said.textContent = 'Sending back…';
    try {
      const { moved, approximateLeft } = await session.call('POST', '/operations/dead-letters/redrive', { queue, ...(locationId && { locationId }) });
      said.textContent = `${moved} sent back to the ${queue} queue, about ${approximateLeft} left.`;
    } catch (err) {
      said.textContent = err.message;
    }
    load();
  };
  const place = h('input', { id: `place-${queue}`, maxlength: 64, spellcheck: 'false' });
  if (session.roles.includes('support')) load();
  return section(`Dead letters: ${queue}`, body,
    h('form', { class: 'inline', submit: redrive },
      h('label', { for: `place-${queue}` }, 'Only of location (empty: all)'), place,
      h('button', { type: 'submit' }, 'Redrive'), h('button', { type: 'button', click: load }, 'Look again')),
    said);
}

function letters({ deadLetters: list, approximateCount, complete }) {
  const count = h('p', { class: 'hint' }, complete ? `${list.length} in all.` : `${list.length} of about ${approximateCount}.`);
  if (!list.length) {
    return [h('p', { class: 'hint' }, complete ? 'No dead letters.' : `None among those looked at, of about ${approximateCount}. Look again.`)];
  }
  const time = (iso) => (iso ? new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' }) : '');
  return [count, wide('Dead letters', ['Failed', 'Location', 'Case', 'Reason and what to do', 'Event'], list.map((d) => ({
    cells: [
      short(time(d.failedAt)), short(d.locationId), short(d.caseId), h('div', {}, h('code', {}, d.errorCode), h('div', {}, d.errorMessage)),
      h('span', { class: 'id' }, d.eventId ?? d.messageId),
    ],
  })))];
}
