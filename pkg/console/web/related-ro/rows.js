// Related ROs as the rows of a spreadsheet file. Loaded when a person first saves one.
import { t } from './session.js';
import { billWords, known, stateWord } from './parts.js';

const words = (...parts) => parts.filter(Boolean).join(' ');

/** The related ROs of a case, one row each, with the columns of its table. */
export const ofCase = (c) => (c.relatedRos ?? []).map((ro) => [
  ro.roNumber, words(t(`relation.${ro.relation}`), ro.originalRoNumber && t('relation.from', { ro: ro.originalRoNumber })),
  stateWord(ro), billWords(ro), ro.openedAt?.slice(0, 10), words(ro.invoiceNumber, ro.invoicedAt?.slice(0, 10)),
  words(...(ro.linkedCases ?? []).map((link) => link.caseNumber || link.caseId)),
]);

/**
 * The related ROs of several cases, with the case and its RO first. A case without related ROs has
 * a row that says so.
 */
export const ofCases = (cases) => cases.flatMap((c) => {
  const rows = ofCase(c);
  return (rows.length ? rows : [[known(c)]]).map((row) => [c.caseNumber || c.caseId, c.roNumber, ...row]);
});
