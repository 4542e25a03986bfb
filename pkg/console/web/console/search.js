// The Search page (P4).
import { h } from '../related-ro/dom.js';
import { section } from './layout.js';
import { session } from './session.js';

const MOST = 50; // locations per search, the API's limit

// The last choices on this page, kept while the tab is open.
const chosen = { everywhere: false };

/** The search at the chosen location, or at all locations of the person. */
export function page() {
  const search = h('related-ro-search', { 'location-id': where() });
  const box = h('input', { type: 'checkbox', id: 'everywhere', checked: chosen.everywhere, change: () => {
    chosen.everywhere = box.checked;
    search.setAttribute('location-id', where());
  } });
  return [
    h('h1', {}, 'Search'),
    session.choices.length > 1 && h('label', { class: 'check' }, box, `At all ${session.choices.length} locations`),
    section('Cases by RO number', search),
  ].filter(Boolean);
}

const where = () => (chosen.everywhere ? session.choices.slice(0, MOST).join(' ') : session.location);
