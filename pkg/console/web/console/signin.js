// The sign-in page, shown while there is no token.
import { h } from '../related-ro/dom.js';
import { session } from './session.js';

/** Asks for a token from the case platform. */
export function signIn() {
  const field = h('textarea', { id: 'token', rows: 6, spellcheck: 'false', autocomplete: 'off', 'aria-describedby': 'token-hint' });
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  return h('section', { class: 'panel narrow' },
    h('h1', {}, 'Sign in'),
    h('form', { submit: async (e) => {
      e.preventDefault();
      try {
        await session.signIn(field.value.trim());
      } catch {
        wrong.textContent = 'This is not a token. It has three parts with a dot between them.';
        field.focus();
      }
    } },
    h('label', { for: 'token' }, 'Access token of the case platform'), field,
    h('p', { id: 'token-hint', class: 'hint' }, 'It is kept in this tab’s memory only and is gone when the page is closed.'),
    wrong, h('button', { class: 'primary', type: 'submit' }, 'Use this token')));
}
