// Shows ROs the same way everywhere. Each mark has a shape and a word, never colour alone.
import { call } from './api.js';
import { ago, day, dayOf, path, t, textOr, time } from './session.js';
import { h, icon } from './dom.js';
import { caseLink, note } from './controls.js';

const STATES = ['open', 'completed', 'invoiced'];
const LINKS = 5; // cases shown per RO; the rest is folded

/** The state of an RO: open, completed, invoiced, voided, or gone. */
export const stateOf = (ro) => (ro.goneSince ? 'gone' : ro.voided ? 'voided' : STATES.includes(ro.status) ? ro.status : 'open');
export const stateWord = (ro) => t(`status.${stateOf(ro)}`, { day: dayOf(ro.goneSince) });

/** Whether an RO is billed to a warranty account. Karmak does not classify other accounts. */
export const isWarranty = (ro) => ro.warranty === true;

/** The column headings of a table of related ROs. */
export const columns = () => ['ro', 'relation', 'status', 'bill', 'opened', 'invoice', 'cases'].map((name) => t(`column.${name}`));

/** An RO in words: warranty if it is one, and its state. */
export const inWords = (ro) => (isWarranty(ro) ? `${t('bill.warranty')} · ${stateWord(ro)}` : stateWord(ro));

export const stateMark = (ro) => h('span', { class: `mark ${stateOf(ro)}` }, icon(ro.goneSince ? 'voided' : stateOf(ro)), stateWord(ro));
export const billMark = (ro) => isWarranty(ro) && h('span', { class: 'mark warranty' }, icon('warranty'), t('bill.warranty'));

/** The billed account of an RO: the warranty mark, if any, and the account's name. */
export const billed = (ro) => (isWarranty(ro) || ro.billTo) && h('span', { class: 'billed' }, billMark(ro), ro.billTo && h('span', {}, ro.billTo));

export const billWords = (ro) => [isWarranty(ro) && t('bill.warranty'), ro.billTo].filter(Boolean).join(', ');

/** Whether an RO was first seen after the person's last look at its case, a time in ms. */
const isNew = (ro, looked) => looked > 0 && Date.parse(ro.firstSeenAt) > looked;

export const newMark = (ro, looked) => isNew(ro, looked) && h('span', { class: 'mark new' }, t('new'));

/** The list with new ROs first, so that they are never folded. */
export const newFirst = (ros, looked) => ros.toSorted((a, b) => isNew(b, looked) - isNew(a, looked));

/** An RO number, struck through if the RO is voided or gone. */
export const number = (ro) => h(ro.voided || ro.goneSince ? 's' : 'span', { class: 'num', part: 'number' }, ro.roNumber);

/** A summary of a case's list: the number of related ROs, none, or unknown. */
export function known(c) {
  if (c.notApplicable) return t('related.notApplicable');
  const { outcome = 'ok', retrievedAt } = c.retrieval ?? {};
  if (outcome !== 'ok' && !retrievedAt) return t('related.unknown');
  const count = c.relatedCount ?? c.relatedRos?.length ?? 0;
  const what = count ? t('related.count', { count }) : t('related.none');
  return outcome === 'ok' ? what : `${what} ${since(c)}`;
}

/** The date of an outdated list, and why it is outdated. */
export const since = (c) => t(`since.${c.featureStatus === 'DISABLED' ? 'off' : c.retrieval.outcome}`, { day: dayOf(c.retrieval.retrievedAt) });

/** A day that stays on one line. */
export const date = (iso) => iso && h('span', { class: 'date' }, day(iso));

/** The state of a case: Exported, Closed or Closed automatically; empty before its first event. */
export function caseState(c) {
  if (!c.caseStatus) return '';
  return c.caseStatus === 'closed' && c.closedBy === 'auto' ? t('case.closed.auto') : t(`case.${c.caseStatus}`);
}

/**
 * A note on why a list is not up to date: the feature is off, or the retrieval failed or is being
 * retried.
 */
export function warning(c) {
  const { outcome, reason, message, retrievedAt, since: failing, attemptedAt } = c.retrieval ?? {};
  const from = outcome !== 'ok' && retrievedAt && ` ${t('list.from', { day: dayOf(retrievedAt) })}`;
  if (c.notApplicable) return note('info', 'info', t('notApplicable.why'));
  if (c.featureStatus === 'DISABLED') return note('info', 'info', t('disabled'), from);
  if (outcome !== 'failed' && outcome !== 'retrying') return '';
  const bad = outcome === 'failed';
  return note(bad ? 'bad' : 'wait', bad ? 'warning' : 'waiting',
    h('strong', {}, t(`outcome.${outcome}`, { why: why(c) })), ' ', textOr(`reason.${reason}`, message),
    attemptedAt && ` ${t('failed.at', { time: time(attemptedAt) })}`, failing && time(failing) !== time(attemptedAt) && ` ${t('failing.since', { time: time(failing) })}`, from);
}

const why = (c) => {
  const { trigger } = c.retrieval;
  return trigger === 'close' && c.closedBy === 'auto' ? t('why.close.auto') : textOr(`why.${trigger}`, t('why.other'));
};

/**
 * When and why the list was fetched, and how long ago it was checked. Empty unless the last
 * retrieval succeeded.
 */
export function fetched(c) {
  const { outcome, retrievedAt, checkedAt } = c.retrieval ?? {};
  if (outcome !== 'ok' || !retrievedAt) return '';
  const checked = checkedAt > retrievedAt && Date.now() - Date.parse(checkedAt) < 3600000 && `${t('checked', { ago: ago(checkedAt) })} `;
  return `${checked || ''}${t('fetched', { time: time(retrievedAt), why: why(c) })}`;
}

/** A note that the list is incomplete, if it is. */
export const cut = (c) => c.truncated && note('info', 'info', t('related.cut', { shown: c.relatedRos.length, count: c.relatedCount }));

/** The ROs that Karmak has not created yet. They have no number, so words describe them. */
export const expected = ({ expectedRelatedRos: list }) => list?.length > 0 && note('info', 'waiting', t('expected'),
  h('ul', {}, list.map(({ billTo, tasks }) => h('li', {}, `${billTo}, ${t('expected.tasks', { count: tasks })}`))));

/** The cases that have an RO as their own, as a list of links. */
export function cases(element, locationId, ro) {
  if (!ro.linkedCases?.length) return '';
  const [shown, rest] = element.fold(`cases ${ro.roNumber}`, ro.linkedCases, LINKS, 'fold.more');
  return h('ul', { class: 'linked', 'aria-label': t('cases.of', { ro: ro.roNumber }) }, shown.map((link) => h('li', {},
    caseLink(element, { locationId, ...link }, `case ${ro.roNumber} ${link.caseId}`))), rest && h('li', {}, rest));
}

/** Fetches a case with the linked cases of its related ROs, which lists of cases do not include. */
export async function withCases({ locationId, caseId }, signal) {
  return (await call('GET', path`/locations/${locationId}/cases/${caseId}/related-ros`, { signal })).data;
}
