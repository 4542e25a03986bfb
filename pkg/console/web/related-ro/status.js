// <related-ro-status>: lines above a table that say why its cells are not up to date.
import { again, clock, t, textOr } from './session.js';
import { h } from './dom.js';
import { RelatedElement } from './element.js';
import { note } from './controls.js';

const cells = new Set(); // cells on the page
const lines = new Set();
let planned = false;

/** Includes a cell until the signal aborts. */
export function join(cell, signal) {
  cells.add(cell);
  signal.addEventListener('abort', () => {
    cells.delete(cell);
    told();
  });
}

/** Called when the content of a cell has changed. */
export function told() {
  if (planned || lines.size === 0) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    for (const line of lines) line.look();
  });
}

export class RelatedROStatus extends RelatedElement {
  static observedAttributes = [];
  static needs = [];

  attached(signal) {
    lines.add(this);
    signal.addEventListener('abort', () => lines.delete(this));
  }

  reset() { this.shown = undefined; }

  async read() { return {}; }

  known() { this.look(); }

  /** Redraws if the messages have changed. */
  look() {
    const troubles = [...unread(), ...outdated()];
    const shown = JSON.stringify(troubles);
    if (shown === this.shown) return;
    Object.assign(this, { troubles, shown });
    this.redraw();
  }

  draw() {
    return (this.troubles ?? []).map(({ sort, words, reads }) => note(sort, sort === 'bad' ? 'warning' : 'waiting', words,
      reads && h('button', { class: 'plain', type: 'button', 'data-key': 'again', click: again }, t('again'))));
  }
}

/** Errors of reads from the API, one line per sentence. */
function unread() {
  const failures = new Map();
  for (const { of, failure } of cells) if (failure && !of) failures.set(failure.message, failure);
  return [...failures.values()].map((err) => ({
    sort: 'bad', reads: err.passing, words: `${err.message}${err.next ? ` ${t('again.at', { time: clock(err.next) })}` : ''}`,
  }));
}

/** Errors of retrievals from Karmak, one line per reason. */
function outdated() {
  const reasons = new Map();
  for (const { of } of cells) {
    const { outcome, reason, message } = of?.retrieval ?? {};
    if ((outcome !== 'failed' && outcome !== 'retrying') || of.featureStatus === 'DISABLED') continue;
    const key = `${outcome} ${reason}`;
    const entry = reasons.get(key) ?? { sort: outcome === 'failed' ? 'bad' : 'wait', outcome, said: textOr(`reason.${reason}`, message), count: 0 };
    entry.count++;
    reasons.set(key, entry);
  }
  return [...reasons.values()].map(({ sort, outcome, said, count }) => ({ sort, words: `${t(`status.cases.${outcome}`, { count })} ${said}` }));
}
