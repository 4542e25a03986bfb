// The sections of <related-ro-settings>: each function draws one of them from the state of the
// settings part.
import { t, textOr, time } from './session.js';
import { h, icon, table } from './dom.js';

const BRANCH = { name: 'branch' };

/** By which of Karmak's interfaces, and the fields of a connection by it. */
const KINDS = { unity: [{ name: 'account' }, { name: 'user' }, BRANCH], rda: [{ name: 'accountNumber' }, BRANCH] };

const NAMES = ['account', 'user', 'accountNumber', 'branch'];

export const kindOf = (karmak) => (karmak?.kind === 'rda' ? 'rda' : 'unity');

/** A connection as the API takes it: the fields of its kind alone. */
export function connectionOf(karmak) {
  const kind = kindOf(karmak);
  const fields = Object.fromEntries(KINDS[kind].map(({ name }) => [name, karmak?.[name] ?? '']));
  return kind === 'unity' ? fields : { kind, ...fields };
}

export const sameConnection = (a, b) => JSON.stringify(connectionOf(a)) === JSON.stringify(connectionOf(b));

/** Whether a field without which nothing can be asked is empty. */
export const incomplete = (karmak) => KINDS[kindOf(karmak)].some(({ name }) => name !== 'branch' && !karmak?.[name]);

export const SINGLE = 'SINGLE_RO'; // dms of a location whose ROs have no related ones

/** A sentence on Karmak's answer and how to act on it; undefined if there is nothing to do. */
export const sentence = ({ state, message } = {}) => (message && state !== 'active' ? textOr(`activation.${state}.message`, message) : undefined);

/** The error of a field, next to the field. */
const wrong = (element, name) => element.wrong[name] && h('p', { class: 'wrong', id: `wrong-${name}` }, icon('warning'), element.wrong[name]);

const described = (element, name) => element.wrong[name] && { 'aria-invalid': 'true', 'aria-describedby': `wrong-${name}` };

/** The choice between ENABLED and DISABLED. */
export function switcher(element) {
  const { draft, may, unconnected } = element;
  const locked = !may.staff || (unconnected && !may.support) || draft.dms === SINGLE;
  const option = (status) => h('label', { class: 'option' }, h('input', {
    type: 'radio', name: 'status', value: status, checked: draft.status === status, disabled: locked,
    ...(draft.status === status && described(element, 'status')),
    'data-key': status, change: () => element.edit(() => { draft.status = status; }, true),
  }), t(`settings.${status.toLowerCase()}`));
  return h('fieldset', { class: 'switch' }, h('legend', {}, t('settings.label')), option('ENABLED'), option('DISABLED'), wrong(element, 'status'));
}

/** The choice whether to show expected ROs. */
export function expecting(element) {
  const { draft, may } = element;
  return h('div', { class: 'field' }, h('label', { class: 'check' }, h('input', {
    type: 'checkbox', checked: draft.expecting, disabled: !may.staff, 'aria-describedby': 'expecting', 'data-key': 'expecting',
    change: (e) => element.edit(() => { draft.expecting = e.target.checked; }, true),
  }), t('settings.expected')), h('small', { id: 'expecting' }, t('settings.expected.hint')));
}

/** The Karmak connection from which ROs are read. */
export function connection(element) {
  const { draft, may } = element;
  const kind = kindOf(draft.karmak);
  const offers = (name) => name === 'branch' && may.support && kind === 'unity' && { list: 'branches', 'aria-describedby': 'branch-words', focus: () => element.branches.ask() };
  const field = ({ name }) => h('div', { class: 'field' }, h('label', { for: name }, t(`settings.${name}`)), h('input', {
    id: name, type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 64, 'data-key': name, value: draft.karmak[name],
    readonly: !may.support, ...offers(name), ...described(element, name),
    input: (e) => element.edit(() => { draft.karmak[name] = e.target.value.trim(); }),
  }), offers(name) && element.branches.draw(), wrong(element, name));
  return h('fieldset', { class: 'karmak' }, h('legend', {}, t('settings.karmak')),
    (may.support || kind !== 'unity') && kinds(element, kind), KINDS[kind].map(field), wrong(element, 'karmak'),
    may.support && kind !== kindOf(element.saved.karmak) && !incomplete(element.saved.karmak) && moved(element), may.staff && !may.support && h('small', { class: 'wide' }, t('settings.karmak.support')));
}

