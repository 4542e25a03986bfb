// The related-ro elements: import this module once, call connect, and use the tags.
export { connect, changed } from './session.js';
import { RelatedROs } from './case.js';
import { RelatedROCell } from './cell.js';
import { AssetRelatedROs } from './asset.js';
import { RelatedROSearch } from './search.js';
import { RelatedROSettings } from './settings.js';

for (const [tag, element] of [
  ['related-ros', RelatedROs],
  ['related-ro-cell', RelatedROCell],
  ['asset-related-ros', AssetRelatedROs],
  ['related-ro-search', RelatedROSearch],
  ['related-ro-settings', RelatedROSettings],
]) {
  if (!customElements.get(tag)) customElements.define(tag, element); // a host may load the module twice
}
