// SEARCH (P4).
import { h } from '../related-ro/dom.js';
import { section } from './layout.js';
import { session } from './session.js';

/** The search of the chosen location. */
export const page = () => [
  h('h1', {}, 'Search'),
  section('Cases by RO number', h('related-ro-search', { 'location-id': session.location })),
];
