// <asset-related-ros>: the cases of an asset, under each a row with its related ROs (placement P2).
import { call } from './api.js';
import { path, t } from './session.js';
import { h } from './dom.js';
import { RelatedElement, caseButton, copyButton } from './element.js';
import { billMark, caseState, fetched, none, number, stateMark, warnings } from './parts.js';

export class AssetRelatedROs extends RelatedElement {
  static observedAttributes = ['location-id', 'asset-id'];

  get assetId() { return this.getAttribute('asset-id') ?? ''; }

  reset() {
    this.cases = this.cursor = this.failure = undefined;
  }

  read(signal) { return this.#page(undefined, signal); }

  async #page(cursor, signal) {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : '';
    const { data } = await call('GET', path`/locations/${this.locationId}/assets/${this.assetId}/related-ros` + query, { signal });
    return { cases: data.cases, cursor: data.cursor };
  }

  async #more() {
    const before = this.cases;
    try {
      const { cases, cursor } = await this.#page(this.cursor);
      if (this.cases !== before) return; // read anew meanwhile
      Object.assign(this, { cases: [...before, ...cases], cursor, failure: undefined });
    } catch (err) {
      this.failure = err;
    }
    this.redraw();
    this.shadowRoot.querySelectorAll('.caseline button')[before.length]?.focus();
  }

  draw() {
    if (!this.cases) return this.failure ? this.problem(this.failure) : this.loading(3);
    if (this.cases.length === 0) return h('p', { class: 'faint' }, t('asset.empty'));
    return [
      h('ul', { class: 'cases', 'aria-label': t('asset.caption') }, this.cases.map((c) => this.#case(c))),
      this.failure && this.problem(this.failure),
      this.cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'page', click: () => this.#more() }, t('more')),
    ];
  }

  #case(c) {
    const related = c.relatedRos ?? [];
    return h('li', {},
      h('div', { class: 'caseline' },
        caseButton(this, c, `case ${c.caseId}`, t('asset.case', { number: c.caseNumber || c.caseId })),
        c.roNumber && h('span', { class: 'num' }, t('asset.ro', { ro: c.roNumber })),
        h('span', { class: 'faint' }, caseState(c))),
      h('div', { class: 'relatedline' },
        h('span', { class: 'label' }, t('related.label')),
        related.length === 0
          ? h('span', { class: 'faint' }, none(c))
          : h('ul', {}, related.map((ro) => h('li', {},
            h('span', { class: 'withcopy' }, number(ro), copyButton(this, ro.roNumber)), stateMark(ro), billMark(ro)))),
        h('small', {}, fetched(c))),
      warnings(c));
  }
}
