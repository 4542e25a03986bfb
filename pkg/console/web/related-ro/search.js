// The part of <related-ro-search>: finds cases by the numbers of their own or related ROs.
import { numbersIn } from './asked.js';
import { call } from './api.js';
import { learn, t } from './session.js';
import { h, table } from './dom.js';
import { caseLink, copyButton, csvButton } from './controls.js';
import { known } from './parts.js';
import { texts } from './search-texts.js';

const PAUSE = 200; // ms without a key press before a search starts
const SHORTEST = 2; // characters, the API's minimum for a prefix
const HITS = 2; // hits shown per case; the case's list highlights all of them
const KEPT = 'relatedROSearch'; // key of the search in the page's history entry, so that Back restores it

learn(texts);

/** The search field and its results. */
export class Part {
  #timer;
  #asked = '';
  #whole = false;

  constructor(element) {
    this.element = element;
    const kept = history.state?.[KEPT];
    if (kept?.of !== element.locationId) return;
    this.#asked = this.#input.value = kept.asked;
    this.#whole = this.#box.checked = kept.whole;
  }

  reset() {
    this.found = this.cursors = undefined; // found: cases with their hits, in the order of the results
  }

  get #numbers() { return numbersIn(this.#asked); }

  get #short() {
    const numbers = this.#numbers;
    return numbers.length === 0 || numbers.some((ro) => ro.length < (this.#whole ? 1 : SHORTEST));
  }

  async read(signal) {
    if (this.#short) return this.reset();
    return Object.assign(this, await this.#pages(this.#numbers.map((ro) => ({ ro })), [], signal));
  }

  known() { this.element.say(this.found ? this.#summary() : ''); }

  /** Fetches the next page of each number that has one, and appends it to the results so far. */
  async #pages(cursors, found, signal) {
    const pages = await Promise.all(cursors.map(async ({ ro, cursor }) => {
      const query = new URLSearchParams({ ro, match: this.#whole ? 'exact' : 'prefix', ...(cursor && { cursor }) });
      for (const id of this.element.locationId.split(/[\s,]+/).filter(Boolean)) query.append('locationId', id);
      return { ro, ...(await call('GET', `/search?${query}`, { signal })).data };
    }));
    const byCase = new Map(found.map((f) => [`${f.case.locationId} ${f.case.caseId}`, { ...f, numbers: new Map(f.numbers) }]));
    for (const { roNumber, as, case: c } of pages.flatMap((page) => page.matches)) {
      const id = `${c.locationId} ${c.caseId}`;
      if (!byCase.has(id)) byCase.set(id, { case: c, numbers: new Map() });
      byCase.get(id).numbers.set(roNumber, as);
    }
    return { found: [...byCase.values()], cursors: pages.filter((page) => page.cursor).map(({ ro, cursor }) => ({ ro, cursor })) };
  }

  #more() {
    const before = this.found;
    return this.element.attempt(async () => {
      const next = await this.#pages(this.cursors, before);
      if (this.found === before) Object.assign(this, next); // unless the search has changed meanwhile
    }, () => {
      this.#rows()[before.length]?.focus();
      this.known();
    });
  }

  #typed() {
    this.#asked = this.#input.value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), PAUSE);
  }

  #search() {
    history.replaceState({ ...history.state, [KEPT]: { of: this.element.locationId, asked: this.#asked, whole: this.#whole } }, '');
    this.element.restart();
  }

  /**
   * Pastes several lines as a list. A one-line field would drop the line breaks and join two
   * numbers into one.
   */
  #pasted(e) {
    const text = e.clipboardData?.getData('text') ?? '';
    if (!/[\r\n\t]/.test(text.trim())) return;
    e.preventDefault();
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.setRangeText(text.trim().split(/[\r\n\t]+/).join(', '), selectionStart, selectionEnd, 'end');
    this.#typed();
  }

  #summary() {
    if (this.found.length === 0) return t('search.empty', { ro: this.#numbers.join(', ') });
    return t(this.cursors.length ? 'search.more' : 'search.count', { count: this.found.length });
  }

  #rows = () => [...this.element.shadowRoot.querySelectorAll('tbody .link')];

  #key(e) {
    const rows = this.#rows();
    const at = rows.indexOf(this.element.shadowRoot.activeElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? NaN : 0, End: at < 0 ? NaN : rows.length - 1 }[e.key];
    if (this.element.shadowRoot.activeElement && at < 0 && this.element.shadowRoot.activeElement !== this.#input) return;
    if (e.key === 'Escape' && at >= 0) this.#input.focus();
    else if (move === -1 && at === 0) this.#input.focus();
    else if (rows[move]) rows[move].focus();
    else return;
    e.preventDefault();
  }

  // The field stays the same node over redraws, so that the caret is not lost while typing.
  #input = h('input', {
    id: 'ro', type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 1000, 'aria-describedby': 'hint', 'data-key': 'ro',
    input: () => this.#typed(), paste: (e) => this.#pasted(e),
  });
  #box = h('input', {
    type: 'checkbox', 'data-key': 'whole',
    change: (e) => { this.#whole = e.target.checked; this.#search(); },
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
    if (this.element.failure) return this.element.problem(this.element.failure);
    if (this.#short) return '';
    if (!this.found) return this.element.loading(2);
    if (this.found.length === 0) return h('p', { class: 'faint' }, this.#summary());
    const heads = this.#heads();
    return [
      h('div', { class: 'line' }, h('span', { class: 'faint' }, this.#summary()), this.#csv(heads)),
      table(t('search.caption'), heads, this.found.map((m, i) => ({ cells: this.#cells(m, i) }))),
      this.element.refusal(),
      this.cursors.length > 0 && h('button', { class: 'plain', type: 'button', 'data-key': 'page', click: () => this.#more() }, t('more')),
    ];
  }

  get #several() { return new Set(this.found.map((f) => f.case.locationId)).size > 1 || !/^[\w.-]*$/.test(this.element.locationId) || !this.element.locationId; }

  #heads = () => ['ro', 'case', 'own', ...(this.#several ? ['location'] : []), 'list'].map((name) => t(`search.${name}`));

  #csv(heads) {
    return csvButton('related-ro-search', heads, () => this.found.map(({ case: c, numbers }) => [[...numbers.keys()].join(' '), c.caseNumber ?? c.caseId, c.roNumber,
      ...(this.#several ? [c.locationId] : []), (c.relatedRos ?? []).map((ro) => ro.roNumber).join(' ') || known(c)]));
  }

  #cells({ case: c, numbers }, i) {
    const related = h('related-ro-cell', { 'location-id': c.locationId, 'case-id': c.caseId });
    related.case = c;
    related.sought = [...numbers.keys()];
    return [
      h('ul', { class: 'hits' }, [...numbers].slice(0, HITS).map(([ro, as]) => h('li', {},
        h('span', { class: 'withcopy' }, this.#marked(ro), copyButton(this.element, ro)), h('small', {}, t(`search.${as}`)))),
      numbers.size > HITS && h('li', {}, h('small', {}, `+${numbers.size - HITS}`))),
      caseLink(this.element, c, `row ${i}`),
      c.roNumber && h('span', { class: 'num' }, c.roNumber),
      this.#several && h('span', {}, c.locationId),
      related,
    ].filter((cell) => cell !== false);
  }

  /** The number with the searched prefix highlighted. */
  #marked(ro) {
    const begin = this.#numbers.find((asked) => ro.startsWith(asked)) ?? '';
    return h('span', { class: 'num' }, begin && h('mark', {}, begin), ro.slice(begin.length));
  }
}
