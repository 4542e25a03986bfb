// Building blocks of the pages.
import { h, table } from '../related-ro/dom.js';

/** A section of a page with a heading. */
export const section = (title, ...content) => h('section', { class: 'panel' }, h('h2', {}, title), content);

/**
 * A table that scrolls when it is wider than the page, and turns its rows into cards on a narrow
 * page. Rows are as in table.
 */
export const wide = (name, heads, rows) =>
  h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': name }, table(name, heads, rows));

/** Text that stays on one line. */
export const short = (text) => h('span', { class: 'short' }, text);

/** Breadcrumbs from pairs of [words, address]. The last pair is the page itself. */
export const crumbs = (...steps) => h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumb' },
  h('ol', {}, steps.map(([words, href], i) =>
    h('li', { 'aria-current': i === steps.length - 1 ? 'page' : undefined }, href ? h('a', { href }, words) : words))));

/** A point in time, formatted as in the elements. */
export function time(iso) {
  const date = new Date(iso);
  if (!iso || isNaN(date)) return '';
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return date.toLocaleString(undefined, { month: 'short', day: 'numeric', year, hour: 'numeric', minute: '2-digit' });
}
