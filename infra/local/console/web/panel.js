// The local stack's panel next to the console: sign-in, actions, and the system's steps.
import { changed } from '/console/related-ro.js';
import { figures } from './chart.js';

const ROLES = ['service_manager', 'administrator', 'service_advisor', 'field_manager', 'support'];
const FAULTS = [
  ['latency', 'Slow: 3 s', { latency: '3s' }],
  ['rate_limited', 'Busy: 429', { retryAfter: '10' }],
  ['status_error', 'Errors: 500', {}],
  ['offline', 'Fusion offline', {}],
  ['not_activated', 'Not activated', {}],
  ['html', 'Not JSON', {}],
  ['reset', 'Cut off', {}],
];
const SHOWN = 200; // steps on the page

/** Fills the console's aside and signs in as the first role. */
export async function mount({ h, s, session, aside }) {
  document.head.append(h('link', { rel: 'stylesheet', href: '/local/panel.css' }));
  const cases = await ask('GET', '/local/cases');
  session.know(cases);
  session.figures = () => figures(h, s);
  const { faults: on } = await ask('GET', '/local/karmak/state');
  const person = personField(h, session, cases);
  aside.setAttribute('aria-label', 'Local stack');
  aside.append(h('div', { class: 'bench' }, h('h2', {}, 'Local stack'), story(h, cases[0]), person.node, happenings(h, cases, on ?? []), told(h, session), steps(h)));
  aside.hidden = false;
  await person.signIn();
}

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method, headers: body && { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  const data = text ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new Error(data?.message ?? data?.error ?? `${path} answered ${answer.status}.`);
  return data;
}

const options = (h, list) => list.map(([value, label]) => h('option', { value }, label));

/** Returns a labelled control; the label is above it. */
const field = (h, id, label, control) => h('div', { class: 'field' }, h('label', { for: id }, label), control);

/** Returns the introduction for first-time users. */
const story = (h, { locationId, caseId, caseNumber }) => h('details', { class: 'story', open: true },
  h('summary', {}, 'New here? Try these five steps'),
  h('ol', {},
    h('li', {}, 'Open ', h('a', { href: `#/cases/${encodeURIComponent(locationId)}/${encodeURIComponent(caseId)}` }, `case ${caseNumber}`),
      ': nothing yet.'),
    h('li', {}, h('b', {}, 'Export'), ' it: Karmak is asked.'),
    h('li', {}, h('b', {}, 'Make'), ' one more: not shown yet.'),
    h('li', {}, 'Wait 20 s, or ', h('b', {}, 'look for changes'), ': it is there, and no event announced it.'),
    h('li', {}, h('b', {}, 'Auto-close'), ' it: Karmak is asked again.')));

function personField(h, session, cases) {
  const locations = [...new Set(cases.map((c) => c.locationId))].sort().map((l) => [l, session.named(l)]);
  const signIn = async () => {
    const { token } = await ask('POST', '/local/token', {
      subject: `${role.value}@local`, roles: [role.value], locations: place.value === '*' ? ['*'] : [place.value],
    });
    await session.signIn(token);
  };
  const role = h('select', { id: 'local-role', change: signIn }, options(h, ROLES.map((r) => [r, r.replace('_', ' ')])));
  const place = h('select', { id: 'local-place', change: signIn },
    options(h, [['*', 'every location'], ...locations]));
  return { signIn, node: h('div', { class: 'pair' }, field(h, 'local-role', 'Role', role), field(h, 'local-place', 'May see', place)) };
}

const section = (h, title, ...content) => h('section', {}, h('h3', {}, title), content);

/** Returns the section of actions; on lists the faults already active in Karmak. */
function happenings(h, cases, on) {
  const said = h('p', { class: 'said', role: 'status' }, on.map(({ kind }) => faulty(FAULTS.find(([name]) => name === kind)?.[1] ?? kind)).join(' '));
  const act = (what) => async (e) => {
    e.preventDefault();
    try {
      said.textContent = await what();
    } catch (err) {
      said.textContent = err.message;
    }
  };
  const which = h('select', { id: 'local-case' }, options(h, cases.map((c, i) => [i, `${c.caseNumber} · RO ${c.roNumber} · ${c.locationName}`])));
  const chosen = () => cases[which.value];
  const follow = () => {
    const at = cases.findIndex((c) => location.hash.endsWith(`/${encodeURIComponent(c.locationId)}/${encodeURIComponent(c.caseId)}`));
    if (at >= 0) which.value = at;
  };
  addEventListener('hashchange', follow);
  follow();
  const send = (type, closedBy) => act(async () => {
    const { locationId, caseId, caseNumber, assetId, roNumber } = chosen();
    await ask('POST', '/local/events', { type, closedBy, locationId, caseId, caseNumber, assetId, roNumber });
    return `${type} sent for case ${caseNumber}.`;
  });
  const button = (label, click) => h('button', { type: 'button', click }, label);
  return section(h, 'What happens',
    field(h, 'local-case', 'Case', which),
    h('div', { class: 'buttons' }, button('Export', send('case.exported')), button('Close', send('case.closed', 'user')),
      button('Auto-close', send('case.closed', 'auto')), button('Look for changes', act(async () => {
        await ask('POST', '/local/follow');
        return 'Karmak was checked for changes.';
      }))),
    alternate(h, chosen, act), faults(h, act), said);
}

