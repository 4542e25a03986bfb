// <related-ros>: one case, its RO and the related ROs (placements P1 and P5).
import { ApiError, call, notRetrieved } from './api.js';
import { path, rights, t } from './session.js';
import { h, icon, table } from './dom.js';
import { RelatedElement } from './element.js';
import { copyAll, copyButton, csvButton, note } from './controls.js';
import { billed, cases, columns, cut, date, expected, fetched, known, newFirst, newMark, number, stateMark, stateOf, warning } from './parts.js';
import { familyTree } from './tree.js';

// ms between polls after a refresh, which takes 0.4 s or a little more if the family has not changed; half a minute in total
const POLLS = [415, 30, 40, 60, 100, 200, 400, 600, 1000, 2000, 3000, 4000, 5000, 5000, 8000];
const PATIENT = 15000; // ms between polls after that, and of a case that is being retried
const FOLLOWED = 120000; // ms between polls of a case that is followed
const ROWS = 10; // rows shown in the table; the rest is folded

export class RelatedROs extends RelatedElement {
  static observedAttributes = ['location-id', 'case-id', 'readonly'];
  static needs = ['location-id', 'case-id'];
  #past; // the history of retrievals while it is open
  #soon; // time in ms until which a refresh is refused as too soon
  #tick;

  reset() {
    this.case = this.never = this.off = this.notApplicable = undefined;
    this.#past = undefined;
    this.mayRefresh = this.asked = this.#soon = undefined; // asked: {eventId, before, tries} while a refresh from this element is in progress
  }

  async read(signal) {
    const mayRefresh = !this.readonly && (await rights()).staff;
    try {
      const { data } = await call('GET', path`/locations/${this.locationId}/cases/${this.caseId}/related-ros`, { signal });
      return { case: data, never: false, off: data.featureStatus === 'DISABLED', mayRefresh };
    } catch (err) {
      if (!notRetrieved(err)) throw err;
      const { data } = await call('GET', path`/locations/${this.locationId}/external-interfaces`, { signal });
      return { case: undefined, never: true, off: data.status === 'DISABLED', notApplicable: data.dms === 'SINGLE_RO', mayRefresh };
    }
  }

