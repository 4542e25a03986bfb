// Elements that most pages never show: what they do is loaded when the first one is shown.
import { ApiError } from './api.js';
import { RelatedElement } from './element.js';

/**
 * An element whose subclass says by load() where its part is: a module that exports Part. A Part is made with the element;
 * it has reset, read, draw and known as elements have them, and draws by element.redraw().
 */
class LaterElement extends RelatedElement {
  does;

  reset() { this.does?.reset(); }

  async read(signal) {
    if (!this.does) {
      const { Part } = await this.constructor.load().catch(() => { throw new ApiError('offline'); });
      this.does ??= new Part(this);
    }
    await this.does.read(signal);
  }

  known() { this.does.known?.(); }

  draw() { return this.does?.draw() ?? (this.failure ? this.problem(this.failure) : this.loading(3)); }
}

/** <related-ro-search>: find cases by an RO number (placement P4). */
export class RelatedROSearch extends LaterElement {
  static observedAttributes = ['location-id'];
  static needs = []; // without an id: all locations of the token
  static load = () => import('./search.js');

  concerns() { return Boolean(this.does?.found); }
}

/** <related-ro-open-warranty>: the open warranty ROs of a location. */
export class RelatedROOpenWarranty extends LaterElement {
  static observedAttributes = ['location-id'];
  static load = () => import('./open-warranty.js');
}

/** <related-ro-settings>: switch the feature on or off for a location (placement P6). */
export class RelatedROSettings extends LaterElement {
  static observedAttributes = ['location-id'];
  static load = () => import('./settings.js');

  attached(signal) { addEventListener('beforeunload', (e) => this.unsaved && e.preventDefault(), { signal }); }

  /** Whether there are edits that would be lost. */
  get unsaved() { return Boolean(this.does?.unsaved); }

  /** Cases are none of its business, and what a person is editing is not read over. */
  concerns(of) { return !of.caseId && super.concerns(of) && !this.unsaved; }

  /** A renewed token is no reason to lose edits; another person is. */
  async renew() {
    if (await this.does?.kept()) this.redraw();
    else this.restart();
  }
}
