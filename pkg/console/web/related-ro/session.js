// The connection to the API, and the only module with access to the token. It uses no browser
// storage.
import { dictionary, english } from './texts.js';

let options = {};
let latest; // the latest requested connection; texts may arrive out of order
let dict = english;
let learned = {}; // English texts of the parts loaded so far
let ended = new AbortController(); // aborts when the connection is replaced, and with it the connection's requests
const bus = new EventTarget();

/**
 * Sets the API's address, the token, the language and the texts for the elements. Documented in
 * related-ro.d.ts.
 */
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

/** Adds the English texts of a part that loads later. */
export function learn(texts) {
  learned = { ...learned, ...texts };
  dict = { ...learned, ...dict };
}

/**
 * Announces that a case has changed, so that the elements that show it read it again. Without
 * arguments, all elements do.
 */
export function changed(locationId, caseId) {
  bus.dispatchEvent(new CustomEvent('changed', { detail: { locationId, caseId } }));
}

/** Makes all elements whose read failed read again. */
export const again = () => bus.dispatchEvent(new Event('again'));

addEventListener('online', again);

/** Calls the functions in on for the events session, changed and again, until the signal aborts. */
export function listen(on, signal) {
  for (const [name, fn] of Object.entries(on)) bus.addEventListener(name, (e) => fn(e.detail), { signal });
}

const localeOf = (o) => o.locale || regional(document.documentElement.lang) || navigator.language || 'en';

/**
 * The user's regional variant of the page's language, for dates: en becomes en-GB for a British
 * user.
 */
const regional = (lang) => navigator.languages.find((l) => l.split('-')[0] === lang) ?? lang;

export const locale = () => localeOf(options);

/**
 * The text of a key, with the values of {names} filled in. Texts with a count have .one and .other
 * forms.
 */
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

/** The text of a key if there is one, otherwise the server's text. */
export const textOr = (key, said) => dict[key] ?? said;

/** A point in time, in the reader's time zone. Text that is not a time stays unchanged. */
export const time = (iso) => written(iso, iso, { hour: 'numeric', minute: '2-digit' });

/** The day of a point in time, in the reader's time zone. */
export const dayOf = (iso) => written(iso, iso, {});

/** A day from the DMS, in the dealer's time zone. It is not converted to the reader's time zone. */
export const day = (iso) => written(iso, `${String(iso).slice(0, 10)}T00:00:00Z`, { timeZone: 'UTC' });

/** A point in time as the number of minutes before now. */
export const ago = (iso) => new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-Math.round((Date.now() - Date.parse(iso)) / 60000), 'minute');

/** A time of day with seconds, from ms since the epoch. */
export const clock = (ms) => new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' }).format(ms);

/** The common date format: month and day, and the year if it is not the current one. */
function written(iso, at, style) {
  const date = new Date(at);
  if (!iso || isNaN(date)) return iso || '';
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric', year, ...style }).format(date);
}

export const connected = () => Boolean(options.token);

/** A path below /v1 of the API, with its variable parts escaped. */
export const path = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map(encodeURIComponent));

/** The address of a case in the host's application; undefined if the host gave none. */
export const caseHref = (ref) => options.caseHref?.(ref);

/** The time of the person's last look at a case, in ms; 0 if the host does not know it. */
export const lookedAt = (ref) => Number(options.lookedAt?.(ref) ?? 0);

const REFUSED = Symbol('the host gave no token');

/** The token. A token function is called for each request, so that it can renew the token. */
async function token() {
  try {
    return typeof options.token === 'function' ? await options.token() : options.token;
  } catch {
    throw REFUSED;
  }
}

/** Whether an error means that the host gave no token. */
export const refused = (err) => err === REFUSED;

/**
 * A signal that aborts a request after a limit in ms and, if a signal is given, also with that
 * signal or when the connection is replaced.
 */
export const limited = (signal, limit) => AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal, ended.signal] : [])]);

/**
 * Sends a request with the token. If the API refuses a token from a function, requests a new one
 * and tries once more.
 */
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

/** The claims of the token, not verified; empty if the token cannot be decoded. */
async function claims() {
  try {
    return JSON.parse(atob((await token()).split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
}

/**
 * The roles given by the host page, or those in the token. They only decide which buttons to show;
 * the API enforces access.
 */
export async function roles() {
  const held = options.roles ?? (await claims()).roles;
  return Array.isArray(held) ? held : [];
}

/** The token's subject, the person; undefined if the token has none. */
export const subject = async () => (await claims()).sub;

const STAFF = ['administrator', 'service_manager', 'support'];

/**
 * The rights of the roles: staff may refresh and save settings, support may change the Karmak
 * account.
 */
export async function rights() {
  const held = await roles();
  return { staff: held.some((r) => STAFF.includes(r)), support: held.includes('support') };
}
