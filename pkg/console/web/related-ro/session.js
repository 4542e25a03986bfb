// Who is asking and where: the one place that knows the token. Nothing is kept in storage.
import { dictionary, english } from './texts.js';

let options = {};
let latest; // the connection asked for last: texts may come in another order
let dict = english;
let learned = {}; // English texts of parts that were loaded later
let ended = new AbortController(); // with the connection, and so with what was asked over it
const bus = new EventTarget();

/** Gives the elements the API's address, the token, the language and the texts; documented in related-ro.d.ts. */
export async function connect(next) {
  latest = next;
  const lang = localeOf(next).split('-')[0];
  const texts = await dictionary(lang, next.texts?.[lang]);
  if (latest !== next) return;
  ended.abort();
  ended = new AbortController();
  options = { ...next };
  dict = { ...learned, ...texts };
  bus.dispatchEvent(new Event('session'));
}

/** Takes in the English texts of a part that is loaded later. */
export function learn(texts) {
  learned = { ...learned, ...texts };
  dict = { ...learned, ...dict };
}

/** Tells the elements that a case has changed, so that those which show it read it again. Without a case: everything. */
export function changed(locationId, caseId) {
  bus.dispatchEvent(new CustomEvent('changed', { detail: { locationId, caseId } }));
}

/** Has everything that could not be read, read again. */
export const again = () => bus.dispatchEvent(new Event('again'));

addEventListener('online', again);

/** Calls what on has for session, changed and again until the signal aborts. */
export function listen(on, signal) {
  for (const [name, fn] of Object.entries(on)) bus.addEventListener(name, (e) => fn(e.detail), { signal });
}

const localeOf = (o) => o.locale || regional(document.documentElement.lang) || navigator.language || 'en';

/** A page's language as the browser's user writes dates in it: en is en-GB to a Briton. */
const regional = (lang) => navigator.languages.find((l) => l.split('-')[0] === lang) ?? lang;

export const locale = () => localeOf(options);

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
export const time = (iso) => written(iso, iso, { hour: 'numeric', minute: '2-digit' });

/** The day of a point in time, in the reader's zone. */
export const dayOf = (iso) => written(iso, iso, {});

/** A day as the DMS has it, in the dealer's own zone: never shifted to the reader's. */
export const day = (iso) => written(iso, `${String(iso).slice(0, 10)}T00:00:00Z`, { timeZone: 'UTC' });

/** How many minutes ago a point in time was. */
export const ago = (iso) => new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-Math.round((Date.now() - Date.parse(iso)) / 60000), 'minute');

/** A time of today, to the second. */
export const clock = (ms) => new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' }).format(ms);

/** The one style of dates: month and day, and the year where it is another than this one. */
function written(iso, at, style) {
  const date = new Date(at);
  if (!iso || isNaN(date)) return iso || '';
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric', year, ...style }).format(date);
}

export const connected = () => Boolean(options.token);

/** The API's address for a path below /v1, its variable parts escaped. */
export const path = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map(encodeURIComponent));

/** The address of a case in the host's application; undefined where the host named none. */
export const caseHref = (ref) => options.caseHref?.(ref);

/** When the person last looked at a case before now, in ms; 0 where the host does not know. */
export const lookedAt = (ref) => Number(options.lookedAt?.(ref) ?? 0);

const REFUSED = Symbol('the host gave no token');

/** The token; a function is asked each time, so it may renew. */
async function token() {
  try {
    return typeof options.token === 'function' ? await options.token() : options.token;
  } catch {
    throw REFUSED;
  }
}

/** Whether an error says that the host gave no token. */
export const refused = (err) => err === REFUSED;

/** What ends a request: a time limit in ms, and, where a signal says that somebody reads, that signal and another connection. */
export const limited = (signal, limit) => AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal, ended.signal] : [])]);

/** The request that carries the token. A token function that gave one which is refused is asked once more. */
export async function send(method, pathname, { body, headers, signal } = {}) {
  const request = async () => {
    const bearer = await token();
    return fetch(`${options.baseUrl ?? ''}/v1${pathname}`, {
      method, signal,
      headers: {
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  const answer = await request();
  return answer.status === 401 && typeof options.token === 'function' ? request() : answer;
}

/** The claims of the token, unchecked; none where it is not to be read. */
async function claims() {
  try {
    return JSON.parse(atob((await token()).split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
}

/** The roles that the host page named, or those in the token. Only to leave out buttons: the API decides by itself. */
export async function roles() {
  const held = options.roles ?? (await claims()).roles;
  return Array.isArray(held) ? held : [];
}

/** Who is asking; undefined where the token does not say. */
export const subject = async () => (await claims()).sub;

const STAFF = ['administrator', 'service_manager', 'support'];

/** What the roles allow: refreshing and saving settings, and changing the Karmak account. */
export async function rights() {
  const held = await roles();
  return { staff: held.some((r) => STAFF.includes(r)), support: held.includes('support') };
}