  /** Schedules the next read, and reports the end of a refresh. */
  known() {
    if (this.case) this.lookedBefore({}); // before the host records this as a look
    this.#past?.known();
    const { eventId, outcome } = this.case?.retrieval ?? {};
    // An export or a close may finish before a slow refresh.
    if (eventId && (eventId === this.asked?.eventId || (this.#slow && eventId !== this.asked.before))) {
      this.asked = undefined;
      if (outcome === 'ok') this.say(t('refresh.done'));
    }
    if (this.asked) this.later(() => this.reload(), POLLS[this.asked.tries++] ?? PATIENT);
    else if (outcome === 'retrying') this.later(() => this.reload(), PATIENT);
    else if (this.case?.retrieval.checkedAt) this.later(() => this.reload(), FOLLOWED);
    if (this.#slow) this.say(t('refresh.slow'));
  }

  /** Whether the refresh takes longer than people wait. */
  get #slow() { return this.asked?.tries > POLLS.length; }

  #refresh() {
    return this.attempt(async () => {
      const asked = { tries: 0, before: this.case?.retrieval.eventId };
      this.asked = asked;
      this.redraw();
      const body = {};
      for (const field of ['roNumber', 'caseNumber', 'assetId']) if (this.never && this[field]) body[field] = this[field];
      try {
        const { data } = await call('POST', path`/locations/${this.locationId}/cases/${this.caseId}/refresh`, { body });
        asked.eventId = data.eventId;
        this.reload();
      } catch (err) {
        if (this.asked !== asked) return; // the element shows another case now
        this.asked = undefined;
        if (err.problem?.type !== 'too-soon') throw err;
        this.#soon = Date.now() + err.retryAfter * 1000;
        this.say(this.#wait());
      }
    });
  }

  draw() {
    if (!this.case) {
      if (this.failure) return this.problem(this.failure);
      return this.never ? [note('info', 'info', t(this.notApplicable ? 'notApplicable.why' : this.off ? 'disabled' : 'never')), this.refusal(), this.#foot()] : this.loading(3);
    }
    const c = this.case;
    const related = c.relatedRos ?? [];
    const open = related.filter((ro) => stateOf(ro) === 'open').length;
    return [
      h('div', { class: 'fields' },
        h('dl', {}, h('dt', {}, t('own.label')),
          h('dd', { class: 'own' }, c.roNumber ? [h('span', { class: 'num' }, c.roNumber), copyButton(this, c.roNumber)] : t('own.unknown'))),
        h('dl', {}, h('dt', {}, t('related.label')),
          h('dd', { class: 'numbers' }, h('span', {}, known(c)), open > 0 && h('span', { class: 'mark open' }, icon('open'), t('related.open', { count: open })),
            related.length > 1 && copyAll(this, related.map((ro) => ro.roNumber))))),
      this.failure && this.problem(this.failure),
      warning(c),
      related.length > 0 && this.#table(c, related),
      cut(c),
      expected(c),
      familyTree(this, c),
      this.#history(),
      this.refusal(),
      this.#foot(),
    ];
  }

  /** The history of the case's retrievals, which is fetched only when it is opened. */
  #history() {
    return h('div', { class: 'history' }, h('div', {}, h('button', {
      class: 'link', part: 'history', type: 'button', 'data-key': 'history', 'aria-expanded': String(Boolean(this.#past)), click: () => this.#toggle(),
    }, t('past.title'), icon('down'))), this.#past?.draw());
  }

  #toggle() {
    if (!this.#past) return this.#open();
    this.#past = undefined;
    this.redraw();
  }

  #open() {
    return this.attempt(async () => {
      const opening = this.#past = { draw: () => this.loading(2), known() {} };
      this.redraw();
      try {
        const { Past } = await import('./past.js').catch(() => { throw new ApiError('offline'); });
        const past = new Past(this);
        await past.read();
        if (this.#past === opening) this.#past = past; // unless it was closed meanwhile
      } finally {
        if (this.#past === opening) this.#past = undefined;
      }
    });
  }

  #table(c, related) {
    const heads = columns();
    const looked = this.lookedBefore({});
    const [shown, rest] = this.fold('table', newFirst(related, looked), ROWS);
    return [table(t('related.caption', { ro: c.roNumber }), heads,
      shown.map((ro) => ({ cells: this.#cells(ro, looked), class: ro.voided && 'void' }))),
    h('div', { class: 'line' }, rest, csvButton(`related-ro-${c.roNumber}`, heads, async () => (await import('./rows.js')).ofCase(c)))];
  }

  #cells(ro, looked) {
    return [
      h('span', { class: 'withcopy' }, number(ro), copyButton(this, ro.roNumber), newMark(ro, looked)),
      [h('span', {}, t(`relation.${ro.relation}`)), ro.originalRoNumber && h('small', {}, t('relation.from', { ro: ro.originalRoNumber }))],
      stateMark(ro),
      billed(ro),
      date(ro.openedAt),
      [ro.invoiceNumber && h('span', {}, ro.invoiceNumber), ro.invoicedAt && h('small', {}, date(ro.invoicedAt))],
      cases(this, this.locationId, ro),
    ];
  }


  #foot() {
    const when = this.case ? fetched(this.case) : '';
    const offered = this.mayRefresh && (this.case || this.roNumber) && !this.off;
    return [
      this.#slow && note('wait', 'waiting', t('refresh.slow')),
      (when || offered) && h('div', { class: 'foot' }, h('span', {}, when), offered && this.#button()),
    ];
  }

  #button() {
    const words = h('span', {}, this.#words());
    const busy = () => (this.asked && !this.#slow) || this.#soon > Date.now();
    const button = h('button', {
      class: 'plain', part: 'refresh', type: 'button', 'data-key': 'refresh', 'aria-disabled': busy() ? 'true' : undefined,
      click: () => busy() || this.#refresh(),
    }, icon('refresh'), words);
    clearInterval(this.#tick);
    if (this.#soon > Date.now()) {
      this.#tick = setInterval(() => {
        if (!button.isConnected) return clearInterval(this.#tick);
        words.textContent = this.#words();
        if (busy()) return;
        clearInterval(this.#tick);
        button.removeAttribute('aria-disabled');
      }, 1000);
    }
    return button;
  }

  /** The text of the button. */
  #words() {
    if (this.asked && !this.#slow) return t('refresh.busy');
    return this.#soon > Date.now() ? this.#wait() : t('refresh');
  }

  #wait() { return t('refresh.wait', { count: Math.ceil((this.#soon - Date.now()) / 1000) }); }
}
