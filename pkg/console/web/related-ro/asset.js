// <asset-related-ros>: the cases of an asset, each with a row of its related ROs (placement P2).
import { call } from './api.js';
import { path, t } from './session.js';
import { h } from './dom.js';
import { RelatedElement } from './element.js';
import { caseLink, copyAll, copyButton, csvButton } from './controls.js';
import { billed, caseState, cases, columns, cut, fetched, known, newFirst, newMark, number, stateMark, warning, withCases } from './parts.js';

const SHOWN = 6; // related ROs shown per case; the rest is folded

export class AssetRelatedROs extends RelatedElement {
  static observedAttributes = ['location-id', 'asset-id'];
  static needs = ['location-id', 'asset-id'];

  reset() {
    this.cases = this.cursor = this.notApplicable = undefined;
    this.detailed = new Map(); // cases with the linked cases of their related ROs, by id
  }

  read(signal) { return this.#page(undefined, signal); }

  async #page(cursor, signal) {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : '';
    const { data } = await call('GET', path`/locations/${this.locationId}/assets/${this.assetId}/related-ros` + query, { signal });
    return { cases: data.cases, cursor: data.cursor, notApplicable: data.notApplicable };
  }

  #more() {
    const before = this.cases;
    return this.attempt(async () => {
      const page = await this.#page(this.cursor);
      if (this.cases === before) Object.assign(this, page, { cases: [...before, ...page.cases] }); // unless the list was read again meanwhile
    }, () => this.shadowRoot.querySelectorAll('.caseline .link')[before.length]?.focus());
  }

  #link(c) {
    return this.attempt(async () => {
      const { detailed } = this;
      const found = await withCases(c);
      detailed.set(c.caseId, found);
      if (!found.relatedRos.some((ro) => ro.linkedCases?.length)) this.say(t('cases.none'));
    });
  }

  draw() {
    if (!this.cases) return this.failure ? this.problem(this.failure) : this.loading(3);
    if (this.cases.length === 0) return h('p', { class: 'faint' }, t(this.notApplicable ? 'notApplicable.why' : 'asset.empty'));
    const lists = this.cases.map((c) => c.relatedRos ?? []).filter((list) => list.length);
    return [
      this.failure && this.problem(this.failure),
      h('ul', { class: 'cases', 'aria-label': t('asset.caption') }, this.cases.map((c) => this.#case(c))),
      h('div', { class: 'line' }, lists.length > 1 && copyAll(this, [...new Set(lists.flat().map((ro) => ro.roNumber))]),
        csvButton(`related-ro-${this.assetId}`, [t('column.case'), t('own.label'), ...columns()], () => this.#rows())),
      this.refusal(),
      this.cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'page', click: () => this.#more() }, t('more')),
    ];
  }

  /** The list as the rows of a file. */
  async #rows() { return (await import('./rows.js')).ofCases(this.cases.map((c) => this.detailed.get(c.caseId) ?? c)); }

  #case(c) {
    const looked = this.lookedBefore(c);
    const related = newFirst(c.relatedRos ?? [], looked);
    return h('li', {},
      h('div', { class: 'caseline' },
        caseLink(this, c, `case ${c.caseId}`, t('asset.case', { number: c.caseNumber || c.caseId })),
        c.roNumber && h('span', { class: 'withcopy' }, h('span', { class: 'num' }, t('asset.ro', { ro: c.roNumber })), copyButton(this, c.roNumber)),
        h('span', { class: 'faint' }, caseState(c))),
      h('div', { class: 'relatedline' },
        h('span', { class: 'label' }, t('related.label')), h('span', { class: 'faint' }, known(c)),
        related.length > 1 && copyAll(this, related.map((ro) => ro.roNumber)),
        related.length > 0 && this.#list(c, related, looked),
        h('small', {}, fetched(c)), cut(c)),
      warning(c));
  }

  #list(c, related, looked) {
    const detailed = this.detailed.get(c.caseId);
    const links = new Map(detailed?.relatedRos.map((ro) => [ro.roNumber, ro]));
    const [shown, rest] = this.fold(`related ${c.caseId}`, related, SHOWN, 'fold.more');
    return [
      h('ul', {}, shown.map((ro) => h('li', {},
        h('span', { class: 'withcopy' }, number(ro), copyButton(this, ro.roNumber)), newMark(ro, looked), stateMark(ro), billed(ro),
        cases(this, c.locationId, links.get(ro.roNumber) ?? ro)))),
      rest,
      detailed ? !detailed.relatedRos.some((ro) => ro.linkedCases?.length) && h('small', {}, t('cases.none'))
        : h('button', { class: 'link', type: 'button', 'data-key': `links ${c.caseId}`, click: () => this.#link(c) }, t('cases.show')),
    ];
  }
}
