// <related-ro-search>: find cases by an RO number, their own or a related one (placement P4).
import { call } from './api.js';
import { t } from './session.js';
import { h, table } from './dom.js';
import { RelatedElement, caseButton } from './element.js';

const PAUSE = 200; // ms without a key before asking
const SHORTEST = 2; // characters, the API's limit for a beginning

export class RelatedROSearch extends RelatedElement {
  static observedAttributes = ['location-id'];
  #timer;
  #ro = '';
  #whole = false;

  reset() {
    this.found = this.cursor = this.failure = undefined;
  }

  async read(signal) {
    return this.#short ? { found: undefined, cursor: undefined } : this.#page(undefined, signal);
  }

  known() { this.say(this.found ? this.#summary() : ''); }

  get #short() { return this.#ro.length < (this.#whole ? 1 : SHORTEST); }

  async #page(cursor, signal) {
    const query = new URLSearchParams({
      locationId: this.locationId, ro: this.#ro, match: this.#whole ? 'exact' : 'prefix', ...(cursor && { cursor }),
    });
    const { data } = await call('GET', `/search?${query}`, { signal });
    return { found: data.matches, cursor: data.cursor };
  }

  async #more() {
    const before = this.found;
    try {
      const { found, cursor } = await this.#page(this.cursor);
      if (this.found !== before) return; // something else was typed meanwhile
      Object.assign(this, { found: [...before, ...found], cursor });
    } catch (err) {
      this.failure = err;
    }
    this.redraw();
    this.#rows()[before.length]?.focus();
    this.known();
  }

  #typed(value) {
    this.#ro = value.trim();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.restart(), PAUSE);
  }

  #summary() {
    if (this.found.length === 0) return t('search.empty', { ro: this.#ro });
    return t(this.cursor ? 'search.more' : 'search.count', { count: this.found.length });
  }

  #rows = () => [...this.shadowRoot.querySelectorAll('tbody button.link')];

  #key(e) {
    const rows = this.#rows();
    const at = rows.indexOf(this.shadowRoot.activeElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? NaN : 0, End: at < 0 ? NaN : rows.length - 1 }[e.key];
    if (e.key === 'Escape' && at >= 0) this.#input.focus();
    else if (move === -1 && at === 0) this.#input.focus();
    else if (rows[move]) rows[move].focus();
    else return;
    e.preventDefault();
  }

  // The field outlives every redraw, or typing would lose its caret.
  #input = h('input', {
    id: 'ro', type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 32, 'aria-describedby': 'hint', 'data-key': 'ro',
    input: (e) => this.#typed(e.target.value),
  });
  #box = h('input', {
    type: 'checkbox', 'data-key': 'whole',
    change: (e) => { this.#whole = e.target.checked; this.restart(); },
  });

  draw() {
    return h('div', { class: 'search', keydown: (e) => this.#key(e) },
      h('div', { class: 'ask' },
        h('label', { for: 'ro' }, t('search.label')), this.#input,
        h('label', { class: 'check' }, this.#box, t('search.whole')),
        h('small', { id: 'hint' }, t('search.hint'))),
      this.#results());
  }

  #results() {
    if (this.failure) return this.problem(this.failure);
    if (this.#short) return '';
    if (!this.found) return this.loading(2);
    if (this.found.length === 0) return h('p', { class: 'faint' }, this.#summary());
    return [
      h('p', { class: 'faint' }, this.#summary()),
      table(t('search.caption'), this.#heads(), this.found.map((m, i) => ({ cells: this.#cells(m, i) }))),
      this.cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'page', click: () => this.#more() }, t('more')),
    ];
  }

  #heads = () => ['ro', 'as', 'case', 'related'].map((name) => t(`search.${name}`));

  #cells({ roNumber, as, case: c }, i) {
    const related = h('related-ro-cell', { 'location-id': c.locationId, 'case-id': c.caseId });
    related.case = c;
    return [
      this.#marked(roNumber),
      as === 'own' ? t('search.own') : t('search.asRelated', { ro: c.roNumber }),
      caseButton(this, c, `row ${i}`, c.caseNumber || c.caseId),
      related,
    ];
  }

  /** The number with what was typed of it marked. */
  #marked(ro) {
    const n = ro.startsWith(this.#ro) ? this.#ro.length : 0;
    return h('span', { class: 'num' }, n > 0 && h('mark', {}, ro.slice(0, n)), ro.slice(n));
  }
}
