// Karmak's own list of an account's branches, from which support chooses by name. A code can always be typed.
import { call } from './api.js';
import { path, t } from './session.js';
import { h, icon } from './dom.js';

/** What the field of the branch offers; part is the settings that it belongs to. */
export class Branches {
  constructor(part) { this.part = part; }

  /** Whose branches the API lists: those of the saved connection. */
  get #account() {
    const { account, user } = this.part.saved.karmak ?? {};
    return account && user && `${account} ${user}`;
  }

  /** What Karmak said of that account: {of, list, failure}. */
  get #said() { return this.answer?.of === this.#account ? this.answer : {}; }

  /** Whether the form names that account. */
  get #ofForm() {
    const { account, user } = this.part.draft.karmak;
    return `${account} ${user}` === this.#account;
  }

  /** Asks Karmak when a person comes to the field, once for an account whose branches it lists. The field stays as it is, or the caret would be lost. */
  async ask() {
    const { of, failure } = this.#said;
    if (!this.#ofForm || (of && !failure)) return;
    const answer = { of: this.#account };
    this.answer = answer;
    this.show();
    try {
      answer.list = (await call('GET', path`/locations/${this.part.element.locationId}/external-interfaces/branches`)).data.branches;
    } catch (err) {
      answer.failure = err;
    }
    if (this.answer === answer) this.show();
  }

  /** Draws again what this drew, and leaves the field alone. */
  show() {
    this.part.element.shadowRoot.querySelector('.branches')?.replaceWith(this.draw());
  }

  draw() {
    return h('div', { class: 'branches' },
      h('datalist', { id: 'branches' }, (this.#ofForm ? this.#said.list ?? [] : []).map(({ code, name }) => h('option', { value: code }, name))),
      h('small', { id: 'branch-words', role: 'status' }, this.#words()));
  }

  #words() {
    const { branch } = this.part.draft.karmak;
    const { of, list, failure } = this.#said;
    if (!this.#ofForm) return t('settings.branch.unsaved');
    if (failure) return failure.message;
    if (!list) return t(of ? 'settings.branch.asking' : 'settings.branch.hint');
    if (list.length === 0) return t('problem.branches-unknown');
    if (!branch) return t('settings.branch.choose', { count: list.length });
    const known = list.find(({ code }) => code.toUpperCase() === branch.toUpperCase());
    return known ? known.name : h('span', { class: 'wrong' }, icon('warning'), t('settings.branch.foreign', { branch }));
  }
}
