// Table cells ask together: what is wanted in one frame costs one batch-get per hundred cases.
import { call } from './api.js';

const MOST = 100; // the API's limit for one batch-get
const waiting = new Map(); // "location case" → {id, key, readers}
let scheduled = false;

const onScreen = new WeakSet();
const note = (entries) => {
  for (const e of entries) onScreen[e.isIntersecting ? 'add' : 'delete'](e.target);
};
const observer = new IntersectionObserver(note, { rootMargin: '100px' });

/** Has a cell's place watched while it is on the page: those on screen are asked for first. */
export const watch = (cell) => observer.observe(cell);
export const unwatch = (cell) => observer.unobserve(cell);

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
  let begun = false;
  const begin = () => {
    if (!begun) drain();
    begun = true;
  };
  requestAnimationFrame(() => setTimeout(begin));
  setTimeout(begin, 250);
}

async function drain() {
  while (dropUnwanted() > 0) {
    note(observer.takeRecords()); // seen, but not told yet
    const seen = (e) => e.readers.some(({ cell }) => onScreen.has(cell));
    const entries = [...waiting.values()];
    const chunk = [...entries.filter(seen), ...entries.filter((e) => !seen(e))].slice(0, MOST);
    for (const e of chunk) waiting.delete(e.id);
    await ask(chunk);
  }
  scheduled = false;
}

/** Drops what no reader waits for any more, the cells being of another case or gone; how many are left. */
function dropUnwanted() {
  for (const e of waiting.values()) if (e.readers.every(({ signal }) => signal.aborted)) waiting.delete(e.id);
  return waiting.size;
}

async function ask(chunk) {
  try {
    const { data } = await call('POST', '/related-ros/batch-get', { body: { cases: chunk.map((e) => e.key) } });
    chunk.forEach((e, i) => e.readers.forEach((r) => r.resolve(data.cases[i])));
  } catch (err) {
    chunk.forEach((e) => e.readers.forEach((r) => r.reject(err)));
  }
}
