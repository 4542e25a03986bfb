// The common base of the related-ro elements: shadow root, reading and re-reading, and the focus
// over a redraw.
import { clock, connected, listen, lookedAt, t } from './session.js';
import { h } from './dom.js';
import { note } from './controls.js';
import { sheet } from './style.js';

const AGAIN = 30; // seconds until a failed read is repeated, unless the API gives a time
const LONG = 5000; // ms until a slow read is reported

/**
 * Base of the elements. Subclasses implement reset(), which clears the state; read(signal), which
 * fetches data and returns it as properties; draw(), which returns the nodes to show; and
 * optionally known(), which is called after each read. Attributes are also properties, with
 * camel-case names. Nothing is read until the attributes in needs are set.
 */
export class RelatedElement extends HTMLElement {
  static needs = ['location-id'];
  static own = []; // names of additional properties that a host may set

  #body = h('div', { class: 'box', part: 'box' });
  #said = h('div', { class: 'vh', role: 'status' });
  #life; // aborts when the element leaves the document
  #reading; // aborts when the next read starts or the element leaves the document
  #planned = false;
  #unfolded = new Set();
  #looks = new Map(); // time of the person's previous look at each shown case, in ms
  #epoch = 0; // counts restarts; work begun before a restart belongs to another case or person

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.#body, this.#said);
  }

  connectedCallback() {
    for (const name of this.constructor.own) this.#take(name);
    if (this.#life) return; // it was only moved within the document
    this.#life = new AbortController();
    listen({
      session: () => this.renew(),
      changed: (of) => this.concerns(of) && this.reload(),
      again: () => this.failure && this.reload(),
    }, this.#life.signal);
    this.attached(this.#life.signal);
    this.restart();
  }

  disconnectedCallback() {
    // Sorting a table removes its rows from the page only for a moment.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#life?.abort();
      this.#life = undefined;
      this.#reading?.abort();
    });
  }

  attributeChangedCallback(_, before, after) {
    if (before !== after && this.#life) this.restart();
  }

  /**
   * Sets a property again that was set before this module loaded, since its own value would hide
   * the accessor.
   */
  #take(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  /** Called when the element enters the page. The signal aborts when it leaves. */
  attached() {}

  /** Called when the connection changes. The person may have changed too. */
  renew() { this.restart(); }

  /** Whether a change of {locationId, caseId} affects this element. */
  concerns(of) {
    return !of.locationId || (of.locationId === this.locationId && (!of.caseId || !this.caseId || of.caseId === this.caseId));
  }

  /** Whether all attributes needed for a read are set. */
  get ready() { return this.constructor.needs.every((name) => this.getAttribute(name)); }

  /** Clears the element and reads from scratch, for another case or another person. */
  restart() {
    this.#epoch++;
    this.#unfolded.clear();
    this.#looks.clear();
    this.failure = this.refused = undefined;
    this.reset();
    this.reload();
  }

  /**
   * Reads again and keeps the current content until the answer arrives. Several calls in a row
   * cause one read.
   */
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
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.redraw();
    if (!connected() || !this.ready) return;
    this.later(() => this.#long(), LONG);
    try {
      const found = await this.read(signal);
      if (signal.aborted) return; // for another case or another person
      Object.assign(this, found, { failure: undefined });
      this.known();
    } catch (err) {
      if (signal.aborted) return;
      this.failure = err;
      this.tell(err);
      if (err.passing) this.#lookAgain(err);
    }
    this.redraw();
    if (!this.failure && this.#body.hasChildNodes()) this.emit('related-ro-shown', null);
  }

  #lookAgain(err) {
    const wait = (err.retryAfter || AGAIN) * 1000;
    err.next = Date.now() + wait;
    this.later(() => this.reload(), wait);
  }

  #long() {
    const words = this.shadowRoot.querySelector('.loading > :first-child');
    if (!words) return;
    words.className = 'faint';
    words.textContent = t('loading.long');
    this.say(words.textContent);
  }

  known() {}

  /**
   * Runs an action of the person, redraws, and then calls then. If the action fails, shows the
   * error with a button to repeat it.
   */
  async attempt(work, then) {
    const epoch = this.#epoch;
    this.refused = undefined;
    try {
      await work();
    } catch (err) {
      if (err.name === 'AbortError' || this.#epoch !== epoch) return;
      this.refused = { err, again: () => this.attempt(work, then) };
      this.tell(err);
    }
    this.redraw();
    if (!this.refused) then?.();
  }

  /** The error of the last failed action, as nodes. */
  refusal() { return this.refused && this.problem(this.refused.err, this.refused.again); }

  /** Runs fn after ms, unless the element leaves the page or reads again first. */
  later(fn, ms) {
    const timer = setTimeout(fn, ms);
    this.#reading.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  /**
   * Draws again. The focus stays on the part with the same data-key, or else within the element.
   */
  redraw() {
    const key = this.shadowRoot.activeElement?.dataset.key;
    this.#body.replaceChildren(...[connected() && (this.ready || this.given) ? this.draw() : []].flat(3).filter(Boolean));
    this.drawn();
    if (!key) return;
    this.#body.tabIndex = -1;
    (this.shadowRoot.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? this.#body).focus();
  }

  /** Called after each redraw. */
  drawn() {}

  /** Announces a text to screen readers without moving the focus. */
  say(text) { this.#said.textContent = text; }

  /**
   * Sends the host page an event with plain data in detail. Returns false if the host prevents the
   * default action.
   */
  emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** Reports an error to the host page. */
  tell({ kind = 'unavailable', status = 0 }) { this.emit('related-ro-error', { kind, status }); }

  /** The time of the person's last look at a case before it was shown here, in ms; 0 if unknown. */
  lookedBefore({ locationId = this.locationId, caseId = this.caseId }) {
    const id = `${locationId}/${caseId}`;
    if (!this.#looks.has(id)) this.#looks.set(id, lookedAt({ locationId, caseId }));
    return this.#looks.get(id);
  }

  /** The first items of a long list, and a button that shows or hides the rest. */
  fold(key, list, most, words = 'fold.all') {
    const open = this.#unfolded.has(key);
    if (list.length <= most) return [list];
    return [open ? list : list.slice(0, most), h('button', {
      class: 'link', part: 'fold', type: 'button', 'data-key': `fold ${key}`, 'aria-expanded': String(open),
      click: () => {
        this.#unfolded[open ? 'delete' : 'add'](key);
        this.redraw();
      },
    }, t(open ? 'fold.less' : words, { count: list.length, rest: list.length - most }))];
  }

  /** The placeholder while the first read is in progress. */
  loading(lines = 2) {
    return h('div', { class: 'loading' }, h('span', { class: 'vh' }, t('loading')),
      Array.from({ length: lines }, () => h('span', { class: 'bone', 'aria-hidden': 'true' })));
  }

  /**
   * An error as nodes: a sentence, the time of the next automatic attempt, and a button if another
   * attempt can help.
   */
  problem(err, again = () => this.reload()) {
    const helps = !['forbidden', 'signin', 'refused'].includes(err.kind);
    return note('bad', 'warning', err.message ?? t('error.unavailable'),
      err.next && ` ${t('again.at', { time: clock(err.next) })}`,
      helps && h('button', { class: 'plain', type: 'button', 'data-key': 'again', click: again }, t('again')));
  }
}

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/**
 * Adds a property for each attribute to an element's class: a string, or a boolean for the
 * attributes in flags.
 */
export function reflect(element, attributes, flags = []) {
  element.own = [...element.own, ...attributes.map(camel)];
  for (const name of attributes) {
    const flag = flags.includes(name);
    Object.defineProperty(element.prototype, camel(name), {
      get() { return flag ? this.hasAttribute(name) : this.getAttribute(name) ?? ''; },
      set(value) {
        if (value === undefined || value === null || value === false) this.removeAttribute(name);
        else this.setAttribute(name, flag ? '' : value);
      },
      enumerable: true, configurable: true,
    });
  }
}
