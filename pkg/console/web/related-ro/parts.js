// How one RO is shown, everywhere the same: each mark is a shape and a word, never colour alone.
import { day, t, textOr, time } from './session.js';
import { h, icon } from './dom.js';
import { note } from './element.js';

const STATES = ['open', 'completed', 'invoiced'];

/** open, completed, invoiced or voided. */
export const stateOf = (ro) => (ro.voided ? 'voided' : STATES.includes(ro.status) ? ro.status : 'open');
export const stateWord = (ro) => t(`status.${stateOf(ro)}`);
export const billWord = (ro) => t(ro.warranty ? 'bill.warranty' : 'bill.customer');

export const stateMark = (ro) => h('span', { class: `mark ${stateOf(ro)}` }, icon(stateOf(ro)), stateWord(ro));
export const billMark = (ro) =>
  h('span', { class: `mark ${ro.warranty ? 'warranty' : 'customer'}` }, icon(ro.warranty ? 'warranty' : 'customer'), billWord(ro));

/** An RO number; struck through when voided. */
export const number = (ro) => h(ro.voided ? 's' : 'span', { class: 'num' }, ro.roNumber);

/** A number with the shapes only, for one line of many, with what follows it; the shapes' words are spoken. */
export const brief = (ro, then = '') =>
  h('span', { class: 'brief' }, number(ro),
    h('span', { class: `sign ${ro.warranty ? 'warranty' : 'customer'}` }, icon(ro.warranty ? 'warranty' : 'customer')), then,
    h('span', { class: 'vh' }, ` ${billWord(ro)}, ${stateWord(ro)}`));

/** What stands in place of numbers: that there are none, or that nobody could ask yet. */
export const none = (c) => t(c.retrieval?.retrievedAt ? 'related.none' : 'own.unknown');

/** A day that stays on one line. */
export const date = (iso) => iso && h('span', { class: 'date' }, day(iso));

/** Exported, Closed, Closed automatically; empty while no event told. */
export function caseState(c) {
  if (!c.caseStatus) return '';
  return c.caseStatus === 'closed' && c.closedBy === 'auto' ? t('case.closed.auto') : t(`case.${c.caseStatus}`);
}

/** What stands between a reader and an up-to-date list: switched off, failed, retrying. */
export function warnings(c) {
  const { outcome, reason, message, retrievedAt } = c.retrieval ?? {};
  const list = [];
  if (c.featureStatus === 'DISABLED') list.push(note('info', 'info', t('disabled')));
  if (outcome === 'failed' || outcome === 'retrying') {
    list.push(note(outcome === 'failed' ? 'bad' : 'wait', outcome === 'failed' ? 'warning' : 'waiting',
      h('strong', {}, t(`outcome.${outcome}`)), ' ', textOr(`reason.${reason}`, message),
      retrievedAt ? ` ${t('fetched.before', { time: time(retrievedAt) })}` : ''));
  }
  return list;
}

/** When the list was fetched and why; empty unless the last retrieval went well. */
export function fetched(c) {
  const { outcome, trigger, retrievedAt } = c.retrieval ?? {};
  if (outcome !== 'ok' || !retrievedAt) return '';
  const why = trigger === 'close' && c.closedBy === 'auto' ? 'why.close.auto' : `why.${trigger}`;
  return t('fetched', { time: time(retrievedAt), why: t(why) });
}
