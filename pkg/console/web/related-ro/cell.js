// <related-ro-cell>: the related ROs of a case in a table cell (placements P3 and P4).
import { fetchCase, watch } from './batch.js';
import { t, textOr } from './session.js';
import { h, icon } from './dom.js';
import { RelatedElement } from './element.js';
import { copyAll, copyButton } from './controls.js';
import { billed, cases, cut, inWords, isWarranty, known, newFirst, newMark, number, since, stateMark, stateOf, withCases } from './parts.js';
import { join, told } from './status.js';

const SHOWN = 2; // numbers shown; the rest is a count such as "+3"

export class RelatedROCell extends RelatedElement {
  static observedAttributes = ['location-id', 'case-id'];
  static needs = ['location-id', 'case-id'];
  static own = ['case', 'sought'];
  #card; // the list while it is open
  #opening; // aborts when the list is closed

  attached(signal) {
    watch(this, signal);
    join(this, signal);
    signal.addEventListener('abort', () => this.#close());
  }

  /** A case that the host already has, for example from a search. It is shown without a request. */
  set case(c) {
    this.given = this.of = c;
    this.redraw();
  }

  get case() { return this.of; }

  /** The number of open warranty ROs among the case's related ROs; undefined while unknown. */
  get openWarranty() {
    const { openWarrantyCount: count, retrieval } = this.of ?? {};
    return count || retrieval?.outcome === 'ok' ? count : undefined;
  }

  /** Numbers to show first and to highlight, such as the hits of a search. */
  set sought(numbers) {
    this.first = new Set(numbers);
    this.redraw();
  }

  get sought() { return [...this.first ?? []]; }

  reset() {
    this.of = this.given;
    this.detailed = undefined; // the case including the linked cases of its related ROs, once fetched
  }

  async read(signal) { return { of: this.given ?? await fetchCase(this, signal), detailed: undefined }; }

  draw() {
    if (!this.of) return this.failure ? h('span', { class: 'faint', title: this.failure.message }, t('cell.error')) : this.loading(1);
    const c = this.of;
    if (!c.found && !c.roNumber && !c.relatedRos) return h('span', { class: 'faint' }, t(c.notApplicable ? 'related.notApplicable' : 'cell.notFetched'));
    const first = this.first ?? new Set();
    const looked = this.lookedBefore(c);
    const related = newFirst(c.relatedRos ?? [], looked).toSorted((a, b) => first.has(b.roNumber) - first.has(a.roNumber));
    const stale = c.retrieval && c.retrieval.outcome !== 'ok';
    return h('span', { class: 'cell' },
      related.length ? related.slice(0, SHOWN).map((ro) => this.#brief(ro, first, looked)) : this.#none(c),
      related.length > 0 && this.#more(c, related),
      related.length > 0 && stale && this.#trouble(c, since(c)),
      this.#card);
  }

  /** A number with its description, on one line. */
  #brief(ro, found, looked) {
    const no = number(ro);
    return h('span', { class: 'brief' }, found.has(ro.roNumber) ? h('mark', {}, no) : no, ' ', newMark(ro, looked),
      h('span', { class: `sign ${isWarranty(ro) ? 'warranty' : stateOf(ro)}` }, isWarranty(ro) && [icon('warranty'), ' '], inWords(ro)));
  }

  #none(c) {
    if (c.notApplicable) return h('span', { class: 'faint' }, known(c));
    if (c.featureStatus === 'DISABLED' && !c.retrieval?.retrievedAt) return h('span', { class: 'faint' }, t('cell.off'));
    return c.retrieval?.outcome === 'ok' ? h('span', { class: 'faint' }, known(c)) : this.#trouble(c, known(c));
  }

  /** The date of an outdated list, with the reason as a tooltip and for screen readers. */
  #trouble(c, words) {
    const { reason, message, outcome } = c.retrieval ?? {};
    const off = c.featureStatus === 'DISABLED';
    const why = off ? t('cell.off') : outcome === 'ok' ? '' : textOr(`reason.${reason}`, message);
    return h('small', { class: 'trouble', title: why }, icon(off ? 'info' : 'waiting'), words, why && h('span', { class: 'vh' }, ` ${why}`));
  }

