// Karmak's list of an account's branches, so that support can choose one by name. A code can always
// be typed.
import { call } from './api.js';
import { path, t } from './session.js';
import { h, icon } from './dom.js';

/** The suggestions of the branch field. part is the settings part that the field belongs to. */
export class Branches {
  constructor(part) { this.part = part; }

  /** The account and user of the saved connection, whose branches the API lists. */
  get #account() {
    const { account, user } = this.part.saved.karmak ?? {};
    return account && user && `${account} ${user}`;
  }

  /** Karmak's answer for that account: {of, list, failure}. */
  get #said() { return this.answer?.of === this.#account ? this.answer : {}; }

  /** Whether the form has that account and user. */
  get #ofForm() {
    const { account, user } = this.part.draft.karmak;
    return `${account} ${user}` === this.#account;
  }

  /**
   * Fetches the list when the field gets the focus, once per account unless the request failed. The
   * field is not redrawn, so that the caret is not lost.
   */
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

  /** Redraws the suggestions without the field. */
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
