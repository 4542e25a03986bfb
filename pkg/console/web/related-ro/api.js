// The API's answers: plain data, or an ApiError whose sentence can be shown.
import { send, t, textOr } from './session.js';

/** An answer that is not what was asked for. kind is signin, forbidden, busy, offline, unavailable, missing, conflict, stale or refused. */
export class ApiError extends Error {
  constructor(kind, problem = {}, retryAfter = 0) {
    super(say(kind, problem));
    Object.assign(this, { kind, problem, retryAfter });
  }
}

const KINDS = { 401: 'signin', 403: 'forbidden', 404: 'missing', 409: 'conflict', 412: 'stale', 429: 'busy' };

/** Our own words, except where the API says what to do about it: then its sentence, or which fields are wrong. */
function say(kind, { type, detail, fields }) {
  if (!['refused', 'conflict', 'busy'].includes(kind) || !detail) return t(`error.${kind}`);
  const said = (text) => textOr(`problem.${type}`, text);
  return type === 'bad-input' && fields?.length ? fields.map((f) => `${label(f.field)}: ${said(f.detail)}`).join('. ') : said(detail);
}

/** What people call a field: karmak.account is the Karmak account. */
function label(field) {
  const name = field.split('.').pop();
  return textOr(`settings.${name}`, textOr(`search.${name}`, name));
}

/** Sends a request and returns {data, etag}; anything but a 2xx is thrown as an ApiError. */
export async function call(method, path, init) {
  let answer, data;
  try {
    answer = await send(method, path, init);
    const text = await answer.text();
    data = text ? JSON.parse(text) : {};
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    throw new ApiError(answer ? 'unavailable' : 'offline');
  }
  if (answer.ok) return { data, etag: answer.headers.get('etag') };
  const kind = KINDS[answer.status] ?? (answer.status >= 500 ? 'unavailable' : 'refused');
  throw new ApiError(kind, data, Number(answer.headers.get('retry-after')));
}

/** True of the answer that a case was never fetched, which is a state to show and no error. */
export const notRetrieved = (err) =>
  err.kind === 'missing' && err.problem.type === 'case-not-retrieved';
