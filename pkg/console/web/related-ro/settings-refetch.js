// Fetches a whole location again, page by page. Offered when lists may be missing or come from
// another account.
import { call } from './api.js';
import { path, t } from './session.js';
import { h } from './dom.js';
import { note } from './controls.js';

/** Fetches a location again and shows the progress. redraw is called after each step. */
export class Refetch {
  constructor(locationId, redraw) {
    Object.assign(this, { locationId, redraw, queued: 0, left: undefined, cursor: undefined, state: 'offered' });
  }

  /** Queues the cases page by page. After a failure it continues with the page that failed. */
  async start() {
    if (this.state === 'running') return;
    this.step({ state: 'running', failure: undefined });
    try {
      do {
        const { data } = await call('POST', path`/locations/${this.locationId}/refetch`, { body: this.cursor ? { cursor: this.cursor } : {} });
        this.step({ queued: this.queued + data.queued, left: data.left, cursor: data.cursor });
      } while (this.cursor);
      this.step({ state: 'done' });
    } catch (err) {
      this.step({ state: 'failed', failure: err.message });
    }
  }

  step(change) {
    Object.assign(this, change);
    this.redraw();
  }

  draw() {
    const { state, queued, left } = this;
    if (state === 'done') return note('good', 'done', queued ? t('refetch.done', { count: queued }) : t('refetch.none'));
    const known = left !== undefined;
    return h('div', { class: 'refetch' },
      h('p', {}, t('refetch.why')),
      state === 'failed' && note('bad', 'warning', this.failure),
      (state === 'running' || known) && h('div', { class: 'busy' },
        h('progress', { 'aria-label': t('refetch.label'), ...(known && { max: queued + left, value: queued }) }),
        h('span', { role: 'status' }, known ? t('refetch.left', { queued, left }) : t('refetch.running'))),
      state !== 'running' && h('button', { class: 'plain', type: 'button', 'data-key': 'refetch', click: () => this.start() },
        t(state === 'failed' ? 'refetch.goOn' : 'refetch.start')));
  }
}