const faulty = (label) => `Karmak from now on: ${label}.`;

/** Returns the form that creates an alternate RO from the chosen case's RO in the simulated Karmak. */
function alternate(h, chosen, act) {
  const bill = h('select', { id: 'local-bill' }, options(h, [['warranty', 'Warranty account'], ['customer', 'The customer']]));
  return h('form', { class: 'pair', submit: act(async () => {
    const { account, branch, roNumber, customer } = chosen();
    const warranty = bill.value === 'warranty';
    const number = await freeNumber(account);
    await ask('POST', '/local/karmak/spinoff', { account, branch, from: roNumber, ro: {
      number, branch, status: 'Open', openedAt: new Date().toISOString(), billingCustomerWarranty: warranty,
      billingCustomerName: warranty ? 'Manufacturer Warranty' : customer ?? 'Fleet customer',
    } });
    return `RO ${number} made from RO ${roNumber} in Karmak. Export, close or refresh the case to fetch it.`;
  }) }, field(h, 'local-bill', 'Alternate RO billed to', bill), h('button', { type: 'submit' }, 'Make it'));
}

/** Returns the number after the account's highest RO number. */
async function freeNumber(account) {
  const state = await ask('GET', `/local/karmak/state?account=${encodeURIComponent(account)}`);
  const numbers = (state.accounts ?? []).flatMap((a) => (a.ros ?? []).map((ro) => Number(ro.number))).filter(Number.isSafeInteger);
  return String(Math.max(50000, ...numbers) + 1);
}

function faults(h, act) {
  const kind = h('select', { id: 'local-fault' }, options(h, FAULTS));
  return h('form', { class: 'pair', submit: act(async () => {
    const [name, label, more] = FAULTS.find(([value]) => value === kind.value);
    await ask('POST', '/local/karmak/fault', { kind: name, ...more });
    return faulty(label);
  }) }, field(h, 'local-fault', 'Fault in Karmak', kind),
  h('button', { type: 'submit' }, 'Switch on'),
  h('button', { type: 'button', click: act(async () => {
    await ask('DELETE', '/local/karmak/faults');
    return 'Karmak works again.';
  }) }, 'Clear'));
}

/** Returns the section that shows the platform's view of the events: one badge per case, as its tables would show it. */
function told(h, session) {
  const list = h('ul', { class: 'told' });
  const read = async () => {
    const { badges, handovers } = await ask('GET', '/local/inbox');
    list.replaceChildren(
      ...badges.slice(0, 8).map(({ locationId, caseId, text }) => h('li', {},
        h('a', { href: `#/cases/${encodeURIComponent(locationId)}/${encodeURIComponent(caseId)}` }, caseId), ' ', h('b', {}, text))),
      ...handovers.slice(-3).map(({ locationId, cases, status }) => h('li', {},
        `${cases} open cases of ${session.named(locationId)} handed over: ${status}`)));
  };
  addEventListener('local:told', read);
  read();
  return section(h, 'Platform notifications', list);
}

/** Returns the section of the system's steps, newest first. A processed message or event makes the elements reload its case. */
function steps(h) {
  const list = h('ol', { class: 'steps', tabindex: 0, 'aria-label': 'Steps, newest first' });
  const opened = Date.now(); // steps from before change nothing on the page
  const source = new EventSource('/local/steps');
  source.onmessage = ({ data }) => {
    const step = JSON.parse(data);
    list.prepend(h('li', { class: step.level === 'WARN' || step.level === 'ERROR' ? 'warn' : step.source },
      h('time', { datetime: step.at }, new Date(step.at).toLocaleTimeString(undefined, { hour12: false })), ' ',
      h('span', { class: 'source' }, step.source), ' ', h('span', { class: 'text' }, step.text)));
    if (list.children.length > SHOWN) list.lastChild.remove();
    if (Date.parse(step.at) < opened) return;
    const taken = step.source === 'platform';
    if ((step.outcome || taken) && step.caseId) changed(step.locationId, step.caseId);
    if (taken) dispatchEvent(new Event('local:told'));
  };
  return section(h, 'The system’s steps', list);
}
