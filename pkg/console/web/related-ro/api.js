// Calls of the API. They return plain data or throw an ApiError whose message can be shown.
import { limited, refused, send, t, textOr } from './session.js';

const LIMIT = 30_000; // ms, API Gateway's own limit for an answer

/**
 * A failed request. kind is signin, forbidden, busy, offline, slow, unavailable, missing, conflict,
 * stale or refused. status is the HTTP status, 0 if there was no answer.
 */
export class ApiError extends Error {
  constructor(kind, status = 0, problem = {}, retryAfter = 0) {
    super(say(kind, problem));
    Object.assign(this, { kind, status, problem, retryAfter });
  }

  /** Whether the same request may succeed later. */
  get passing() { return ['busy', 'offline', 'slow', 'unavailable'].includes(this.kind); }
}

const KINDS = { 401: 'signin', 403: 'forbidden', 404: 'missing', 409: 'conflict', 412: 'stale', 429: 'busy' };

/**
 * Our own text, unless the API says how to fix the problem: then its sentence, or the errors of the
 * fields.
 */
function say(kind, problem) {
  const { type, detail, fields } = problem;
  if (!['refused', 'conflict', 'busy'].includes(kind) || !detail) return t(`error.${kind}`);
  if (type !== 'bad-input' || !fields?.length) return textOr(`problem.${type}`, detail);
  return fields.map((f) => `${label(f.field)}: ${rule(f)}`).join('. ');
}

/** The text of a field's error. */
export const rule = ({ field, detail }) => textOr(`field.${field}`, detail);

/** The label of a field: karmak.account is the Karmak account. */
function label(field) {
  const name = field.split('.').pop();
  return textOr(`settings.${name}`, textOr(`search.${name}`, name));
}

/**
 * Sends a request and returns {data, etag}. Throws an ApiError for any status other than 2xx.
 * Throws an AbortError if the result is no longer wanted, because the signal was aborted or the
 * connection was replaced.
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

/**
 * Whether the answer says that a case was never fetched, which is a state to show and not an error.
 */
export const notRetrieved = (err) =>
  err.kind === 'missing' && err.problem.type === 'case-not-retrieved';
