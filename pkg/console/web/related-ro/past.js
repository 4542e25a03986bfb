// The history of retrievals of <related-ros>, loaded when a history is first opened.
import { call } from './api.js';
import { learn, path, t, textOr, time } from './session.js';
import { h, table } from './dom.js';
import { note } from './controls.js';
import { texts } from './past-texts.js';

const ROWS = 10; // rows shown; the rest is folded
const KINDS = ['added', 'invoiced', 'voided', 'changed', 'gone'];

learn(texts);

/** The results of the retrievals of an element's case. */
export class Past {
  #of; // the newest retrieval when the history was read

  constructor(element) { this.element = element; }

  get #newest() { return JSON.stringify({ ...this.element.case?.retrieval, checkedAt: undefined }); }

  async read() {
    const { locationId, caseId } = this.element;
    this.#of = this.#newest;
    this.found = (await call('GET', path`/locations/${locationId}/cases/${caseId}/retrievals`)).data;
  }

  /**
   * Called after the case is read again: reads the history if there is a newer retrieval. The
   * current content stays until then, and also if the read fails.
   */
  known() {
    if (this.#newest !== this.#of) this.read().then(() => this.element.redraw(), () => {});
  }

  draw() {
    const { retrievals, recordedSince } = this.found;
    if (!recordedSince) return note('info', 'info', t('past.none'));
    const [shown, rest] = this.element.fold('past', retrievals, ROWS);
    return [
      h('p', { class: 'faint' }, t('past.since', { time: time(recordedSince) })),
      table(t('past.title'), ['when', 'why', 'what'].map((name) => t(`past.${name}`)), shown.map((p) => ({ cells: [when(p), why(p), what(p)] }))),
      rest,
    ];
  }
}

const when = (p) => [h('span', { class: 'date' }, time(p.at)), p.times > 1 && h('small', {}, t('past.times', { count: p.times, time: time(p.lastAt) }))];

const why = (p) => h('span', {}, textOr(`past.${p.trigger}`, t('past.other')));

function what(p) {
  if (p.outcome !== 'ok') return [h('span', {}, t(`past.${p.outcome}`)), h('small', {}, textOr(`reason.${p.reason}`, p.message))];
  const found = KINDS.filter((kind) => p[kind].roNumbers.length > 0);
  if (found.length === 0) return h('span', { class: 'faint' }, t('past.nothing'));
  return h('ul', {}, found.map((kind) => h('li', {}, t(`past.${kind}`), ' ', h('span', { class: 'num' }, numbers(p[kind])))));
}

const numbers = ({ roNumbers, more }) => roNumbers.join(', ') + (more > 0 ? ` ${t('past.more', { count: more })}` : '');
