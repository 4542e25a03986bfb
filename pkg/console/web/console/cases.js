// The lists of All, My and Watching Cases (P3), for advisors and for field managers.
import { saveCSV } from '../related-ro/csv.js';
import { h } from '../related-ro/dom.js';
import { short, wide } from './layout.js';
import { session } from './session.js';

const PER_PAGE = 100;
const TABS = [['all', 'All Cases', () => true], ['mine', 'My Cases', (c) => c.mine], ['watching', 'Watching Cases', (c) => c.watching]];

// The last choices on this page, kept while the tab is open.
const chosen = { tab: 'all', column: true, page: 0, warranty: false };

/** The Cases page of advisors. */
export const page = () => draw('cases', 'Cases');

/** The Cases page of field managers: read-only, with the cases of all their locations. */
export const viewPage = () => draw('view', 'Field manager view');

function draw(place, title) {
  const body = h('div', { class: 'stack' });
  const redraw = () => body.replaceChildren(...content(place, redraw));
  redraw();
  return [h('h1', {}, title), body];
}

function content(place, redraw) {
  const choose = (values) => {
    Object.assign(chosen, values);
    redraw();
    document.getElementById(document.activeElement?.id || 'main')?.focus();
  };
  const all = session.visible.filter(TABS.find(([key]) => key === chosen.tab)[2]);
  const pages = Math.max(1, Math.ceil(all.length / PER_PAGE));
  const page = Math.min(chosen.page, pages - 1);
  const shown = all.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  const table = list(place, shown);
  table.addEventListener('related-ro-shown', () => filter(table));
  return [
    h('div', { class: 'toolbar' },
      h('div', { class: 'tabs', role: 'group', 'aria-label': 'Which cases' }, TABS.map(([key, label]) => h('button', {
        type: 'button', id: `tab-${key}`, 'aria-pressed': String(key === chosen.tab),
        click: () => { choose({ tab: key, page: 0 }); document.getElementById(`tab-${key}`).focus(); },
      }, label))),
      h('label', { class: 'check' }, h('input', {
        type: 'checkbox', id: 'column', checked: chosen.column,
        change: (e) => { choose({ column: e.target.checked }); document.getElementById('column').focus(); },
      }), 'Related RO Number(s) column'),
      h('span', { class: 'check' },
        chosen.column && h('label', { class: 'check' }, h('input', {
          type: 'checkbox', id: 'warranty', checked: chosen.warranty,
          change: (e) => { chosen.warranty = e.target.checked; filter(table); },
        }), 'Warranty still open'),
        h('span', { class: 'hint', id: 'filtered', role: 'status' }))),
    chosen.column && h('related-ro-status'),
    shown.length ? table : h('p', { class: 'hint' }, session.cases.length ? 'No cases here.' : 'No cases are listed yet. Open one by its id.'),
    pages > 1 && h('nav', { class: 'pager', 'aria-label': 'Pages of cases' },
      h('button', { type: 'button', disabled: page === 0, click: () => choose({ page: page - 1 }) }, 'Previous'),
      h('span', {}, `Page ${page + 1} of ${pages}`),
      h('button', { type: 'button', disabled: page + 1 === pages, click: () => choose({ page: page + 1 }) }, 'Next')),
    shown.length > 0 && h('div', {}, h('button', { type: 'button', id: 'csv', click: () => save(shown) }, 'Save as CSV')),
    openById(place),
  ].filter(Boolean);
}

/**
 * Hides the cases without an open warranty RO, if that filter is chosen. Cases with an unknown
 * number stay.
 */
function filter(table) {
  if (!table.isConnected) return;
  const rows = [...table.querySelectorAll('tbody tr')];
  for (const row of rows) row.hidden = chosen.warranty && row.querySelector('related-ro-cell')?.openWarranty === 0;
  document.getElementById('filtered').textContent = chosen.warranty ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} cases` : '';
}

function list(place, rows) {
  return wide('Cases', heads(), rows.map((c) => ({
    cells: [
      h('a', { href: address(place, c) }, c.caseNumber ?? c.caseId), h('span', { class: 'num' }, c.roNumber),
      ...(chosen.column ? [h('related-ro-cell', { 'location-id': c.locationId, 'case-id': c.caseId })] : []),
      c.customer, short(c.unit), c.complaint, short(c.locationName),
    ],
  })));
}

/** Saves the visible rows with their related ROs. */
function save(rows) {
  const related = new Map([...document.querySelectorAll('main related-ro-cell')].map((cell) => [`${cell.locationId} ${cell.caseId}`, cell.case]));
  const numbers = (c) => (related.get(`${c.locationId} ${c.caseId}`)?.relatedRos ?? []).map((ro) => ro.roNumber).join(' ');
  const drawn = document.querySelectorAll('main [role=table] tbody tr');
  saveCSV('cases', heads(), rows.filter((_, i) => !drawn[i].hidden).map((c) => [
    c.caseNumber ?? c.caseId, c.roNumber, ...(chosen.column ? [numbers(c)] : []), c.customer, c.unit, c.complaint, c.locationName,
  ]));
}

const heads = () => ['Case', 'RO', ...(chosen.column ? ['Related RO Number(s)'] : []), 'Customer', 'Unit', 'Complaint', 'Location'];

const address = (place, c) => `#/${place}/${encodeURIComponent(c.locationId)}/${encodeURIComponent(c.caseId)}`;

/**
 * A form to open a case that is not in the list, as in a deployed system with a separate case
 * platform.
 */
function openById(place) {
  const id = h('input', { id: 'open-id', maxlength: 64, spellcheck: 'false', required: true });
  return h('form', { class: 'inline', submit: (e) => {
    e.preventDefault();
    location.hash = address(place, { locationId: session.location, caseId: id.value.trim() });
  } }, h('label', { for: 'open-id' }, `Case id at ${session.named(session.location)}`), id, h('button', { type: 'submit' }, 'Open case'));
}
