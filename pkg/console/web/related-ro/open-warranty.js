// The part of <related-ro-open-warranty>: the open warranty ROs of a location, oldest first, in age
// bands.
import { call } from './api.js';
import { day, learn, locale, path, t } from './session.js';
import { h, icon, table } from './dom.js';
import { caseLink, copyAll, copyButton, csvButton, note } from './controls.js';
import { cases, date, number, since, stateMark, stateWord, withCases } from './parts.js';
import { texts } from './warranty-texts.js';

const BANDS = ['over-30', '15-30', '8-14', '0-7'];
const SHOWN = 100; // rows shown; the rest is folded
const CURRENCY = 'USD'; // Karmak does not give a currency
const PLACES = 4; // decimal places of sums, as in SQL Server's money type

learn(texts);

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
.bands{display:flex;flex-wrap:wrap;gap:.35rem}
.bands [aria-pressed=true]{border-color:currentColor;box-shadow:inset 0 -2px}
.age{--age:var(--faint)}.of-over-30{--age:var(--bad)}.of-15-30{--age:var(--warranty)}.of-8-14{--age:var(--accent)}.of-0-7{--age:var(--good)}
.mark.age,.plain.age strong{color:var(--age)}
th small{display:block}
small .link{text-align:start}
`);

/**
 * An amount in the format of the reader's language. It is a decimal string, so that no digit is
 * lost.
 */
const money = (amount) => new Intl.NumberFormat(locale(), { style: 'currency', currency: CURRENCY }).format(amount);

/** An RO's charges, a decimal string; undefined where they are unknown. */
const charges = ({ totalCharges }) => (/^-?\d+(\.\d+)?$/.test(totalCharges ?? '') ? totalCharges : undefined);

/** The sum of decimal strings, as a decimal string. */
function sum(amounts) {
  const units = amounts.reduce((all, amount) => {
    const [whole, fraction = ''] = amount.split('.');
    return all + BigInt(whole + fraction.padEnd(PLACES, '0').slice(0, PLACES));
  }, 0n);
  const digits = String(units).replace('-', '').padStart(PLACES + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}

const bandOf = (ro) => ro.ageBand ?? 'unknown';

/** The complete list of a location, from all its pages. */
export class Part {
  constructor(element) {
    this.element = element;
    element.shadowRoot.adoptedStyleSheets.push(sheet);
    this.reset();
  }

  reset() {
    this.list = this.band = undefined; // band: the chosen age band; undefined for all
    this.found = new Map(); // by number, related ROs that include their linked cases, once fetched
  }

  async read(signal) {
    const ros = [];
    let leftOut = 0;
    let page = {};
    do {
      const query = page.cursor ? `?cursor=${encodeURIComponent(page.cursor)}` : '';
      page = (await call('GET', path`/locations/${this.element.locationId}/open-warranty-ros` + query, { signal })).data;
      ros.push(...page.openWarrantyRos);
      leftOut += page.leftOut;
    } while (page.cursor);
    this.list = { ros, leftOut, featureStatus: page.featureStatus, notApplicable: page.notApplicable };
  }

  draw() {
    const { failure } = this.element;
    if (!this.list) return failure ? this.element.problem(failure) : this.element.loading(3);
    const { ros, leftOut, featureStatus, notApplicable } = this.list;
    if (notApplicable) return note('info', 'info', t('notApplicable.why'));
    return [
      failure && this.element.problem(failure),
      featureStatus === 'DISABLED' && note('info', 'info', t('disabled')),
      leftOut > 0 && note('info', 'info', t('warranty.leftOut', { count: leftOut })),
      ros.length > 0 ? this.#body(ros) : leftOut === 0 && h('p', { class: 'faint' }, t('warranty.empty')),
    ];
  }

  #body(ros) {
    const shown = this.band ? ros.filter((ro) => bandOf(ro) === this.band) : ros;
    const [rows, rest] = this.element.fold('ros', shown, SHOWN);
    return [
      h('div', { class: 'bands', role: 'group', 'aria-label': t('warranty.bands') }, this.#choice(undefined, ros.length),
        ['unknown', ...BANDS].map((band) => this.#choice(band, ros.filter((ro) => bandOf(ro) === band).length))),
      shown.length === 0 ? h('p', { class: 'faint' }, t('warranty.none')) : [
        this.#summary(shown),
        table(t('warranty.caption'), ['ro', 'age', 'charges', 'case', 'own'].map((name) => t(`warranty.${name}`)), rows.map((ro) => ({ cells: this.#cells(ro) }))),
        rest, this.element.refusal()],
    ];
  }

  /**
   * A button for an age band with its number of ROs. The band of unknown age is left out if empty.
   */
  #choice(band, count) {
    if (band === 'unknown' && count === 0) return '';
    return h('button', {
      class: band ? `plain age of-${band}` : 'plain age', type: 'button', 'data-key': `band ${band ?? ''}`, 'aria-pressed': String(this.band === band),
      click: () => {
        this.band = band;
        this.element.redraw();
      },
    }, t(`warranty.${band ?? 'all'}`), h('strong', {}, t('related.count', { count })));
  }

  #summary(shown) {
    const known = shown.map(charges).filter(Boolean);
    return h('div', { class: 'line' },
      known.length > 0 && h('span', {}, t(known.length === shown.length ? 'warranty.sum' : 'warranty.sum.known', { sum: money(sum(known)) })),
      copyAll(this.element, shown.map((ro) => ro.roNumber)), this.#csv(shown));
  }

  #csv(shown) {
    const heads = ['warranty.ro', 'column.bill', 'column.status', 'column.opened', 'warranty.age', 'warranty.charges', 'warranty.case', 'warranty.own',
      'warranty.invoicedAt', 'warranty.asOf'].map((key) => t(key));
    return csvButton('open-warranty-ros', heads, () => shown.map((ro) => [
      ro.roNumber, ro.billTo, stateWord(ro), ro.openedAt?.slice(0, 10), ro.ageDays, ro.totalCharges, ro.case.caseNumber ?? ro.case.caseId, ro.case.roNumber,
      ro.case.roInvoicedAt?.slice(0, 10), ro.case.asOf?.slice(0, 10),
    ]));
  }

  #cells(ro) {
    const { element } = this;
    const age = ro.ageDays === null ? t('warranty.unknown') : t('warranty.days', { count: ro.ageDays });
    return [
      h('div', {}, h('span', { class: 'withcopy' }, number(ro), copyButton(element, ro.roNumber)), ' ', stateMark(ro), ro.billTo && h('small', {}, ro.billTo)),
      h('div', {}, h('span', { class: `mark age of-${bandOf(ro)}` }, icon('waiting'), age), ro.openedAt && h('small', {}, t('column.opened'), ' ', date(ro.openedAt))),
      charges(ro) ? h('span', { class: 'num date' }, money(charges(ro))) : h('span', { class: 'faint' }, t('warranty.charges.unknown')),
      h('div', {}, caseLink(element, { locationId: element.locationId, ...ro.case }, `case ${ro.roNumber}`), this.#stale(ro.case), this.#linked(ro)),
      h('div', {}, h('span', { class: 'withcopy' }, h('span', { class: 'num' }, ro.case.roNumber), copyButton(element, ro.case.roNumber)),
        h('small', {}, ro.case.roInvoicedAt ? t('warranty.invoiced', { day: day(ro.case.roInvoicedAt) }) : t('warranty.open'))),
    ];
  }

  /** The date of the ROs of a case whose last retrieval failed. */
  #stale({ outcome, asOf }) {
    if (outcome === 'ok') return '';
    const { featureStatus } = this.list;
    return h('small', { class: 'trouble' }, icon('waiting'), since({ featureStatus, retrieval: { outcome, retrievedAt: asOf } }));
  }

  /**
   * The cases that have the RO as their own, or a button to fetch them, since the list does not
   * include them.
   */
  #linked(ro) {
    const found = this.found.get(ro.roNumber);
    if (found) return found.linkedCases?.length ? cases(this.element, this.element.locationId, found) : h('small', {}, t('cases.none'));
    return h('small', {}, h('button', {
      class: 'link', type: 'button', 'data-key': `find ${ro.roNumber}`, 'aria-label': t('warranty.find.label', { ro: ro.roNumber }), click: () => this.#find(ro),
    }, t('warranty.find')));
  }

  #find(ro) {
    const { found, element } = this;
    return element.attempt(async () => {
      const { relatedRos } = await withCases({ locationId: element.locationId, caseId: ro.case.caseId });
      found.set(ro.roNumber, relatedRos.find(({ roNumber }) => roNumber === ro.roNumber) ?? {});
    }, () => element.say(found.get(ro.roNumber).linkedCases?.length ? '' : t('cases.none')));
  }
}
