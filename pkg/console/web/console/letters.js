// The dead letters of one queue: list, redrive, delete.
import { h } from '../related-ro/dom.js';
import { section, short, time, wide } from './layout.js';
import { session } from './session.js';

const LOOKS = [1000, 2000, 3000, 5000, 8000]; // ms between checks of redriven messages
const MOST = 100; // cases per check, the API's limit

/** The section of a queue: all its dead letters, or those of one location. */
export function deadLetters(queue, of = '') {
  const body = h('div', { class: 'stack' }, h('p', { class: 'hint' }, 'Loading…'));
  const said = h('p', { class: 'said', role: 'status' });
  let list = [];
  const load = async () => {
    try {
      const answer = await session.call('GET', `/operations/dead-letters?queue=${queue}`);
      list = answer.deadLetters.filter((letter) => !of || letter.locationId === of);
      body.replaceChildren(...letters({ ...answer, deadLetters: list }, of, one));
    } catch (err) {
      body.replaceChildren(h('p', { class: 'wrong', role: 'alert' }, err.message), h('button', { type: 'button', click: load }, 'Try again'));
    }
  };
  const change = async (path, what, sentence) => {
    said.textContent = 'Asking…';
    try {
      said.textContent = sentence(await session.call('POST', `/operations/dead-letters/${path}`, { queue, ...what }));
    } catch (err) {
      said.textContent = err.message;
      return false;
    } finally {
      await load();
    }
    return true;
  };
  const redrive = async (what, concerned) => {
    const done = await change('redrive', what, ({ moved, approximateLeft }) => `${moved} sent back to the ${queue} queue, about ${approximateLeft} left.`);
    if (done && concerned.length > 0) await follow(concerned, (outcome) => { said.textContent = outcome; }, said.textContent);
    if (done) await load();
  };
  const one = (letter) => [
    h('button', { type: 'button', 'data-redrive': letter.messageId, click: () => redrive({ messageIds: [letter.messageId] }, [letter]) }, 'Redrive'),
    h('button', { type: 'button', 'data-delete': letter.messageId, click: () => {
      if (!confirm(`Delete this message of ${letter.caseId ?? 'no case'} for good? It is not sent back, and cannot be brought back.`)) return;
      change('delete', { messageIds: [letter.messageId] }, ({ deleted, approximateLeft }) => `${deleted} deleted, about ${approximateLeft} left.`);
    } }, 'Delete'),
  ];
  const place = h('input', { id: `place-${queue}`, maxlength: 64, spellcheck: 'false', value: of });
  const all = (e) => {
    e.preventDefault();
    const locationId = place.value.trim();
    const concerned = list.filter((letter) => !locationId || letter.locationId === locationId);
    if (!confirm(`Send the dead letters of ${locationId || 'all locations'} back to the ${queue} queue? ${concerned.length} are listed.`)) return;
    redrive(locationId ? { locationId } : {}, concerned);
  };
  load();
  return section(`Dead letters: ${queue}`, body,
    h('form', { class: 'inline', submit: all },
      h('label', { for: `place-${queue}` }, 'Only of location (empty: all)'), place,
      h('button', { type: 'submit' }, 'Redrive'), h('button', { type: 'button', click: load }, 'Look again')),
    said);
}

/**
 * Reports how many cases of the redriven messages have been fetched, until all have or the checks
 * end.
 */
async function follow(sent, tell, before) {
  const cases = sent.filter((letter) => letter.locationId && letter.caseId).slice(0, MOST).map(({ locationId, caseId }) => ({ locationId, caseId }));
  if (cases.length === 0) return;
  for (const pause of LOOKS) {
    await new Promise((done) => setTimeout(done, pause));
    const { cases: now } = await session.call('POST', '/related-ros/batch-get', { cases });
    const fetched = now.filter((c) => c.retrieval?.outcome === 'ok').length;
    tell(`${before} ${fetched} of ${cases.length} cases fetched${fetched < cases.length ? ', the others not yet' : ''}.`);
    if (fetched === cases.length) return;
  }
}

function letters({ deadLetters: list, approximateCount, complete }, of, buttons) {
  const where = of && ` of ${of}`;
  const count = h('p', { class: 'hint' }, complete ? `${list.length}${where} in all.` : `${list.length}${where} of about ${approximateCount}.`);
  if (!list.length) {
    return [h('p', { class: 'hint' }, complete ? `No dead letters${where}.` : `None among those looked at, of about ${approximateCount}. Look again.`)];
  }
  return [count, wide('Dead letters', ['Failed', 'Location', 'Case', 'Reason and what to do', 'Event', 'Actions'], list.map((d) => ({
    cells: [
      short(time(d.failedAt)), short(d.locationId), short(d.caseId), h('div', {}, h('code', {}, d.errorCode), h('div', {}, d.errorMessage)),
      h('span', { class: 'id' }, d.eventId ?? d.messageId), h('div', { class: 'inline' }, buttons(d)),
    ],
  })))];
}
