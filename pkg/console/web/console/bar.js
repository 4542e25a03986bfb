// The right end of the top bar: location, person, and light or dark theme.
import { h } from '../related-ro/dom.js';
import { session } from './session.js';

const SCHEMES = [['light dark', 'Auto'], ['light', 'Light'], ['dark', 'Dark']];

/**
 * Returns the bar's nodes for the current session. mayLeave is called before the location changes.
 */
export function sessionBar(mayLeave) {
  return [
    session.token && locationField(mayLeave),
    session.token && h('span', { class: 'who' }, session.roles.map((r) => r.replace('_', ' ')).join(', ') || 'no role'),
    schemeField(),
    session.token && h('button', { type: 'button', click: () => session.signOut() }, 'Sign out'),
  ].filter(Boolean);
}

function locationField(mayLeave) {
  const choices = session.choices;
  const change = (e) => {
    if (mayLeave()) session.choose(e.target.value.trim());
    else e.target.value = session.location;
  };
  return h('label', {}, 'Location ', choices.length
    ? h('select', { id: 'location', change }, choices.map((l) => h('option', { value: l, selected: l === session.location }, session.named(l))))
    : h('input', { id: 'location', value: session.location, change, maxlength: 64, spellcheck: 'false' }));
}

function schemeField() {
  const now = document.documentElement.style.colorScheme || SCHEMES[0][0];
  return h('label', {}, 'Colours ', h('select', {
    id: 'scheme', change: (e) => { document.documentElement.style.colorScheme = e.target.value; },
  }, SCHEMES.map(([value, label]) => h('option', { value, selected: value === now }, label))));
}
