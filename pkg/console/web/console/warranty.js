// The open warranty ROs of the chosen location.
import { h } from '../related-ro/dom.js';
import { section } from './layout.js';
import { session } from './session.js';

/** The page. */
export const page = () => [
  h('h1', {}, 'Open warranty ROs'),
  section('Billed to a warranty account, not invoiced', h('related-ro-open-warranty', { 'location-id': session.location })),
];
