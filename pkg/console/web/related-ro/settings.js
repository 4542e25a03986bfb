// The part of <related-ro-settings>, loaded when the first one is shown, since most pages never
// show one.
import { call, rule } from './api.js';
import { learn, path, rights, subject, t, time } from './session.js';
import { h } from './dom.js';
import { note } from './controls.js';
import { texts } from './settings-texts.js';
import { SINGLE, activation, changes, connection, connectionOf, expecting, incomplete, sameConnection, sentence, single, switcher } from './settings-form.js';
import { Branches } from './settings-branches.js';
import { Refetch } from './settings-refetch.js';

learn(texts);

/** The settings of an element's location. */
export class Part {
  constructor(element) {
    this.element = element;
    this.reset();
  }

  reset() {
    this.saved = this.draft = this.etag = this.history = undefined;
    this.branches = new Branches(this);
    this.refetch = undefined; // offered when lists may be missing or come from another account
    this.busy = this.told = this.checked = undefined; // busy: save or verify; told: the note on the last action's result
    this.wrong = {}; // errors by field name
  }

  get #path() { return path`/locations/${this.element.locationId}/external-interfaces`; }

  /** Whether there are unsaved edits. */
  get unsaved() {
    if (!this.saved) return false;
    const { draft, saved } = this;
    return draft.status !== saved.status || draft.dms !== saved.dms || draft.expecting !== Boolean(saved.expectedRelatedRos) || this.otherConnection;
  }

  /** Whether the form names another connection than the saved one. */
  get otherConnection() { return !sameConnection(this.draft.karmak, this.saved.karmak); }

  /** Whether nobody has said yet where the location's ROs are read. */
  get unconnected() { return this.saved.dms !== SINGLE && incomplete(this.saved.karmak); }

  /** Whether there are unsaved edits and they belong to the current person. */
  async kept() {
    const who = await subject();
    if (!this.unsaved || !who || who !== this.who) return false;
    this.may = await rights();
    return true;
  }

