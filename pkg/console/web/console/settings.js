// Location Information > External Interfaces > Other Optional Settings (P6).
import { h } from '../related-ro/dom.js';
import { session } from './session.js';

const PATH = ['Admin', 'Customize Your Database', 'Location Information', 'External Interfaces', 'Other Optional Settings'];

/** The settings of the chosen location. */
export const page = () => [
  h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumb' },
    h('ol', {}, PATH.map((name, i) => h('li', { 'aria-current': i === PATH.length - 1 ? 'page' : undefined }, name)))),
  h('h1', {}, `Location ${session.location}`),
  h('section', { class: 'panel' }, h('related-ro-settings', { 'location-id': session.location })),
];
