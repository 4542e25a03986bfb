// Location Information > External Interfaces > Other Optional Settings (P6).
import { h } from '../related-ro/dom.js';
import { crumbs } from './layout.js';
import { session } from './session.js';

const PATH = ['Admin', 'Customize Your Database', 'Location Information', 'External Interfaces', 'Other Optional Settings'];

/** The settings of the location in the address, or of the chosen location. */
export const page = (place = session.location) => [
  crumbs(...PATH.map((name) => [name])),
  h('h1', {}, `Location ${session.named(place)}`),
  h('section', { class: 'panel' }, h('related-ro-settings', { 'location-id': place })),
];
