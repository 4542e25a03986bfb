// For support staff: the state of each location, with its settings, its dead letters and a refetch.
import { h } from '../related-ro/dom.js';
import { section, short, time, wide } from './layout.js';
import { session } from './session.js';

const FILTERS = { '': 'All', enabled: 'Enabled', not_active: 'Not active at Karmak', failing: 'Failing', disabled: 'Disabled' };
const HEADS = ['Location', 'Status', 'Karmak account', 'Karmak answers', 'Newest open case', 'Actions'];
const STATES = { active: 'Active at Karmak', not_activated: 'Not activated at Karmak', unreachable: 'Karmak could not be asked', unknown: 'Karmak was never asked' };

/** The locations that match a filter, one page at a time. */
export function page(filter = '') {
  const chosen = filter in FILTERS ? filter : '';
  if (!session.roles.includes('support')) return [h('h1', {}, 'Locations'), h('p', { class: 'hint' }, 'Our support staff see here how the locations fare.')];
  const body = h('div', { class: 'stack' }, h('p', { class: 'hint' }, 'Loading…'));
  const said = h('p', { class: 'said', role: 'status' });
  const say = (text) => { said.textContent = text; };
  let shown = [];
  const load = async (cursor) => {
    try {
      const query = new URLSearchParams({ ...(chosen && { status: chosen }), ...(cursor && { cursor }) });
      const answer = await session.call('GET', `/operations/locations?${query}`);
      const first = cursor ? shown.length : -1;
      shown = [...(cursor ? shown : []), ...answer.locations];
      body.replaceChildren(...list(shown, answer.cursor, say), ...(answer.cursor ? [h('button', { type: 'button', 'data-more': '', click: () => load(answer.cursor) }, 'Show more')] : []));
      if (first >= 0) (body.querySelectorAll('tbody tr')[first]?.querySelector('a') ?? body.querySelector('[data-more]'))?.focus();
    } catch (err) {
      body.replaceChildren(h('p', { class: 'wrong', role: 'alert' }, err.message), h('button', { type: 'button', click: () => load(cursor) }, 'Try again'));
    }
  };
  load();
  return [
    h('h1', {}, 'Locations'),
    section('Locations that were set up',
      h('div', { class: 'inline' }, h('label', { for: 'standing' }, 'Show'),
        h('select', { id: 'standing', change: (e) => { location.hash = `#/locations/${e.target.value}`; } },
          Object.entries(FILTERS).map(([value, words]) => h('option', { value, selected: value === chosen }, words)))),
      body, said),
  ];
}

function list(locations, more, say) {
  if (locations.length === 0) return [h('p', { class: 'hint' }, more ? 'None among those looked at so far.' : 'None.')];
  return [wide('Locations', HEADS, locations.map((l) => ({
    cells: [
      short(l.locationId), status(l), account(l.karmak), answers(l), newest(l), h('div', { class: 'inline' }, actions(l, say)),
    ],
  })))];
}

const account = ({ account: id, branch }) => h('span', { class: 'id' }, id ? [id, branch && `, branch ${branch}`] : 'Not set');

const status = ({ status: position, activation: { state, checkedAt } }) => [h('div', {}, position),
  h('small', {}, (STATES[state] ?? state) + (checkedAt ? `, ${time(checkedAt)}` : ''))];

function answers({ status: position, failing, checkedAt }) {
  if (position !== 'ENABLED') return '';
  if (failing) return [h('div', { class: 'wrong' }, `Failing since ${time(failing.since)}`), h('small', {}, failing.message)];
  return checkedAt ? `Yes, ${time(checkedAt)}` : 'Not asked yet';
}

function newest({ locationId, newestCase: c }) {
  if (!c) return '';
  const { outcome, retrievedAt, message, since } = c.retrieval;
  const words = outcome === 'ok' ? `Fetched ${time(retrievedAt)}` : `${outcome === 'failed' ? 'Failed' : 'Retrying'}${since ? ` since ${time(since)}` : ''}: ${message}`;
  return [h('div', {}, h('a', { href: `#/cases/${encodeURIComponent(locationId)}/${encodeURIComponent(c.caseId)}` }, c.caseNumber ?? c.caseId)),
    h('small', { class: outcome === 'ok' ? undefined : 'wrong' }, words)];
}

function actions({ locationId, status: position }, say) {
  return [
    h('a', { href: `#/settings/${encodeURIComponent(locationId)}`, 'aria-label': `Settings of ${locationId}` }, 'Settings'),
    h('a', { href: `#/operations/${encodeURIComponent(locationId)}`, 'aria-label': `Dead letters of ${locationId}` }, 'Dead letters'),
    position === 'ENABLED' && h('button', { type: 'button', 'aria-label': `Fetch again all cases of ${locationId}`, click: () => refetch(locationId, say) }, 'Fetch again'),
  ];
}

/** Queues all cases of a location, page by page, and reports the progress. */
async function refetch(locationId, say) {
  if (!confirm(`Fetch all cases of ${locationId} again?`)) return;
  let queued = 0;
  let cursor;
  say('Asking…');
  try {
    do {
      const answer = await session.call('POST', `/locations/${encodeURIComponent(locationId)}/refetch`, cursor ? { cursor } : {});
      queued += answer.queued;
      ({ cursor } = answer);
      say(`${queued} cases of ${locationId} are being fetched again, ${answer.left} are left to ask for.`);
    } while (cursor);
  } catch (err) {
    say(`${queued} cases of ${locationId} are being fetched again. Then: ${err.message}`);
  }
}
