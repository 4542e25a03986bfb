// What the settings are made of: each function draws one part of <related-ro-settings> from what the element holds.
import { t, textOr, time } from './session.js';
import { h, icon, table } from './dom.js';

/** The fields of a Karmak connection. */
export const FIELDS = [{ name: 'account' }, { name: 'user' }, { name: 'branch' }];

/** What Karmak's answer means and what to do, in words; undefined where there is nothing to do. */
export const sentence = ({ state, message } = {}) => (message && state !== 'active' ? textOr(`activation.${state}.message`, message) : undefined);

/** What is wrong with a field, at the field. */
const wrong = (element, name) => element.wrong[name] && h('p', { class: 'wrong', id: `wrong-${name}` }, icon('warning'), element.wrong[name]);

const described = (element, name) => element.wrong[name] && { 'aria-invalid': 'true', 'aria-describedby': `wrong-${name}` };

/** ENABLED or DISABLED. */
export function switcher(element) {
  const { draft, may, unconnected } = element;
  const locked = !may.staff || (unconnected && !may.support);
  const option = (status) => h('label', { class: 'option' }, h('input', {
    type: 'radio', name: 'status', value: status, checked: draft.status === status, disabled: locked,
    ...(draft.status === status && described(element, 'status')),
    'data-key': status, change: () => element.edit(() => { draft.status = status; }, true),
  }), t(`settings.${status.toLowerCase()}`));
  return h('fieldset', { class: 'switch' }, h('legend', {}, t('settings.label')), option('ENABLED'), option('DISABLED'), wrong(element, 'status'));
}

/** Whether what is expected is shown. */
export function expecting(element) {
  const { draft, may } = element;
  return h('div', { class: 'field' }, h('label', { class: 'check' }, h('input', {
    type: 'checkbox', checked: draft.expecting, disabled: !may.staff, 'aria-describedby': 'expecting', 'data-key': 'expecting',
    change: (e) => element.edit(() => { draft.expecting = e.target.checked; }, true),
  }), t('settings.expected')), h('small', { id: 'expecting' }, t('settings.expected.hint')));
}

/** Whose ROs are read. */
export function connection(element) {
  const { draft, may } = element;
  const offers = (name) => name === 'branch' && may.support && { list: 'branches', 'aria-describedby': 'branch-words', focus: () => element.branches.ask() };
  const field = ({ name }) => h('div', { class: 'field' }, h('label', { for: name }, t(`settings.${name}`)), h('input', {
    id: name, type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 64, 'data-key': name, value: draft.karmak[name],
    readonly: !may.support, ...offers(name), ...described(element, name),
    input: (e) => element.edit(() => { draft.karmak[name] = e.target.value.trim(); }),
  }), offers(name) && element.branches.draw(), wrong(element, name));
  return h('fieldset', { class: 'karmak' }, h('legend', {}, t('settings.karmak')),
    FIELDS.map(field), wrong(element, 'karmak'), may.staff && !may.support && h('small', { class: 'wide' }, t('settings.karmak.support')));
}

const UNASKED = { state: 'unknown' };

/** What Karmak said of the connection that stands in the form, and a button that asks. */
export function activation(element) {
  const { saved, draft, checked, busy, may } = element;
  const same = checked && FIELDS.every(({ name }) => checked.karmak[name] === draft.karmak[name]);
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

/** Who changed what. */
export function changes(element) {
  const { changes: list, cursor } = element.history;
  return h('section', { class: 'history' }, h('h3', {}, t('history.title')),
    list.length === 0 ? h('p', { class: 'faint' }, t('history.empty'))
      : table(t('history.title'), ['when', 'who', 'what'].map((name) => t(`history.${name}`)), list.map((change) => ({
        cells: [time(change.at), change.by, differences(change).map((d) => h('div', {}, d))],
      }))),
    cursor && h('button', { class: 'plain', type: 'button', 'data-key': 'older', click: () => element.older() }, t('more')));
}

/** What a change changed, one sentence a field. */
function differences({ before = {}, after = {} }) {
  const shown = (v) => v || t('history.blank');
  const status = (s) => s && t(`settings.${s.toLowerCase()}`);
  const onOff = (v) => t(v ? 'settings.on' : 'settings.off');
  const list = [['history.status', status(before.status), status(after.status)],
    ['settings.expected', onOff(before.expectedRelatedRos), onOff(after.expectedRelatedRos)],
    ...FIELDS.map(({ name }) => [`settings.${name}`, before.karmak?.[name], after.karmak?.[name]])];
  return list.filter(([, from, to]) => (from ?? '') !== (to ?? ''))
    .map(([key, from, to]) => t('history.change', { field: t(key), before: shown(from), after: shown(to) }));
}