  #more(c, related) {
    const rest = related.slice(SHOWN);
    const open = rest.filter((ro) => stateOf(ro) === 'open').length;
    const count = (c.relatedCount ?? related.length) - Math.min(SHOWN, related.length);
    return h('button', {
      class: 'more', part: 'more', type: 'button', 'data-key': 'more', 'aria-expanded': String(this.#isOpen), 'aria-haspopup': 'dialog',
      'aria-label': count ? t('cell.more', { count }) : t('cell.details'), click: () => (this.#isOpen ? this.#close() : this.#show()),
    }, count > 0 && `+${count}${open ? ` ${t('cell.open', { count: open })}` : ''}`, icon('down'));
  }

  get #isOpen() { return Boolean(this.#card); }

  /**
   * The content of the popover with the whole list, which closes on Escape or on a press outside.
   */
  #list(c) {
    const looked = this.lookedBefore(c);
    const related = newFirst(c.relatedRos ?? [], looked);
    return [
      h('div', { class: 'cardhead' }, h('strong', {}, t('related.label')), related.length > 1 && copyAll(this, related.map((ro) => ro.roNumber)),
        h('button', { class: 'copy', type: 'button', 'data-key': 'close', 'aria-label': t('close'), click: () => this.#close() }, icon('close'))),
      h('ul', {}, related.map((ro) => h('li', {}, h('span', { class: 'withcopy' }, number(ro), copyButton(this, ro.roNumber)),
        newMark(ro, looked), stateMark(ro), billed(ro), cases(this, c.locationId ?? this.locationId, ro)))),
      cut(c), this.refusal(),
    ];
  }

  #show() {
    this.#card = h('div', {
      class: 'card', part: 'card', popover: 'auto', role: 'dialog', tabindex: 0, 'data-key': 'card', 'aria-label': t('related.label'),
      toggle: (e) => e.newState === 'closed' && e.target === this.#card && !this.#card.matches(':popover-open') && this.#close(),
    });
    this.#opening = new AbortController();
    const { signal } = this.#opening;
    for (const moved of ['scroll', 'resize']) addEventListener(moved, (e) => this.#place(e.type === 'scroll'), { signal, capture: true, passive: true });
    this.redraw();
    this.#card.focus();
    const key = this.of.caseId ? this.of : this.caseId && this;
    if (key) this.attempt(async () => { this.detailed = await withCases(key, signal); });
  }

  #close() {
    if (!this.#card) return;
    const root = this.getRootNode();
    const free = [null, undefined, document.body, this].includes(root.activeElement); // the focus is on no other element
    this.#opening.abort();
    this.#card = this.#opening = undefined;
    this.redraw();
    if (free) this.shadowRoot.querySelector('.more')?.focus({ preventScroll: true });
  }

  /** Keeps the list open and its scroll position over a redraw. */
  drawn() {
    told();
    const card = this.#card;
    if (!card?.isConnected) return;
    const at = card.scrollTop;
    card.replaceChildren(...this.#list(this.detailed ?? this.of).flat(3).filter(Boolean));
    card.showPopover();
    this.#place();
    card.scrollTop = at;
  }

  /**
   * Places the list below its button, or above it if there is more room. The list follows the
   * button when the page scrolls.
   */
  #place(scrolled) {
    const button = this.shadowRoot.querySelector('.more');
    if (!button) return;
    const at = button.getBoundingClientRect();
    if (scrolled && (at.bottom < 0 || at.top > innerHeight)) return this.#close();
    const { style } = this.#card;
    style.maxHeight = '';
    style.left = '8px'; // otherwise the space to its right would limit the list's width
    const size = this.#card.getBoundingClientRect();
    const below = innerHeight - at.bottom - 12, above = at.top - 12;
    const up = size.height > below && above > below;
    const height = Math.min(size.height, Math.max(above, below));
    style.maxHeight = `${height}px`;
    style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    style.top = `${up ? at.top - height - 4 : at.bottom + 4}px`;
  }
}
