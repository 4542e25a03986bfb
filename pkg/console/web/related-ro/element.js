// What every related-ro element shares: its shadow, its reading and re-reading, and keeping the focus over a redraw.
import { connected, listen, t } from './session.js';
import { h, icon } from './dom.js';
import { sheet } from './style.js';

/**
 * Base of the elements. Subclasses give reset(), which forgets; read(signal), which fetches and returns what is then
 * known, as properties; draw(), which returns nodes of it; and, if need be, known(), called when there is something new.
 */
export class RelatedElement extends HTMLElement {
  #body = h('div', { class: 'box' });
  #said = h('div', { class: 'vh', role: 'status' });
  #life; // ends with the connection to the document
  #reading; // ends with the next reading
  #planned = false;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.#body, this.#said);
  }

  connectedCallback() {
    this.#life = new AbortController();
    listen({
      session: () => this.restart(),
      changed: (of) => this.concerns(of) && this.reload(),
    }, this.#life.signal);
    this.restart();
  }

  disconnectedCallback() {
    this.#life.abort();
    this.#reading?.abort();
  }

  attributeChangedCallback(_, before, after) {
    if (before !== after && this.isConnected) this.restart();
  }

  get locationId() { return this.getAttribute('location-id') ?? ''; }
  get caseId() { return this.getAttribute('case-id') ?? ''; }

  /** Whether a change of {locationId, caseId} is seen here. */
  concerns(of) {
    return !of.locationId || (of.locationId === this.locationId && (!of.caseId || !this.caseId || of.caseId === this.caseId));
  }

  /** Forgets what is shown and reads anew: another case, another person. */
  restart() {
    this.reset();
    this.reload();
  }

  /** Reads again and leaves what is shown until the answer is here. Several calls in a row read once. */
  reload() {
    if (this.#planned || !this.isConnected) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      if (this.isConnected) this.#read();
    });
  }

  async #read() {
    this.#reading?.abort();
    if (!connected()) return this.redraw();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.redraw();
    try {
      const found = await this.read(signal);
      if (signal.aborted) return; // of another case, or another person
      Object.assign(this, found, { failure: undefined });
      this.known();
    } catch (err) {
      if (signal.aborted) return;
      this.failure = err;
    }
    this.redraw();
    this.dispatchEvent(new CustomEvent('related-ro-shown', { bubbles: true, composed: true }));
  }

  known() {}

  /** Runs fn after ms unless the element has left the page or reads again. */
  later(fn, ms) {
    const timer = setTimeout(fn, ms);
    this.#reading.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  /** Draws again; the focus stays on the part with the same data-key, or at least in here. */
  redraw() {
    const key = this.shadowRoot.activeElement?.dataset.key;
    this.#body.replaceChildren(...[connected() ? this.draw() : []].flat(3).filter(Boolean));
    if (!key) return;
    this.#body.tabIndex = -1;
    (this.shadowRoot.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? this.#body).focus();
  }

  /** Tells a screen reader, without moving anything. */
  say(text) { this.#said.textContent = text; }

  /** Tells the host page, which decides what to do; detail holds plain data. */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** What is shown while nothing is known yet. */
  loading(lines = 2) {
    return h('div', { class: 'loading' }, h('span', { class: 'vh' }, t('loading')),
      Array.from({ length: lines }, () => h('span', { class: 'bone', 'aria-hidden': 'true' })));
  }

  /** What is shown of an error: a sentence, and a button where trying again can help. */
  problem(err) {
    const helps = !['forbidden', 'signin', 'refused'].includes(err.kind);
    return note('bad', 'warning', err.message ?? t('error.unavailable'),
      helps && h('button', { class: 'plain', type: 'button', 'data-key': 'again', click: () => this.reload() }, t('again')));
  }
}

/** A framed sentence with a shape that says what sort it is: bad, wait or info. */
export const note = (sort, shape, ...content) =>
  h('div', { class: `note ${sort}`, role: sort === 'bad' ? 'alert' : undefined }, icon(shape), h('div', {}, ...content));

/** A button that copies a number, which people paste into Karmak. */
export function copyButton(element, number) {
  const button = h('button', {
    class: 'copy', type: 'button', 'data-key': `copy ${number}`, title: t('copy.title'),
    'aria-label': t('copy.number', { number }),
    click: async () => {
      const ok = await copy(number);
      const said = t(ok ? 'copy.done' : 'copy.failed', { number });
      element.say(said);
      button.replaceChildren(icon(ok ? 'done' : 'warning'));
      if (ok) return setTimeout(() => button.replaceChildren(icon('copy')), 1500);
      button.title = said;
      getSelection().selectAllChildren(button.previousSibling); // the number: one key press copies it
    },
  }, icon('copy'));
  return button;
}

/** A button that asks the host page to open a case. */
export const caseButton = (element, { locationId, caseId, caseNumber }, key, label) => h('button', {
  class: 'link', type: 'button', 'data-key': key, 'aria-label': t('case.open', { number: caseNumber || caseId }),
  click: () => element.emit('related-ro-open-case', { locationId, caseId, caseNumber: caseNumber ?? '' }),
}, label);

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed, or the page is not served over HTTPS; the number can still be selected
  }
}
