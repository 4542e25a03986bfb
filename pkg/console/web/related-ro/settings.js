// <related-ro-settings>: switch the feature on or off for a location (placement P6).
import { call } from './api.js';
import { path, rights, t, textOr, time } from './session.js';
import { h, icon, table } from './dom.js';
import { RelatedElement, note } from './element.js';

const KARMAK = ['account', 'user', 'branch'];

export class RelatedROSettings extends RelatedElement {
  static observedAttributes = ['location-id'];

  reset() {
    this.saved = this.draft = this.etag = this.history = this.failure = undefined;
    this.busy = this.told = undefined; // busy: save or verify; told: the note about what was last done
  }

  get #path() { return path`/locations/${this.locationId}/external-interfaces`; }

  /** Cases are none of its business, and what a person is editing is not read over. */
  concerns(of) { return !of.caseId && super.concerns(of) && !(this.saved && this.#dirty); }

  async read(signal) {
    const may = await rights();
    const { data, etag } = await call('GET', this.#path, { signal });
    const history = may.staff ? (await call('GET', `${this.#path}/history`, { signal })).data : undefined;
    return { may, history, ...edited(data, etag) };
  }

  get #dirty() {
    return this.draft.status !== this.saved.status || KARMAK.some((k) => this.draft.karmak[k] !== (this.saved.karmak?.[k] ?? ''));
  }

  /** Shows that something is under way, and then what it came to: unless the page is about another location by then. */
  async #do(busy, work) {
    const { draft } = this;
    const path = this.#path;
    Object.assign(this, { busy, told: undefined, failure: undefined });
    this.redraw();
    const outcome = await work(path).catch((err) => this.#refused(err, path));
    if (this.draft !== draft) return;
    Object.assign(this, outcome, { busy: undefined });
    this.redraw();
  }

  async #refused(err, path) {
    if (err.kind !== 'stale') return { told: note('bad', 'warning', err.message) };
    const theirs = await call('GET', path).catch(() => undefined);
    const { updatedBy: who, updatedAt } = theirs?.data ?? {};
    const told = note('bad', 'warning', t('settings.conflict', { who, time: time(updatedAt) }), ' ',
      h('button', { class: 'plain', type: 'button', 'data-key': 'theirs', click: () => this.restart() }, t('settings.conflict.load')));
    return { told };
  }

  #save(e) {
    e.preventDefault();
    if (this.busy) return;
    if (!this.#dirty) {
      this.told = note('info', 'info', t('settings.unchanged'));
      this.say(t('settings.unchanged'));
      this.redraw();
      return;
    }
    this.#do('save', async (path) => {
      const body = { status: this.draft.status, dms: 'KARMAK_FUSION', karmak: this.draft.karmak };
      const { data, etag } = await call('PUT', path, { body, headers: { 'if-match': this.etag } });
      this.say(t('settings.saved'));
      const history = await call('GET', `${path}/history`).then((answer) => answer.data, () => this.history);
      return { ...edited(data, etag), history, told: note('good', 'done', t('settings.saved')) };
    });
  }

  #verify() {
    if (this.busy) return;
    this.#do('verify', async (path) => {
      const { data } = await call('POST', `${path}/verify`);
      this.say(`${t('activation.label')}: ${t(`activation.${data.activation.state}`)}`);
      return { saved: { ...this.saved, activation: data.activation } };
    });
  }

  async #older() {
    try {
      const { data } = await call('GET', `${this.#path}/history?cursor=${encodeURIComponent(this.history.cursor)}`);
      this.history = { changes: [...this.history.changes, ...data.changes], cursor: data.cursor };
    } catch (err) {
      this.told = note('bad', 'warning', err.message);
    }
    this.redraw();
  }

  draw() {
    if (!this.saved) return this.failure ? this.problem(this.failure) : this.loading(4);
    return [
      h('form', { class: 'settings', submit: (e) => this.#save(e), novalidate: true },
        h('h2', {}, t('settings.path')), h('h3', {}, t('settings.other')),
        this.#activation(), this.#switch(), this.#connection(), this.told,
        this.failure && this.problem(this.failure),
        h('div', { class: 'foot' },
          this.may.staff
            ? h('button', { class: 'primary', type: 'submit', 'data-key': 'save', 'aria-disabled': this.busy ? 'true' : undefined },
              t(this.busy === 'save' ? 'settings.saving' : 'settings.save'))
            : h('span', {}, t('settings.readonly')),
          h('span', {}, this.saved.version > 0
            ? t('settings.updated', { time: time(this.saved.updatedAt), who: this.saved.updatedBy }) : t('settings.never')))),
      this.history && this.#changes(),
    ];
  }

  #switch() {
    const option = (status) => h('label', { class: 'option' }, h('input', {
      type: 'radio', name: 'status', value: status, checked: this.draft.status === status, disabled: !this.may.staff,
      'data-key': status, change: () => { this.draft.status = status; },
    }), t(`settings.${status.toLowerCase()}`));
    return h('fieldset', { class: 'switch' }, h('legend', {}, t('settings.label')), option('ENABLED'), option('DISABLED'));
  }

  #activation() {
    const a = this.saved.activation ?? { state: 'unknown' };
    const shape = { active: 'done', not_activated: 'warning', unreachable: 'waiting' }[a.state] ?? 'info';
    return h('div', { class: 'activation' },
      h('span', { class: 'label' }, t('activation.label')),
      h('span', { class: `mark ${a.state}` }, icon(shape), t(`activation.${a.state}`)),
      h('span', { class: 'faint' }, a.checkedAt && `${t('activation.checked', { time: time(a.checkedAt) })} `,
        a.fusionVersion && t('activation.version', { version: a.fusionVersion })),
      this.may.staff && h('button', {
        class: 'plain', type: 'button', 'data-key': 'verify', 'aria-disabled': this.busy ? 'true' : undefined, click: () => this.#verify(),
      }, t(this.busy === 'verify' ? 'settings.verifying' : 'settings.verify')),
      a.message && a.state !== 'active' && h('p', { class: 'sentence' }, textOr(`activation.${a.state}.message`, a.message)));
  }

  #connection() {
    const field = (name) => h('div', { class: 'field' }, h('label', { for: name }, t(`settings.${name}`)), h('input', {
      id: name, type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 64, 'data-key': name, value: this.draft.karmak[name],
      readonly: !this.may.support, input: (e) => { this.draft.karmak[name] = e.target.value.trim(); },
    }), name === 'branch' && this.may.support && h('small', {}, t('settings.branch.hint')));
    return h('fieldset', { class: 'karmak' }, h('legend', {}, t('settings.karmak')),
      KARMAK.map(field), this.may.staff && !this.may.support && h('small', { class: 'wide' }, t('settings.karmak.support')));
  }

  #changes() {
    const { changes, cursor } = this.history;
    return h('section', { class: 'history' }, h('h3', {}, t('history.title')),
      changes.length === 0 ? h('p', { class: 'faint' }, t('history.empty'))
        : table(t('history.title'), ['when', 'who', 'what'].map((name) => t(`history.${name}`)), changes.map((change) => ({
          cells: [time(change.at), change.by, differences(change).map((d) => h('div', {}, d))],
        }))),
      cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'older', click: () => this.#older() }, t('more')));
  }
}

/** Saved settings, and a copy of them to edit. */
const edited = (saved, etag) => ({
  saved, etag, draft: { status: saved.status, karmak: { account: '', user: '', branch: '', ...saved.karmak } },
});

/** What a change changed, one sentence a field. */
function differences({ before = {}, after = {} }) {
  const shown = (v) => v || t('history.blank');
  const status = (s) => s && t(`settings.${s.toLowerCase()}`);
  const list = [['history.status', status(before.status), status(after.status)], ...KARMAK.map((k) => [`settings.${k}`, before.karmak?.[k], after.karmak?.[k]])];
  return list.filter(([, from, to]) => (from ?? '') !== (to ?? ''))
    .map(([key, from, to]) => t('history.change', { field: t(key), before: shown(from), after: shown(to) }));
}
