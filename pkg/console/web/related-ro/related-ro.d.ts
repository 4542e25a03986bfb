/** Standard custom elements that show related ROs. Import the module once, call connect, use the tags. */

export type Role = 'administrator' | 'service_manager' | 'service_advisor' | 'field_manager' | 'support';

export interface Connection {
  /** Scheme and host of the API, without a slash at the end. Left out: the page's own. */
  baseUrl?: string;
  /** The platform's access token, or a function that gives one; it is asked before every request, so it may renew. */
  token?: string | (() => string | Promise<string>);
  /** Left out: read from the token's roles. They decide which buttons are offered; the API decides what is allowed. */
  roles?: Role[];
  /**
   * BCP 47, for words, dates and numbers. Left out: the document's lang, with the region of the browser's language where it
   * names none, or else the browser's. en and es are shipped.
   */
  locale?: string;
  /** Texts by language and key, laid over the shipped ones. */
  texts?: Record<string, Record<string, string>>;
}

/** Gives the elements what they need; fulfilled when they have their words. Call it again when another person signs in; connect({}) empties them. */
export function connect(connection: Connection): Promise<void>;

/** Tells the elements that a case was exported or closed, so that those which show it read it again. Without arguments: all. */
export function changed(locationId?: string, caseId?: string): void;

export interface CaseRef {
  locationId: string;
  caseId: string;
  /** Empty while unknown. */
  caseNumber: string;
}

/** Fired where a person asks to open a case: the host page goes there. Bubbles, and leaves shadow roots. */
export type OpenCaseEvent = CustomEvent<CaseRef>;

/**
 * <related-ros location-id case-id readonly ro-number case-number asset-id>: one case.
 * readonly leaves the refresh button out. The last three are sent with a refresh of a case that was never exported.
 */
export interface RelatedROsElement extends HTMLElement {
  /** Reads again and keeps what is shown until the answer is here. */
  reload(): void;
}

/** <related-ro-cell location-id case-id>: a table cell. Those that appear together cost one request per hundred. */
export interface RelatedROCellElement extends HTMLElement {
  /** A case that is at hand already, as the API gives it; then nothing is asked. */
  case: object | undefined;
  reload(): void;
}

/** <asset-related-ros location-id asset-id>: the cases of an asset. */
export interface AssetRelatedROsElement extends HTMLElement {
  reload(): void;
}

/** <related-ro-search location-id>: find cases by RO number. */
export interface RelatedROSearchElement extends HTMLElement {
  reload(): void;
}

/** <related-ro-settings location-id>: External Interfaces > Other Optional Settings. */
export interface RelatedROSettingsElement extends HTMLElement {
  reload(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'related-ros': RelatedROsElement;
    'related-ro-cell': RelatedROCellElement;
    'asset-related-ros': AssetRelatedROsElement;
    'related-ro-search': RelatedROSearchElement;
    'related-ro-settings': RelatedROSettingsElement;
  }
  /** Of elements, the document and the window. */
  interface GlobalEventHandlersEventMap {
    'related-ro-open-case': OpenCaseEvent;
    /** Fired when an element has drawn what it read. */
    'related-ro-shown': CustomEvent<null>;
  }
}
