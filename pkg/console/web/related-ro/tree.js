// The RO family as a small picture, and the same as a nested list for those who do not see it.
import { t } from './session.js';
import { h, s } from './dom.js';
import { inWords, isWarranty, stateOf } from './parts.js';

const BOX = { width: 166, height: 42, gap: 10 };

/** Two ways to lay the tree out: from left to right, and for narrow places one below another, indented. */
const LAYOUTS = [
  {
    name: 'broad', step: BOX.width + 34, parentAbove: false,
    line: (from, to) => `M${from.x + BOX.width} ${middle(from)}h17V${middle(to)}H${to.x}`,
  },
  {
    name: 'tall', step: 22, parentAbove: true,
    line: (from, to) => `M${from.x + 11} ${from.y + BOX.height}V${middle(to)}H${to.x}`,
  },
];

const MOST = 8; // ROs that are drawn at once; a larger family is folded away

/** A figure of the case's RO, its originals, alternates and their spinoffs; nothing where a table says it all. */
export function familyTree(element, c) {
  if (!c.relatedRos?.length) return '';
  const root = grow(c);
  if (depth(root) < 3) return ''; // all of them come from one
  const [shown, fold] = element.fold('tree', c.relatedRos, MOST, 'tree.show');
  const open = shown.length === c.relatedRos.length;
  return h('figure', { class: `family deep${Math.min(6, depth(root))}` }, // how deep decides how much room the broad one needs
    h('figcaption', {}, t('tree.title'), ' ', fold),
    open && [LAYOUTS.map((layout) => picture(c, root, layout)), h('ul', { class: 'vh' }, listed(root))]);
}

const depth = (node) => 1 + Math.max(0, ...node.children.map(depth));

function picture(c, root, layout) {
  const boxes = [], lines = [];
  place(root, 0, 0, layout, boxes, lines);
  const width = Math.max(...boxes.map((b) => b.x)) + BOX.width + 2;
  const height = Math.max(...boxes.map((b) => b.y)) + BOX.height + 2;
  return s('svg', {
    class: layout.name, role: 'img', width, height, viewBox: `-1 -1 ${width} ${height}`,
    'aria-label': t('tree.described', { ro: c.roNumber, count: c.relatedCount ?? c.relatedRos.length }),
  }, lines.map((d) => s('path', { class: 'branch', d })), boxes.map(box));
}

/** The tree of nodes {ro, own, children}. What names no parent that is here hangs on the top. */
function grow(c) {
  const related = c.relatedRos;
  const nodes = new Map(related.map((ro) => [ro.roNumber, { ro, children: [] }]));
  const originals = related.filter((ro) => ro.relation === 'original');
  const passed = new Set(originals.map((ro) => ro.originalRoNumber));
  const own = { ro: { roNumber: c.roNumber }, own: true, children: [] };
  own.ro.originalRoNumber = originals.find((ro) => !passed.has(ro.roNumber))?.roNumber; // the nearest of the originals
  nodes.set(c.roNumber, own);

  const above = (node) => nodes.get(node.ro.originalRoNumber);
  const top = topOf(own, above);
  for (const node of nodes.values()) {
    if (node === top) continue;
    const parent = above(node);
    (parent && topOf(node, above) === top ? parent : top).children.push(node);
  }
  return top;
}

/** The first of a node's line; a line that closes on itself ends where it would begin again. */
function topOf(node, above) {
  const seen = new Set();
  while (above(node) && !seen.has(node)) {
    seen.add(node);
    node = above(node);
  }
  return node;
}

/** Gives each node its place, leaves one below another, a parent beside or above its first child; returns the next free row. */
function place(node, depth, row, layout, boxes, lines) {
  const at = { node, x: depth * layout.step, y: row * (BOX.height + BOX.gap) };
  boxes.push(at);
  let next = row + layout.parentAbove;
  for (const child of node.children) {
    const first = boxes.length;
    next = place(child, depth + 1, next, layout, boxes, lines);
    lines.push(layout.line(at, boxes[first]));
  }
  return Math.max(next, row + 1);
}

const middle = (at) => at.y + BOX.height / 2;
const sort = (n) => (n.own ? 'this' : `${stateOf(n.ro)}${isWarranty(n.ro) ? ' warranty' : ''}`);
const below = (n) => (n.own ? t('tree.this') : inWords(n.ro));

function box({ node: n, x, y }) {
  return s('g', { class: `node ${sort(n)}`, transform: `translate(${x} ${y})`, 'aria-hidden': 'true' },
    s('rect', { width: BOX.width, height: BOX.height, rx: 5 }),
    s('text', { x: 10, y: 17, class: 'no' }, clip(n.ro.roNumber, 18)),
    s('text', { x: 10, y: 33, class: 'what' }, below(n)));
}

const clip = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const listed = (n) => h('li', {},
  `${n.ro.roNumber}, ${below(n)}`,
  n.children.length > 0 && h('ul', {}, n.children.map(listed)));
