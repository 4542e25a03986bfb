// The related-ro elements: import this module once, call connect, and use the tags.
export { connect, changed } from './session.js';
import { reflect } from './element.js';
import { RelatedROs } from './case.js';
import { RelatedROCell } from './cell.js';
import { RelatedROStatus } from './status.js';
import { AssetRelatedROs } from './asset.js';
import { RelatedROOpenWarranty, RelatedROSearch, RelatedROSettings } from './later.js';

for (const [tag, element, further = []] of [
  ['related-ros', RelatedROs, ['ro-number', 'case-number', 'asset-id']],
  ['related-ro-cell', RelatedROCell],
  ['related-ro-status', RelatedROStatus],
  ['asset-related-ros', AssetRelatedROs],
  ['related-ro-search', RelatedROSearch],
  ['related-ro-open-warranty', RelatedROOpenWarranty],
  ['related-ro-settings', RelatedROSettings],
]) {
  if (customElements.get(tag)) continue; // a host may load the module twice
  reflect(element, [...element.observedAttributes, ...further], ['readonly']);
  customElements.define(tag, element);
}
