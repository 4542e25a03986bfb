// Combines the requests of table cells: those made within one frame take one batch-get per hundred
// cases.
import { call } from './api.js';

const MOST = 100; // the API's limit for one batch-get
const AT_ONCE = 3; // concurrent requests, so that a slow one does not delay the others
const waiting = new Map(); // "location case" → {id, key, readers}
let scheduled = false;
let asking = 0;

const onScreen = new WeakSet();
const note = (entries) => {
  for (const e of entries) onScreen[e.isIntersecting ? 'add' : 'delete'](e.target);
};
const observer = new IntersectionObserver(note, { rootMargin: '100px' });

/**
 * Watches whether a cell is on screen, until the signal aborts. Cells on screen are fetched first.
 */
export function watch(cell, signal) {
  observer.observe(cell);
  signal.addEventListener('abort', () => observer.unobserve(cell));
}

/**
 * Fetches the case of a cell, or {found:false}. Never settles if the signal aborts before the
 * request starts.
 */
export function fetchCase(cell, signal) {
  return new Promise((resolve, reject) => {
    const { locationId, caseId } = cell;
    const id = `${locationId} ${caseId}`;
    const entry = waiting.get(id) ?? { id, key: { locationId, caseId }, readers: [] };
    entry.readers.push({ cell, signal, resolve, reject });
    waiting.set(id, entry);
    schedule();
  });
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // Waiting for one frame lets a framework add its rows one by one, and lets the observer find
  // those on screen. A hidden page has no frames, so a timer starts the requests too.
  const begin = () => {
    if (scheduled) drain();
    scheduled = false;
  };
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, 250);
}

function drain() {
  while (asking < AT_ONCE && dropUnwanted() > 0) {
    note(observer.takeRecords()); // observed, but not delivered yet
    const seen = (e) => e.readers.some(({ cell }) => onScreen.has(cell));
    const entries = [...waiting.values()];
    const chunk = [...entries.filter(seen), ...entries.filter((e) => !seen(e))].slice(0, MOST);
    for (const e of chunk) waiting.delete(e.id);
    asking++;
    ask(chunk).finally(() => {
      asking--;
      drain();
    });
  }
}

/** Drops the cases that no reader waits for any more and returns the number of those left. */
function dropUnwanted() {
  for (const e of waiting.values()) if (unread(e)) waiting.delete(e.id);
  return waiting.size;
}

const unread = (entry) => entry.readers.every(({ signal }) => signal.aborted);

async function ask(chunk) {
  const request = new AbortController();
  const readers = chunk.flatMap((e) => e.readers);
  for (const { signal } of readers) signal.addEventListener('abort', () => chunk.every(unread) && request.abort());
  try {
    const { data } = await call('POST', '/related-ros/batch-get', { body: { cases: chunk.map((e) => e.key) }, signal: request.signal });
    chunk.forEach((e, i) => e.readers.forEach((r) => r.resolve(data.cases[i])));
  } catch (err) {
    for (const r of readers) r.reject(err);
  }
}
