// Builds nodes. Text always becomes text nodes; nothing here parses HTML, even if text from Karmak
// or a message has tags.

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(3).filter((c) => c !== undefined && c !== null && c !== false && c !== ''));
  return node;
}

/**
 * An HTML element. Functions among props become listeners. Nested arrays of children are flattened,
 * empty children left out.
 */
export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);

/** The same for SVG. */
export const s = (tag, props, ...children) => build(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);

/** Text for screen readers only. */
export const spoken = (text) => h('span', { class: 'vh' }, text);

/**
 * A table that keeps its roles when a narrow page shows its rows as cards. heads are texts and rows
 * are {cells, class}. The first cell is its row's header.
 */
export const table = (caption, heads, rows) => h('table', { role: 'table' },
  h('caption', { class: 'vh' }, caption),
  h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads.map((text) => h('th', { role: 'columnheader', scope: 'col' }, text)))),
  h('tbody', { role: 'rowgroup' }, rows.map((row) => h('tr', { role: 'row', class: row.class },
    row.cells.map((content, i) => i === 0
      ? h('th', { role: 'rowheader', scope: 'row' }, content)
      : h('td', { role: 'cell', 'data-label': heads[i] }, content))))));

const SHAPES = {
  open: [['circle', { cx: 8, cy: 8, r: 5.5 }]],
  completed: [['circle', { cx: 8, cy: 8, r: 5.5 }], ['path', { d: 'M8 2.5a5.5 5.5 0 0 1 0 11z', class: 'solid' }]],
  invoiced: [['circle', { cx: 8, cy: 8, r: 5.5, class: 'solid' }], ['path', { d: 'M5.5 8.2l1.8 1.8 3.3-3.7', class: 'knock' }]],
  voided: [['circle', { cx: 8, cy: 8, r: 5.5 }], ['path', { d: 'M4.2 11.8l7.6-7.6' }]],
  warranty: [['path', { d: 'M8 1.8l5 1.9v3.9c0 3-2 5.4-5 6.6-3-1.2-5-3.6-5-6.6V3.7z' }], ['path', { d: 'M5.7 7.9l1.7 1.7 3-3.2' }]],
  copy: [['rect', { x: 5.5, y: 5.5, width: 8, height: 8, rx: 1.5 }], ['path', { d: 'M10.5 3.5v-.5A.5.5 0 0 0 10 2.5H3a.5.5 0 0 0-.5.5v7c0 .3.2.5.5.5h.5' }]],
  done: [['path', { d: 'M3 8.5l3.2 3.2L13 4.8' }]],
  refresh: [['path', { d: 'M13 8a5 5 0 1 1-1.5-3.5M13 2.5v3h-3' }]],
  warning: [['path', { d: 'M8 2.2l6.3 11.3H1.7z' }], ['path', { d: 'M8 6.5v3.3M8 11.6v.2' }]],
  waiting: [['circle', { cx: 8, cy: 8, r: 5.8 }], ['path', { d: 'M8 4.8V8l2.3 1.6' }]],
  down: [['path', { d: 'M4 6.2l4 4 4-4' }]],
  close: [['path', { d: 'M4 4l8 8M12 4l-8 8' }]],
  info: [['circle', { cx: 8, cy: 8, r: 5.8 }], ['path', { d: 'M8 7.3v3.9M8 4.8v.2' }]],
};

/** A small icon, always next to a word with the same meaning. */
export const icon = (name) =>
  s('svg', { class: `icon i-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    SHAPES[name].map(([tag, props]) => s(tag, props)));
