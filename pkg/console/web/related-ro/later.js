// Elements that most pages never show. Their code loads when the first one is shown.
import { ApiError } from './api.js';
import { RelatedElement } from './element.js';

/**
 * An element with a part that loads later. The subclass's load() imports a module that exports
 * Part, a class constructed with the element. A part has the methods reset, read, draw and known of
 * elements, and draws through element.redraw().
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

  /** Whether there are unsaved edits. */
  get unsaved() { return Boolean(this.does?.unsaved); }

  /** Changes of cases do not matter here, and a read must not overwrite edits. */
  concerns(of) { return !of.caseId && super.concerns(of) && !this.unsaved; }

  /** Keeps edits if the token was renewed, and discards them if the person changed. */
  async renew() {
    if (await this.does?.kept()) this.redraw();
    else this.restart();
  }
}
