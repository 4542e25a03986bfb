// What every related-ro element shares: its shadow, its reading and re-reading, and keeping the focus over a redraw.
import { clock, connected, listen, lookedAt, t } from './session.js';
import { h } from './dom.js';
import { note } from './controls.js';
import { sheet } from './style.js';

const AGAIN = 30; // seconds until what could not be read is read again, unless the API says otherwise
const LONG = 5000; // ms of waiting after which people are told that it takes long

/**
 * Base of the elements. Subclasses give reset(), which forgets; read(signal), which fetches and returns what is then
 * known, as properties; draw(), which returns nodes of it; and, if need be, known(), called when there is something new.
 * Their attributes are properties too, by names as in JavaScript; those in needs must be there before anything is read.
 */
export class RelatedElement extends HTMLElement {
  static needs = ['location-id'];
  static own = []; // names of further properties that a host may set

  #body = h('div', { class: 'box', part: 'box' });
  #said = h('div', { class: 'vh', role: 'status' });
  #life; // ends with the connection to the document
  #reading; // ends with the next reading
  #planned = false;
  #unfolded = new Set();
  #looks = new Map(); // when the person had last looked at each case that is shown
  #epoch = 0; // counts restarts: what was begun before one is of another case or person

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.#body, this.#said);
  }

  connectedCallback() {
    for (const name of this.constructor.own) this.#take(name);
    if (this.#life) return; // it was only moved
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
    // A row that is sorted is out of the page for a moment only.
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

  /** A property that was set before this module was there would hide the accessor. */
  #take(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  /** Called once an element is on the page, with the signal of its leaving. */
  attached() {}

  /** Called when the connection is another: the person may be another too. */
  renew() { this.restart(); }

  /** Whether a change of {locationId, caseId} is seen here. */
  concerns(of) {
    return !of.locationId || (of.locationId === this.locationId && (!of.caseId || !this.caseId || of.caseId === this.caseId));
  }

  /** Whether there is enough to read by. */
  get ready() { return this.constructor.needs.every((name) => this.getAttribute(name)); }

  /** Forgets what is shown and reads anew: another case, another person. */
  restart() {
    this.#epoch++;
    this.#unfolded.clear();
    this.#looks.clear();
    this.failure = this.refused = undefined;
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
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.redraw();
    if (!connected() || !this.ready) return;
    this.later(() => this.#long(), LONG);
    try {
      const found = await this.read(signal);
      if (signal.aborted) return; // of another case, or another person
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

  /** Does what a person asked for, and once it is drawn, what comes then. When it is refused, that is shown with a button that does it again. */
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

  /** What is shown of the last refusal. */
  refusal() { return this.refused && this.problem(this.refused.err, this.refused.again); }

  /** Runs fn after ms unless the element has left the page or reads again. */
  later(fn, ms) {
    const timer = setTimeout(fn, ms);
    this.#reading.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  /** Draws again; the focus stays on the part with the same data-key, or at least in here. */
  redraw() {
    const key = this.shadowRoot.activeElement?.dataset.key;
    this.#body.replaceChildren(...[connected() && (this.ready || this.given) ? this.draw() : []].flat(3).filter(Boolean));
    this.drawn();
    if (!key) return;
    this.#body.tabIndex = -1;
    (this.shadowRoot.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? this.#body).focus();
  }

  /** Called when all is drawn. */
  drawn() {}

  /** Tells a screen reader, without moving anything. */
  say(text) { this.#said.textContent = text; }

  /** Tells the host page, which decides what to do; detail holds plain data. Returns whether the host left it to us. */
  emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** Tells the host page of an error. */
  tell({ kind = 'unavailable', status = 0 }) { this.emit('related-ro-error', { kind, status }); }

  /** When the person had last looked at a case before it was shown here, in ms; 0 where nobody knows. */
  lookedBefore({ locationId = this.locationId, caseId = this.caseId }) {
    const id = `${locationId}/${caseId}`;
    if (!this.#looks.has(id)) this.#looks.set(id, lookedAt({ locationId, caseId }));
    return this.#looks.get(id);
  }

  /** The first of a long list, and a button that shows or hides the rest. */
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

  /** What is shown while nothing is known yet. */
  loading(lines = 2) {
    return h('div', { class: 'loading' }, h('span', { class: 'vh' }, t('loading')),
      Array.from({ length: lines }, () => h('span', { class: 'bone', 'aria-hidden': 'true' })));
  }

  /** What is shown of an error: a sentence, when it is tried again by itself, and a button where trying again can help. */
  problem(err, again = () => this.reload()) {
    const helps = !['forbidden', 'signin', 'refused'].includes(err.kind);
    return note('bad', 'warning', err.message ?? t('error.unavailable'),
      err.next && ` ${t('again.at', { time: clock(err.next) })}`,
      helps && h('button', { class: 'plain', type: 'button', 'data-key': 'again', click: again }, t('again')));
  }
}

const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/** Gives an element's class a property for each attribute: text, or for those in flags, true or false. */
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
