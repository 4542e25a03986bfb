// What pages are made of.
import { h, table } from '../related-ro/dom.js';

/** A titled part of a page. */
export const section = (title, ...content) => h('section', { class: 'panel' }, h('h2', {}, title), content);

/** A table that scrolls by itself where it is wider than the page, and becomes cards where that is narrow; rows as in table. */
export const wide = (name, heads, rows) =>
  h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': name }, table(name, heads, rows));

/** Words that stay on one line. */
export const short = (text) => h('span', { class: 'short' }, text);

/** Where the page is; the last of [words, address] is the page itself. */
export const crumbs = (...steps) => h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumb' },
  h('ol', {}, steps.map(([words, href], i) =>
    h('li', { 'aria-current': i === steps.length - 1 ? 'page' : undefined }, href ? h('a', { href }, words) : words))));

/** A point in time, written as the elements write it. */
export function time(iso) {
  const date = new Date(iso);
  if (!iso || isNaN(date)) return '';
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return date.toLocaleString(undefined, { month: 'short', day: 'numeric', year, hour: 'numeric', minute: '2-digit' });
}