  /** Reads the saved settings and keeps unsaved edits. */
  async read(signal) {
    const [may, who] = [await rights(), await subject()];
    const { data, etag } = await call('GET', this.#path, { signal });
    const history = may.staff ? (await call('GET', `${this.#path}/history`, { signal })).data : undefined;
    Object.assign(this, { may, who, history, ...(this.unsaved ? undefined : edited(data, etag)) });
  }

  /** Applies an edit and removes earlier messages about the form, since they no longer apply. */
  edit(change, redraw) {
    change();
    Object.assign(this, { told: undefined, wrong: {} });
    if (redraw) return this.element.redraw();
    // The field being edited is not redrawn, so that the caret is not lost.
    for (const old of this.element.shadowRoot.querySelectorAll('.told, .wrong')) old.remove();
    for (const field of this.element.shadowRoot.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
    this.element.shadowRoot.querySelector('.activation').replaceWith(activation(this));
    this.branches.show();
  }

  /**
   * Shows that an action is in progress and then its result, unless the page shows another location
   * by then.
   */
  async #do(busy, work) {
    const { draft } = this;
    const path = this.#path;
    Object.assign(this, { busy, told: undefined, wrong: {} });
    this.element.redraw();
    const outcome = await work(path).catch((err) => this.#refused(err, path));
    if (this.draft !== draft) return;
    Object.assign(this, outcome, { busy: undefined });
    this.element.redraw();
    this.element.shadowRoot.querySelector('[aria-invalid]')?.focus();
  }

  /**
   * The state to show after a refusal: the settings that are still saved, and the errors of the
   * fields.
   */
  async #refused(err, path) {
    this.element.tell(err);
    const now = await call('GET', path).catch(() => undefined);
    if (err.kind === 'stale') return { told: this.#conflict(now?.data) };
    const { type, fields = [] } = err.problem ?? {};
    const wrong = Object.fromEntries(fields.map((f) => [f.field.split('.').pop(), rule(f)]));
    const saved = { ...this.saved, activation: now?.data.activation ?? this.saved.activation };
    let words = err.message;
    if (type === 'not-activated') words = wrong.status = sentence(saved.activation) ?? words;
    this.draft.status = saved.status; // shows the saved status, so that people do not believe it has changed
    return { saved, wrong, told: note('bad', 'warning',
      h('strong', {}, t('settings.notSaved', { status: t(`settings.${saved.status.toLowerCase()}`) })), ' ', Object.keys(wrong).length ? '' : words) };
  }

  #conflict({ updatedBy: who, updatedAt } = {}) {
    return note('bad', 'warning', t('settings.conflict', { who, time: time(updatedAt) }), ' ',
      h('button', { class: 'plain', type: 'button', 'data-key': 'theirs', click: () => this.element.restart() }, t('settings.conflict.load')));
  }

  save(e) {
    e.preventDefault();
    if (this.busy) return;
    if (!this.unsaved) {
      this.told = note('info', 'info', t('settings.unchanged'));
      this.element.say(t('settings.unchanged'));
      this.element.redraw();
      return;
    }
    this.#do('save', async (path) => {
      const { status, dms, karmak, sameDealer, expecting: expectedRelatedRos } = this.draft;
      const body = { status, dms, karmak: connectionOf(karmak), expectedRelatedRos, ...(sameDealer && { sameDealer }) };
      const stale = body.status === 'ENABLED' && (this.saved.status !== 'ENABLED' || this.otherConnection);
      const { data, etag } = await call('PUT', path, { body, headers: { 'if-match': this.etag } });
      this.element.say(t('settings.saved'));
      const history = await call('GET', `${path}/history`).then((answer) => answer.data, () => this.history);
      return { ...edited(data, etag), history, checked: undefined, told: note('good', 'done', t('settings.saved')),
        refetch: stale ? new Refetch(this.element.locationId, () => this.element.redraw()) : undefined };
    });
  }

  /** Verifies the connection in the form with Karmak. */
  verify() {
    if (this.busy) return;
    this.#do('verify', async (path) => {
      const karmak = connectionOf(this.draft.karmak);
      const { data } = await call('POST', `${path}/verify`, this.otherConnection ? { body: { karmak } } : {});
      this.element.say(`${t('activation.label')}: ${t(`activation.${data.activation.state}`)}`);
      return this.otherConnection ? { checked: { karmak, activation: data.activation } } : { saved: { ...this.saved, activation: data.activation } };
    });
  }

  older() {
    return this.element.attempt(async () => {
      const { history } = this;
      const { data } = await call('GET', `${this.#path}/history?cursor=${encodeURIComponent(history.cursor)}`);
      if (this.history === history) this.history = { changes: [...history.changes, ...data.changes], cursor: data.cursor };
    });
  }

  draw() {
    const { element } = this;
    if (!this.saved) return undefined;
    return [
      h('form', { class: 'settings', submit: (e) => this.save(e), novalidate: true },
        h('h2', {}, t('settings.path')), h('h3', {}, t('settings.other')),
        this.unconnected && !this.may.support && note('info', 'info', t('settings.first')),
        switcher(this), single(this), expecting(this), connection(this), activation(this),
        this.busy && h('div', { class: 'busy' }, h('progress', { 'aria-label': t('settings.asking') }), h('span', {}, t('settings.asking'))),
        this.told && h('div', { class: 'told' }, this.told),
        this.refetch?.draw(),
        element.failure && element.problem(element.failure),
        this.#foot()),
      this.history && changes(this),
      element.refusal(),
    ];
  }

  #foot() {
    return h('div', { class: 'foot' },
      this.may.staff
        ? h('button', { class: 'primary', part: 'save', type: 'submit', 'data-key': 'save', 'aria-disabled': this.busy ? 'true' : undefined },
          t(this.busy === 'save' ? 'settings.saving' : 'settings.save'))
        : h('span', {}, t('settings.readonly')),
      h('span', {}, this.saved.version > 0
        ? t('settings.updated', { time: time(this.saved.updatedAt), who: this.saved.updatedBy }) : t('settings.never')));
  }
}

/** The saved settings, and a copy of them to edit. */
const edited = (saved, etag) => ({
  saved, etag, draft: {
    status: saved.status, dms: saved.dms, expecting: Boolean(saved.expectedRelatedRos),
    karmak: { account: '', user: '', accountNumber: '', branch: '', ...saved.karmak },
  },
});
