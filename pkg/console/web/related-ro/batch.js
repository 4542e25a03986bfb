// Table cells ask together: what is wanted in one frame costs one batch-get per hundred cases.
import { call } from './api.js';

const MOST = 100; // the API's limit for one batch-get
const AT_ONCE = 3; // requests, so that one without an answer does not hold up the others
const waiting = new Map(); // "location case" → {id, key, readers}
let scheduled = false;
let asking = 0;

const onScreen = new WeakSet();
const note = (entries) => {
  for (const e of entries) onScreen[e.isIntersecting ? 'add' : 'delete'](e.target);
};
const observer = new IntersectionObserver(note, { rootMargin: '100px' });

/** Has a cell's place watched until the signal aborts: those on screen are asked for first. */
export function watch(cell, signal) {
  observer.observe(cell);
  signal.addEventListener('abort', () => observer.unobserve(cell));
}

/** The case of a cell, or {found:false}; never settles if the signal aborts before it is asked for. */
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
  // One frame lets a framework add its rows one by one, and the observer see which of them are on screen. A page
  // that is not shown has no frames: the timer sees to it.
  const begin = () => {
    if (scheduled) drain();
    scheduled = false;
  };
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, 250);
}

function drain() {
  while (asking < AT_ONCE && dropUnwanted() > 0) {
    note(observer.takeRecords()); // seen, but not told yet
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

/** Drops what no reader waits for any more, the cells being of another case or gone; how many are left. */
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