/** Unity, or the newer interface. */
function kinds(element, kind) {
  return h('div', { class: 'field' }, h('label', { for: 'kind' }, t('settings.kind')), h('select', {
    id: 'kind', 'data-key': 'kind', disabled: !element.may.support, ...described(element, 'kind'),
    change: (e) => element.edit(() => { Object.assign(element.draft, { karmak: { ...element.draft.karmak, kind: e.target.value }, sameDealer: false }); }, true),
  }, Object.keys(KINDS).map((name) => h('option', { value: name, selected: name === kind }, t(`settings.kind.${name}`)))), wrong(element, 'kind'));
}

const checkbox = (element, name, checked, words, change, locked) => h('div', { class: 'wide' }, h('label', { class: 'check' }, h('input', {
  type: 'checkbox', checked, disabled: locked, 'data-key': name, ...described(element, name), change: (e) => element.edit(() => change(e.target.checked), true),
}), words), wrong(element, name));

/** That it is the same dealer, whose lists then stay. */
const moved = (element) => checkbox(element, 'sameDealer', element.draft.sameDealer, t('settings.sameDealer'),
  (yes) => { element.draft.sameDealer = yes; });

/** That the location's ROs have no related ones: for support to say, for others to see. */
export const single = (element) => (element.may.support || element.draft.dms === SINGLE) && checkbox(element, 'dms', element.draft.dms === SINGLE,
  t('settings.single'), (yes) => Object.assign(element.draft, yes ? { dms: SINGLE, status: 'DISABLED' } : { dms: 'KARMAK_FUSION' }), !element.may.support);

const UNASKED = { state: 'unknown' };

/** Karmak's answer for the connection in the form, and a button to check it. */
export function activation(element) {
  const { saved, draft, checked, busy, may } = element;
  const same = checked && sameConnection(checked.karmak, draft.karmak);
  const a = (element.otherConnection ? same && checked.activation : saved.activation) || UNASKED;
  const shape = { active: 'done', not_activated: 'warning', unreachable: 'waiting' }[a.state] ?? 'info';
  return h('div', { class: 'activation' },
    h('span', { class: 'label' }, t('activation.label')),
    h('span', { class: `mark ${a.state}` }, icon(shape), t(`activation.${element.otherConnection && a === UNASKED ? 'unasked' : a.state}`)),
    h('span', { class: 'faint' }, a.checkedAt && `${t('activation.checked', { time: time(a.checkedAt) })} `,
      a.fusionVersion && t('activation.version', { version: a.fusionVersion })),
    may.staff && h('button', {
      class: 'plain', part: 'verify', type: 'button', 'data-key': 'verify', 'aria-disabled': busy ? 'true' : undefined, click: () => element.verify(),
    }, t(busy === 'verify' ? 'settings.verifying' : 'settings.verify')),
    sentence(a) && h('p', { class: 'sentence' }, sentence(a)));
}

/** The history of changes with their authors. */
export function changes(element) {
  const { changes: list, cursor } = element.history;
  return h('section', { class: 'history' }, h('h3', {}, t('history.title')),
    list.length === 0 ? h('p', { class: 'faint' }, t('history.empty'))
      : table(t('history.title'), ['when', 'who', 'what'].map((name) => t(`history.${name}`)), list.map((change) => ({
        cells: [time(change.at), change.by, differences(change).map((d) => h('div', {}, d))],
      }))),
    cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'older', click: () => element.older() }, t('more')));
}

/** The content of a change, one sentence per field. */
function differences({ before = {}, after = {} }) {
  const shown = (v) => v || t('history.blank');
  const status = (s) => s && t(`settings.${s.toLowerCase()}`);
  const kind = ({ karmak }) => t(`settings.kind.${kindOf(karmak)}`);
  const dms = (v) => (v.dms === SINGLE ? t('settings.single') : '');
  const onOff = (v) => t(v ? 'settings.on' : 'settings.off');
  const list = [['history.status', status(before.status), status(after.status)], ['history.dms', dms(before), dms(after)],
    ['settings.expected', onOff(before.expectedRelatedRos), onOff(after.expectedRelatedRos)],
    ['settings.kind', kind(before), kind(after)], ...NAMES.map((name) => [`settings.${name}`, before.karmak?.[name], after.karmak?.[name]])];
  return list.filter(([, from, to]) => (from ?? '') !== (to ?? ''))
    .map(([key, from, to]) => t('history.change', { field: t(key), before: shown(from), after: shown(to) }));
}
