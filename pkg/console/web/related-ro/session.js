// Who is asking and where: the one place that knows the token. Nothing is kept in storage.
import { dictionary, english } from './texts.js';

let options = {};
let latest; // the connection asked for last: texts may come in another order
let dict = english;
const bus = new EventTarget();

/** Gives the elements the API's address, the token, the language and the texts; documented in related-ro.d.ts. */
export async function connect(next) {
  latest = next;
  const lang = localeOf(next).split('-')[0];
  const texts = await dictionary(lang, next.texts?.[lang]);
  if (latest !== next) return;
  options = { ...next };
  dict = texts;
  bus.dispatchEvent(new Event('session'));
}

/** Tells the elements that a case has changed, so that those which show it read it again. Without a case: everything. */
export function changed(locationId, caseId) {
  bus.dispatchEvent(new CustomEvent('changed', { detail: { locationId, caseId } }));
}

/** Calls on.session and on.changed until the signal aborts. */
export function listen(on, signal) {
  bus.addEventListener('session', () => on.session(), { signal });
  bus.addEventListener('changed', (e) => on.changed(e.detail), { signal });
}

const localeOf = (o) => o.locale || regional(document.documentElement.lang) || navigator.language || 'en';

/** A page's language as the browser's user writes dates in it: en is en-GB to a Briton. */
const regional = (lang) => navigator.languages.find((l) => l.split('-')[0] === lang) ?? lang;

const locale = () => localeOf(options);

/** The text of a key, with {names} filled in; counted texts have .one and .other forms. */
export function t(key, values = {}) {
  let text = dict[key];
  if (text === undefined && 'count' in values) {
    text = dict[`${key}.${new Intl.PluralRules(locale()).select(values.count)}`] ?? dict[`${key}.other`];
  }
  return (text ?? key).replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? new Intl.NumberFormat(locale()).format(value) : value;
  });
}

/** The text of a key where there is one, else what the server said. */
export const textOr = (key, said) => dict[key] ?? said;

/** A point in time, in the reader's zone; what is no time stays as it is. */
export const time = (iso) => written(iso, iso, { dateStyle: 'medium', timeStyle: 'short' });

/** A day as the DMS has it, in the dealer's own zone: never shifted to the reader's. */
export const day = (iso) => written(iso, `${String(iso).slice(0, 10)}T00:00:00Z`, { dateStyle: 'medium', timeZone: 'UTC' });

function written(iso, at, style) {
  const date = new Date(at);
  return !iso || isNaN(date) ? iso || '' : new Intl.DateTimeFormat(locale(), style).format(date);
}

export const connected = () => Boolean(options.token);

/** The API's address for a path below /v1, its variable parts escaped. */
export const path = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map(encodeURIComponent));

/** The request that carries the token; a token function is asked each time, so it may renew. */
export async function send(method, pathname, { body, headers, signal } = {}) {
  const token = typeof options.token === 'function' ? await options.token() : options.token;
  return fetch(`${options.baseUrl ?? ''}/v1${pathname}`, {
    method, signal,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** The roles that the host page named, or those in the token. Only to leave out buttons: the API decides by itself. */
export async function roles() {
  if (options.roles) return options.roles;
  try {
    const token = typeof options.token === 'function' ? await options.token() : options.token;
    const claims = JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    return Array.isArray(claims.roles) ? claims.roles : [];
  } catch {
    return [];
  }
}

const STAFF = ['administrator', 'service_manager', 'support'];

/** What the roles allow: refreshing and saving settings, and changing the Karmak account. */
export async function rights() {
  const held = await roles();
  return { staff: held.some((r) => STAFF.includes(r)), support: held.includes('support') };
}
