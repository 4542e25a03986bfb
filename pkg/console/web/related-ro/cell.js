// <related-ro-cell>: the related ROs of a case in a table cell (placements P3 and P4).
import { fetchCase, unwatch, watch } from './batch.js';
import { t, textOr } from './session.js';
import { h, icon } from './dom.js';
import { RelatedElement } from './element.js';
import { brief, stateMark, billMark, number } from './parts.js';

const SHOWN = 2; // numbers before the rest is shortened to "+3"
const AGAIN = 30; // seconds until what could not be read is read again, unless the API says otherwise

export class RelatedROCell extends RelatedElement {
  static observedAttributes = ['location-id', 'case-id'];

  connectedCallback() {
    if (Object.hasOwn(this, 'case')) { // given before this module was there
      const given = this.case;
      delete this.case;
      this.case = given;
    }
    watch(this);
    super.connectedCallback();
  }

  disconnectedCallback() {
    unwatch(this);
    super.disconnectedCallback();
  }

  /** A case that the host has at hand already, say from a search: shown without asking. */
  set case(c) {
    this.given = this.of = c;
    this.redraw();
  }

  get case() { return this.of; }

  reset() {
    this.of = this.given;
    this.failure = undefined;
  }

  async read(signal) {
    try {
      return { of: this.given ?? await fetchCase(this, signal) };
    } catch (err) {
      // A table has no place for buttons that try again. Its cells come to it together, and so ask together.
      if (['busy', 'offline', 'unavailable'].includes(err.kind)) this.later(() => this.reload(), (err.retryAfter || AGAIN) * 1000);
      throw err;
    }
  }

  draw() {
    if (!this.of) return this.failure ? this.#mark('warning', t('cell.error'), this.failure.message) : this.loading(1);
    const c = this.of;
    if (!c.found && !c.roNumber) return h('span', { class: 'faint' }, '—', h('span', { class: 'vh' }, t('cell.notFetched')));
    const related = c.relatedRos ?? [];
    const rest = related.slice(SHOWN);
    return h('span', { class: 'cell' },
      related.length ? related.slice(0, SHOWN).map((ro, i, shown) => brief(ro, i + 1 < shown.length && ',')) : this.#none(c),
      rest.length > 0 && this.#more(rest, c.relatedCount ?? related.length),
      this.#trouble(c));
  }

  #none(c) {
    if (c.featureStatus === 'DISABLED') return h('span', { class: 'faint' }, t('cell.off'));
    return c.retrieval?.outcome === 'ok' || c.retrieval?.retrievedAt ? h('span', { class: 'faint' }, t('cell.none')) : '';
  }

  #trouble(c) {
    const { outcome, reason, message } = c.retrieval ?? {};
    if (outcome !== 'failed' && outcome !== 'retrying') return '';
    return this.#mark(outcome === 'failed' ? 'warning' : 'waiting', t(`cell.${outcome}`), textOr(`reason.${reason}`, message));
  }

  /** A shape with its word, and a sentence for who points at it. */
  #mark(shape, word, sentence) {
    return h('span', { class: `mark ${shape}`, title: sentence }, icon(shape), word, h('span', { class: 'vh' }, ` ${sentence}`));
  }

  #more(rest, count) {
    const list = h('div', { class: 'card', popover: 'manual', id: 'rest', role: 'tooltip' },
      h('ul', {}, rest.map((ro) => h('li', {}, number(ro), stateMark(ro), billMark(ro)))));
    const button = h('button', {
      class: 'more', type: 'button', 'data-key': 'more', 'aria-describedby': 'rest',
      'aria-label': t('cell.more', { count: count - SHOWN }),
      focus: () => show(), blur: () => hide(), click: () => show(),
      keydown: (e) => e.key === 'Escape' && hide(),
    }, `+${count - SHOWN}`);
    const show = () => {
      list.showPopover();
      const at = button.getBoundingClientRect(), size = list.getBoundingClientRect();
      const up = at.bottom + size.height + 8 > innerHeight && at.top > size.height;
      list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
      list.style.top = `${up ? at.top - size.height - 4 : at.bottom + 4}px`;
    };
    const hide = () => list.hidePopover();
    // Pointing at the list keeps it open, so that a number in it can be selected.
    return h('span', { class: 'hover', mouseenter: show, mouseleave: () => this.shadowRoot.activeElement !== button && hide() }, button, list);
  }
}
