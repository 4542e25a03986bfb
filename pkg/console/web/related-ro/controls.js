// Controls and notes: messages, copy buttons, links to cases.
import { caseHref, t } from './session.js';
import { h, icon } from './dom.js';

/** A framed sentence with an icon for its kind: bad, wait, info or good. */
export const note = (sort, shape, ...content) =>
  h('div', { class: `note ${sort}`, part: 'note', role: sort === 'bad' ? 'alert' : undefined }, icon(shape), h('div', {}, ...content));

/** A button that copies a number, for pasting into Karmak. */
export const copyButton = (element, number) => copier(element, number, {
  class: 'copy', 'data-key': `copy ${number}`, title: t('copy.title'), 'aria-label': t('copy.number', { number }),
});

/** A button that copies several numbers at once. */
export const copyAll = (element, numbers) => copier(element, numbers.join(', '), { class: 'copy words', 'data-key': `copy all ${numbers[0]}` },
  t('copy.all', { count: numbers.length }));

function copier(element, text, props, words) {
  const button = h('button', {
    ...props, part: 'copy', type: 'button',
    click: async () => {
      const ok = await copy(text);
      const said = t(ok ? 'copy.done' : 'copy.failed', { number: text });
      element.say(said);
      button.firstChild.replaceWith(icon(ok ? 'done' : 'warning'));
      if (ok) return setTimeout(() => button.firstChild.replaceWith(icon('copy')), 1500);
      button.title = said;
      if (button.previousSibling) getSelection().selectAllChildren(button.previousSibling); // selects the number, so that one key press copies it
    },
  }, icon('copy'), words);
  return button;
}

/** A button that saves rows with the given heads as name.csv. */
export const csvButton = (name, heads, rows) => h('button', {
  class: 'link', part: 'csv', type: 'button', 'data-key': 'csv', click: async () => (await import('./csv.js')).saveCSV(name, heads, await rows()),
}, t('csv'));

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not permitted, or the page does not use HTTPS; the number can still be selected
  }
}

/**
 * A link to a case in the host's application, or a button if the host gave no addresses. Both send
 * the host an event first. A host that handles the event itself prevents its default.
 */
export function caseLink(element, { locationId, caseId, caseNumber }, key, label = caseNumber || caseId) {
  const ref = { locationId, caseId, caseNumber: caseNumber ?? '' };
  const href = caseHref(ref);
  const elsewhere = (e) => href && (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey); // the browser opens a tab or a window, or saves a file
  return h(href ? 'a' : 'button', {
    class: 'link', part: 'case', href, type: href ? undefined : 'button', 'data-key': key,
    'aria-label': t('case.open', { number: caseNumber || caseId }),
    click: (e) => elsewhere(e) || element.emit('related-ro-open-case', ref) || e.preventDefault(),
  }, label);
}
