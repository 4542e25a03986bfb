// The charts of the operations page, computed from the functions' metric lines.
const OUTCOMES = ['ok', 'skipped', 'disabled', 'waiting', 'retrying', 'failed', 'gave_up', 'refused'];
const WORDS = { ok: 'Fetched', skipped: 'Skipped', disabled: 'Disabled', waiting: 'Waiting', retrying: 'Retrying', failed: 'Failed', gave_up: 'Gave up', refused: 'Refused' };
const MINUTES = 30;
const SIZE = { width: 400, height: 150, left: 48, bottom: 20 };

/** Returns a node that redraws itself every two seconds while it is on the page. */
export function figures(h, s) {
  const node = h('div', { class: 'figures' }, h('p', { class: 'hint' }, 'Loading…'));
  const draw = async () => {
    const series = await (await fetch('/local/metrics')).json();
    node.replaceChildren(retrievals(h, s, series), latency(h, s, series));
  };
  const again = async () => {
    await draw().catch((err) => node.replaceChildren(h('p', { class: 'wrong' }, `The figures could not be read: ${err.message}`)));
    if (node.isConnected) setTimeout(again, 2000);
  };
  queueMicrotask(again);
  return node;
}

const minute = (time) => Math.floor(new Date(time) / 60000);
const first = () => minute(Date.now()) - MINUTES + 1;

/** Returns a metric's points in the displayed minutes, each with its series' dimensions. */
const points = (series, name) => series.filter((one) => one.name === name)
  .flatMap(({ dimensions, points: all }) => all.filter(({ at }) => minute(at) >= first()).map((point) => ({ ...point, dimensions })));

function retrievals(h, s, series) {
  const byMinute = new Map();
  const totals = Object.fromEntries(OUTCOMES.map((o) => [o, 0]));
  for (const { at, sum, dimensions: { Outcome: outcome } } of points(series, 'Messages')) {
    totals[outcome] += sum;
    const bar = byMinute.get(minute(at)) ?? {};
    bar[outcome] = (bar[outcome] ?? 0) + sum;
    byMinute.set(minute(at), bar);
  }
  const most = Math.max(4, ...[...byMinute.values()].map((bar) => Object.values(bar).reduce((a, b) => a + b, 0)));
  const bars = bands((m, x, width, y) => {
    let sum = 0;
    return OUTCOMES.filter((o) => byMinute.get(m)?.[o]).map((o) => {
      const from = sum;
      sum += byMinute.get(m)[o];
      return s('rect', { class: `bar ${o}`, x, width, y: y(sum, most), height: y(from, most) - y(sum, most) });
    });
  });
  const seen = OUTCOMES.filter((o) => totals[o] > 0);
  return h('figure', {}, h('figcaption', {}, `Messages by outcome, each of the last ${MINUTES} minutes`),
    h('div', { class: 'beside' }, chart(s, 'Messages by outcome; the table has the totals', most, '', bars), h('table', { class: 'legend' },
      h('thead', {}, h('tr', {}, ['Outcome', 'Messages'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, (seen.length ? seen : ['ok']).map((o) => h('tr', { 'data-outcome': o },
        h('th', { scope: 'row' }, h('span', { class: `swatch ${o}`, 'aria-hidden': 'true' }), WORDS[o]), h('td', {}, String(totals[o]))))))));
}

function latency(h, s, series) {
  const byMinute = new Map();
  for (const { at, values = [] } of points(series, 'KarmakLatency')) {
    byMinute.set(minute(at), [...(byMinute.get(minute(at)) ?? []), ...values]);
  }
  const most = Math.max(10, ...[...byMinute.values()].map((v) => share(v, 0.9)));
  const marks = bands((m, x, width, y) => {
    const values = byMinute.get(m);
    if (!values) return [];
    const middle = x + width / 2;
    return [
      s('line', { class: 'spread', x1: middle, x2: middle, y1: y(share(values, 0.5), most), y2: y(share(values, 0.9), most) }),
      s('circle', { class: 'median', cx: middle, cy: y(share(values, 0.5), most), r: 3 }),
    ];
  });
  const ms = (n) => `${n.toFixed(n < 10 ? 1 : 0)} ms`;
  const all = [...byMinute.values()].flat();
  return h('figure', {}, h('figcaption', {}, 'Karmak latency in the same minutes: median, and up to the slowest tenth'),
    h('div', { class: 'beside' }, chart(s, 'Latency of Karmak; the table has the figures', most, ' ms', marks), h('table', { class: 'legend' },
      h('thead', {}, h('tr', {}, ['Requests', 'Median', '90 %', 'Slowest'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, h('tr', { 'data-requests': all.length }, all.length === 0 ? h('td', { colspan: 4 }, 'No requests yet') : [
        h('td', {}, String(all.length)), [share(all, 0.5), share(all, 0.9), Math.max(...all)].map((n) => h('td', {}, ms(n)))])))));
}

/** Returns the quantile of values at part, a number from 0 to 1. */
function share(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

/** Returns the concatenated results of draw(minute, x, width, y) for every minute of the window. */
function bands(draw) {
  const step = (SIZE.width - SIZE.left) / MINUTES;
  const y = (value, most) => 8 + (1 - value / most) * (SIZE.height - SIZE.bottom - 8);
  return Array.from({ length: MINUTES }, (_, i) => draw(first() + i, SIZE.left + i * step + 1, step - 2, y)).flat();
}

function chart(s, label, most, unit, marks) {
  const floor = SIZE.height - SIZE.bottom;
  const time = (minutesAgo) => new Date(Date.now() - minutesAgo * 60000).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  return s('svg', { class: 'chart', viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: 'img', 'aria-label': label },
    s('line', { class: 'axis', x1: SIZE.left, x2: SIZE.width, y1: floor, y2: floor }),
    s('line', { class: 'grid', x1: SIZE.left, x2: SIZE.width, y1: 8, y2: 8 }),
    s('text', { x: SIZE.left - 5, y: 12, 'text-anchor': 'end' }, `${Math.round(most)}${unit}`),
    s('text', { x: SIZE.left - 5, y: floor, 'text-anchor': 'end' }, '0'),
    s('text', { x: SIZE.left, y: SIZE.height - 5 }, time(MINUTES - 1)),
    s('text', { x: SIZE.width, y: SIZE.height - 5, 'text-anchor': 'end' }, time(0)),
    marks);
}
