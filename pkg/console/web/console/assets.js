// The Edit Asset details page (P2) and the list of assets that links to it.
import { h } from '../related-ro/dom.js';
import { crumbs, section, wide } from './layout.js';
import { session } from './session.js';

const address = (locationId, assetId) => `#/assets/${encodeURIComponent(locationId)}/${encodeURIComponent(assetId)}`;

/** The assets of the known cases at the chosen location. */
export function list() {
  const known = new Map(session.visible.filter((c) => c.assetId && c.locationId === session.location).map((c) => [c.assetId, c]));
  const id = h('input', { id: 'asset-id', maxlength: 64, spellcheck: 'false', required: true });
  return [
    h('h1', {}, 'Assets'),
    known.size > 0 && wide('Assets', ['Unit', 'Customer', 'Location'], [...known.values()].map((c) => ({
      cells: [h('a', { href: address(c.locationId, c.assetId) }, c.unit ?? c.assetId), c.customer, c.locationName],
    }))),
    h('form', { class: 'inline', submit: (e) => {
      e.preventDefault();
      location.hash = address(session.location, id.value.trim());
    } }, h('label', { for: 'asset-id' }, `Asset id at ${session.named(session.location)}`), id, h('button', { type: 'submit' }, 'Open asset')),
  ].filter(Boolean);
}

/** One asset. Its Cases section shows the related ROs in a row under each case. */
export function edit(locationId, assetId) {
  const known = session.cases.find((c) => c.locationId === locationId && c.assetId === assetId) ?? {};
  return [
    crumbs(['Assets', '#/assets'], [known.unit ?? assetId]),
    h('h1', {}, `Edit asset ${known.unit ?? assetId}`),
    section('Asset details', h('dl', { class: 'facts' },
      [['Customer', known.customer], ['Location', session.named(locationId)]].filter(([, v]) => v)
        .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))))),
    section('Cases', h('asset-related-ros', { 'location-id': locationId, 'asset-id': assetId })),
  ];
}
