// One case: as an advisor edits it (P1) and as a field manager views it (P5).
import { h } from '../related-ro/dom.js';
import { crumbs, section } from './layout.js';
import { session } from './session.js';

/** Editing Case details; the related ROs are in the section Additional Info. */
export function edit(locationId, caseId) {
  const c = session.find(locationId, caseId);
  return [
    crumbs(['Cases', '#/cases'], [c.caseNumber ?? c.caseId]),
    h('h1', {}, `Case ${c.caseNumber ?? c.caseId}`),
    section('Case details', facts(c, unit(c))),
    section('Additional Info', relatedROs(c)),
  ];
}

/** Viewing Case details; the related ROs are in the section Case Information, to read only. */
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
