// One case: an advisor's page to edit it (P1) and a field manager's page to view it (P5).
import { h } from '../related-ro/dom.js';
import { crumbs, section } from './layout.js';
import { session } from './session.js';

/** The page to edit case details. The related ROs are in the Additional Info section. */
export function edit(locationId, caseId) {
  const c = session.find(locationId, caseId);
  return [
    crumbs(['Cases', '#/cases'], [c.caseNumber ?? c.caseId]),
    h('h1', {}, `Case ${c.caseNumber ?? c.caseId}`),
    section('Case details', facts(c, unit(c))),
    section('Additional Info', relatedROs(c)),
  ];
}

/**
 * The page to view case details. The related ROs are in the Case Information section, read-only.
 */
export function view(locationId, caseId) {
  const c = session.find(locationId, caseId);
  return [
    crumbs(['Field manager view', '#/view'], [c.caseNumber ?? c.caseId]),
    h('h1', {}, `Viewing case ${c.caseNumber ?? c.caseId}`),
    section('Case Information', facts(c, c.unit ?? c.assetId), relatedROs(c, { readonly: true })),
  ];
}

const relatedROs = (c, props) => h('related-ros', {
  'location-id': c.locationId, 'case-id': c.caseId, 'ro-number': c.roNumber, 'case-number': c.caseNumber, 'asset-id': c.assetId, ...props,
});

function facts(c, unit) {
  const rows = [['Customer', c.customer], ['Unit', unit], ['Complaint', c.complaint], ['Location', session.named(c.locationId)]];
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

const unit = (c) => c.assetId && h('a', { href: `#/assets/${encodeURIComponent(c.locationId)}/${encodeURIComponent(c.assetId)}` }, c.unit ?? c.assetId);
