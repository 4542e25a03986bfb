// The console: a small case platform around the related-ro elements. It uses no browser storage.
import { h, s } from '../related-ro/dom.js';
import { session } from './session.js';
import * as cases from './cases.js';
import * as caseDetails from './case.js';
import * as assets from './assets.js';
import * as search from './search.js';
import * as warranty from './warranty.js';
import * as settings from './settings.js';
import * as locations from './locations.js';
import * as operations from './operations.js';
import { signIn } from './signin.js';
import { sessionBar } from './bar.js';

const PAGES = [
  { path: 'cases', label: 'Cases', list: cases.page, one: caseDetails.edit },
  { path: 'search', label: 'Search', list: search.page },
  { path: 'assets', label: 'Assets', list: assets.list, one: assets.edit },
  { path: 'view', label: 'Field managers', list: cases.viewPage, one: caseDetails.view },
  { path: 'warranty', label: 'Open warranty ROs', list: warranty.page, offered: () => session.roles.some((role) => role !== 'field_manager') },
  { path: 'settings', label: 'Location settings', list: settings.page },
  { path: 'locations', label: 'Locations', list: locations.page, everywhere: true },
  { path: 'operations', label: 'Operations', list: operations.page, everywhere: true },
];

const main = document.getElementById('main');
const nav = document.getElementById('nav');

/**
 * Parses a hash such as #/cases/loc-100/case-1001 into the page and its decoded parts. Unknown
 * hashes give the first page.
 */
function route() {
  const [name, ...parts] = location.hash.replace(/^#\/?/, '').split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  const page = PAGES.find((p) => p.path === name) ?? PAGES[0];
  return { page, parts, draw: parts.length === 2 && page.one ? page.one : page.list };
}

function show({ focus } = {}) {
  const { page, parts, draw } = route();
  nav.replaceChildren(h('ul', {}, PAGES.filter((p) => p.offered?.() ?? true).map((p) => h('li', {}, h('a', {
    href: `#/${p.path}`, 'aria-current': p === page ? 'page' : undefined,
  }, p.label))), h('li', {}, h('a', { href: 'components.html' }, 'For developers'))));
  const nowhere = draw === page.list && !page.everywhere && parts.length === 0 && !session.location;
  const content = !session.token ? signIn() : nowhere ? noLocation(page.label) : draw(...parts);
  main.replaceChildren(...[content].flat());
  document.title = `${main.querySelector('h1')?.textContent ?? page.label} · Related RO console`;
  if (focus) main.focus();
}

/** The page for a token with access to every location, while no location is chosen. */
const noLocation = (label) => [h('h1', {}, label), h('p', { class: 'hint' }, 'Name a location at the top of the page first.')];

let shown = location.hash;

/** Whether the page has no unsaved edits, or the person agrees to lose them. */
const mayLeave = () => !main.querySelector('related-ro-settings')?.unsaved || confirm('Leave without saving the external interfaces?');

addEventListener('hashchange', () => {
  if (location.hash === shown || (location.hash && !location.hash.startsWith('#/'))) return; // the skip link
  if (!mayLeave()) return history.replaceState(history.state, '', shown || '#/');
  shown = location.hash;
  show({ focus: true });
  scrollTo(0, 0);
});

/**
 * Mounts an extension module beside the pages. If it fails to load, people can still paste a token.
 */
async function extend(address) {
  const aside = document.getElementById('extension');
  try {
    await (await import(address)).mount({ h, s, session, aside });
  } catch (err) {
    aside.replaceChildren(h('p', { class: 'wrong', role: 'alert' }, `The panel could not be loaded: ${err.message}`));
    aside.hidden = false;
  }
}

async function start() {
  const config = await (await fetch('config.json')).json();
  session.dashboard = config.dashboardUrl;
  if (config.extension) await extend(config.extension);
  const draw = () => {
    document.getElementById('session').replaceChildren(...sessionBar(mayLeave));
    show();
  };
  session.addEventListener('change', draw);
  draw();
}

start().catch((err) => main.replaceChildren(
  h('h1', {}, 'The console could not start'),
  h('p', { class: 'wrong', role: 'alert' }, `${err.message} `, h('a', { href: './' }, 'Load it again'))));
