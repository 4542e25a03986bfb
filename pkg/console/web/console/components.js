// The elements' documentation: two cells to try the styles with, and tables generated from
// custom-elements.json.
import { connect } from 'related-ro';
import { h } from '../related-ro/dom.js';
import { wide } from './layout.js';

const CASES = [
  { found: true, relatedCount: 3, featureStatus: 'ENABLED', retrieval: { outcome: 'ok', retrievedAt: '2026-11-03T10:00:00Z' }, relatedRos: [
    { roNumber: '50124', status: 'open', warranty: true, billTo: 'Freightliner Warranty' },
    { roNumber: '50125', status: 'completed', billTo: 'Lone Star Truck Group - Internal' },
    { roNumber: '50126', status: 'invoiced', billTo: 'Acme Freight Lines' }] },
  { found: true, relatedCount: 0, featureStatus: 'ENABLED', retrieval: { outcome: 'failed', retrievedAt: '2026-11-03T10:00:00Z', message: 'Karmak could not be reached.' }, relatedRos: [] },
];

const LOOKS = [
  ['--rro-radius', 'Radius', { type: 'range', min: 0, max: 16, value: 5 }, (value) => `${value}px`],
  ['--rro-density', 'Density', { type: 'range', min: 0, max: 2, step: 0.25, value: 1 }, String],
  ['--rro-accent', 'Accent', { type: 'color', value: '#14589c' }, String],
];

function live() {
  const cells = CASES.map((c) => Object.assign(document.createElement('related-ro-cell'), { case: c }));
  const tools = LOOKS.map(([property, label, props, written]) => h('label', { class: 'check' }, label, h('input', {
    ...props, input: (e) => cells.forEach((cell) => cell.style.setProperty(property, written(e.target.value))),
  })));
  document.getElementById('live').append(wide('Cells', ['Case', 'Related RO Number(s)'], cells.map((cell, i) => ({ cells: [String(1001 + i), cell] }))),
    h('div', { class: 'inline' }, tools));
}

const code = (text) => h('code', {}, text);
const list = (rows) => h('ul', {}, rows.map(([name, words]) => h('li', {}, code(name), ` ${words}`)));

function tables({ modules: [{ declarations }] }) {
  document.getElementById('elements').append(...declarations.flatMap((d) => [
    h('h3', {}, code(`<${d.tagName}>`)), h('p', {}, d.description),
    list([...d.attributes, ...d.members.filter((m) => m.kind === 'field' && !m.attribute)].map((a) => [a.name, a.description])),
    h('p', {}, 'Events: ', d.events.flatMap((e, i) => [i > 0 && ', ', code(e.name)]), '. Parts: ', d.cssParts.flatMap((p, i) => [i > 0 && ', ', code(p.name)]), '.'),
  ]));
  document.getElementById('looks').append(list(declarations[0].cssProperties.map((p) => [p.name, `${p.description}${p.default ? ` Default: ${p.default}.` : ''}`])));
}

await connect({ token: 'none', roles: [] });
live();
tables(await (await fetch('custom-elements.json')).json());
