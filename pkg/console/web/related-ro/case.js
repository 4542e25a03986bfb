// <related-ros>: one case, its RO and the related ROs (placements P1 and P5).
import { call, notRetrieved } from './api.js';
import { path, rights, t } from './session.js';
import { h, icon, table } from './dom.js';
import { RelatedElement, caseButton, copyButton, note } from './element.js';
import { billMark, brief, date, fetched, none, number, stateMark, warnings } from './parts.js';
import { familyTree } from './tree.js';

const POLLS = [700, 1000, 1500, 2000, 3000, 4000, 5000, 5000, 8000]; // ms between looks for an answer after a refresh: half a minute in all
const PATIENT = 15000; // ms between looks later on, and at a case that is being retried

export class RelatedROs extends RelatedElement {
  static observedAttributes = ['location-id', 'case-id', 'readonly'];

  reset() {
    this.case = this.never = this.off = this.failure = undefined;
    this.mayRefresh = this.asked = undefined; // asked: {eventId, before, tries} while a refresh of ours is under way
  }

  async read(signal) {
    const mayRefresh = !this.hasAttribute('readonly') && (await rights()).staff;
    try {
      const { data } = await call('GET', path`/locations/${this.locationId}/cases/${this.caseId}/related-ros`, { signal });
      return { case: data, never: false, off: data.featureStatus === 'DISABLED', mayRefresh };
    } catch (err) {
      if (!notRetrieved(err)) throw err;
      const { data } = await call('GET', path`/locations/${this.locationId}/external-interfaces`, { signal });
      return { case: undefined, never: true, off: data.status === 'DISABLED', mayRefresh };
    }
  }

  /** Looks again later while something is under way. */
  known() {
    const { eventId, outcome } = this.case?.retrieval ?? {};
    // An export or a close may overtake a refresh that takes long.
    if (eventId && (eventId === this.asked?.eventId || (this.#slow && eventId !== this.asked.before))) {
      this.asked = undefined;
      if (outcome === 'ok') this.say(t('refresh.done'));
    }
    if (this.asked) this.later(() => this.reload(), POLLS[this.asked.tries++] ?? PATIENT);
    else if (outcome === 'retrying') this.later(() => this.reload(), PATIENT);
    if (this.#slow) this.say(t('refresh.slow'));
  }

  /** Whether our refresh takes longer than people wait for. */
  get #slow() { return this.asked?.tries > POLLS.length; }

  async #refresh() {
    const asked = { tries: 0, before: this.case?.retrieval.eventId };
    this.asked = asked;
    this.failure = undefined;
    this.redraw();
    const body = {};
    for (const [field, attribute] of [['roNumber', 'ro-number'], ['caseNumber', 'case-number'], ['assetId', 'asset-id']]) {
      if (this.never && this.getAttribute(attribute)) body[field] = this.getAttribute(attribute);
    }
    try {
      const { data } = await call('POST', path`/locations/${this.locationId}/cases/${this.caseId}/refresh`, { body });
      asked.eventId = data.eventId;
      this.reload();
    } catch (err) {
      if (this.asked !== asked) return; // it is about another case by now
      this.asked = undefined;
      this.failure = err;
      this.redraw();
    }
  }

  draw() {
    if (!this.case) {
      if (this.failure) return this.problem(this.failure);
      return this.never ? [note('info', 'info', t(this.off ? 'disabled' : 'never')), this.#foot()] : this.loading(3);
    }
    const c = this.case;
    const related = c.relatedRos ?? [];
    return [
      h('div', { class: 'fields' },
        h('dl', {}, h('dt', {}, t('own.label')),
          h('dd', { class: 'own' }, c.roNumber ? [h('span', { class: 'num' }, c.roNumber), copyButton(this, c.roNumber)] : t('own.unknown'))),
        h('dl', {}, h('dt', {}, t('related.label')),
          h('dd', { class: 'numbers' }, related.length ? related.slice(0, 12).map((ro) => brief(ro)) : none(c),
            related.length > 12 && `+${c.relatedCount - 12}`))),
      this.failure && this.problem(this.failure),
      warnings(c),
      related.length > 0 && this.#table(c, related),
      c.truncated && note('info', 'info', t('related.cut', { shown: related.length, count: c.relatedCount })),
      related.length > 1 && familyTree(c),
      this.#foot(),
    ];
  }

  #table(c, related) {
    const heads = ['ro', 'relation', 'status', 'bill', 'opened', 'invoice', 'cases'].map((name) => t(`column.${name}`));
    return table(t('related.caption', { ro: c.roNumber }), heads,
      related.map((ro) => ({ cells: this.#cells(ro), class: ro.voided && 'void' })));
  }

  #cells(ro) {
    return [
      h('span', { class: 'withcopy' }, number(ro), copyButton(this, ro.roNumber)),
      [h('span', {}, t(`relation.${ro.relation}`)), ro.originalRoNumber && h('small', {}, t('relation.from', { ro: ro.originalRoNumber }))],
      stateMark(ro),
      [billMark(ro), ro.billTo && h('small', {}, ro.billTo)],
      date(ro.openedAt),
      [ro.invoiceNumber && h('span', {}, ro.invoiceNumber), ro.invoicedAt && h('small', {}, date(ro.invoicedAt))],
      (ro.linkedCases ?? []).map((link) => caseButton(this, { locationId: this.locationId, ...link },
        `case ${ro.roNumber} ${link.caseId}`, link.caseNumber || link.caseId)),
    ];
  }

  #foot() {
    const when = this.case ? fetched(this.case) : '';
    const offered = this.mayRefresh && (this.case || this.getAttribute('ro-number')) && !this.off;
    const busy = this.asked && !this.#slow;
    return [
      this.#slow && note('wait', 'waiting', t('refresh.slow')),
      (when || offered) && h('div', { class: 'foot' }, h('span', {}, when),
        offered && h('button', {
          class: 'plain', type: 'button', 'data-key': 'refresh', 'aria-disabled': busy ? 'true' : undefined,
          click: () => busy || this.#refresh(),
        }, icon('refresh'), t(busy ? 'refresh.busy' : 'refresh'))),
    ];
  }
}
