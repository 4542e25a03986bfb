// The API's answers: plain data, or an ApiError whose sentence can be shown.
import { limited, refused, send, t, textOr } from './session.js';

const LIMIT = 30_000; // ms, API Gateway's own limit for an answer

/**
 * An answer that is not what was asked for. kind is signin, forbidden, busy, offline, slow, unavailable, missing, conflict,
 * stale or refused; status is HTTP's, 0 where there was no answer.
 */
export class ApiError extends Error {
  constructor(kind, status = 0, problem = {}, retryAfter = 0) {
    super(say(kind, problem));
    Object.assign(this, { kind, status, problem, retryAfter });
  }

  /** Whether the same request may be answered later. */
  get passing() { return ['busy', 'offline', 'slow', 'unavailable'].includes(this.kind); }
}

const KINDS = { 401: 'signin', 403: 'forbidden', 404: 'missing', 409: 'conflict', 412: 'stale', 429: 'busy' };

/** Our own words, except where the API says what to do about it: then its sentence, or which fields are wrong. */
function say(kind, problem) {
  const { type, detail, fields } = problem;
  if (!['refused', 'conflict', 'busy'].includes(kind) || !detail) return t(`error.${kind}`);
  if (type !== 'bad-input' || !fields?.length) return textOr(`problem.${type}`, detail);
  return fields.map((f) => `${label(f.field)}: ${rule(f)}`).join('. ');
}

/** What is wrong with a field, in words. */
export const rule = ({ field, detail }) => textOr(`field.${field}`, detail);

/** What people call a field: karmak.account is the Karmak account. */
function label(field) {
  const name = field.split('.').pop();
  return textOr(`settings.${name}`, textOr(`search.${name}`, name));
}

/**
 * Sends a request and returns {data, etag}; anything but a 2xx is thrown as an ApiError. What nobody waits for any more,
 * the signal being aborted or the connection another, is thrown as an AbortError.
 */
export async function call(method, path, init = {}) {
  const signal = limited(init.signal, LIMIT);
  signal.throwIfAborted();
  const ended = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  try {
    return await Promise.race([answered(method, path, { ...init, signal }), ended]);
  } catch (err) {
    if (err instanceof ApiError || err.name === 'AbortError') throw err;
    throw new ApiError(refused(err) ? 'signin' : err.name === 'TimeoutError' ? 'slow' : 'offline');
  }
}

async function answered(method, path, init) {
  const answer = await send(method, path, init);
  const text = await answer.text();
  let data = {};
  try {
    data = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError('unavailable', answer.status);
  }
  if (answer.ok) return { data, etag: answer.headers.get('etag') };
  const kind = KINDS[answer.status] ?? (answer.status >= 500 ? 'unavailable' : 'refused');
  throw new ApiError(kind, answer.status, data, Number(answer.headers.get('retry-after')));
}

/** True of the answer that a case was never fetched, which is a state to show and no error. */
export const notRetrieved = (err) =>
  err.kind === 'missing' && err.problem.type === 'case-not-retrieved';
