// The RO family as a small picture, and as a nested list for screen readers.
import { t } from './session.js';
import { h, s } from './dom.js';
import { inWords, isWarranty, stateOf } from './parts.js';

const BOX = { width: 166, height: 42, gap: 10 };

/**
 * Two layouts of the tree: from left to right, and indented from top to bottom for narrow pages.
 */
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

const MOST = 8; // maximum number of ROs drawn at once; a larger family is folded

/**
 * A figure of the case's RO, its originals, alternates and their spinoffs. Empty if a table shows
 * as much.
 */
export function familyTree(element, c) {
  if (!c.relatedRos?.length) return '';
  const root = grow(c);
  if (depth(root) < 3) return ''; // all related ROs come directly from one RO
  const [shown, fold] = element.fold('tree', c.relatedRos, MOST, 'tree.show');
  const open = shown.length === c.relatedRos.length;
  return h('figure', { class: `family deep${Math.min(6, depth(root))}` }, // the depth decides how much space the broad layout needs
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

/**
 * Builds the tree of nodes {ro, own, children}. A node whose parent is not in the family becomes a
 * child of the root.
 */
function grow(c) {
  const related = c.relatedRos;
  const nodes = new Map(related.map((ro) => [ro.roNumber, { ro, children: [] }]));
  const originals = related.filter((ro) => ro.relation === 'original');
  const passed = new Set(originals.map((ro) => ro.originalRoNumber));
  const own = { ro: { roNumber: c.roNumber }, own: true, children: [] };
  own.ro.originalRoNumber = originals.find((ro) => !passed.has(ro.roNumber))?.roNumber; // the nearest original
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

/** The topmost ancestor of a node. In a cycle, the search stops at the first node seen twice. */
function topOf(node, above) {
  const seen = new Set();
  while (above(node) && !seen.has(node)) {
    seen.add(node);
    node = above(node);
  }
  return node;
}

/**
 * Places the nodes: leaves below each other, a parent beside or above its first child. Returns the
 * next free row.
 */
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
