/** Standard custom elements that show related ROs. Import the module once, call connect, use the tags. */

export type Role = 'administrator' | 'service_manager' | 'service_advisor' | 'field_manager' | 'support';

export interface Connection {
  /** Scheme and host of the API, without a slash at the end. Left out: the page's own. */
  baseUrl?: string;
  /**
   * The platform's access token, or a function that gives one. It is asked before every request, so it may renew, and once
   * more when the API refuses what it gave. A function that fails reads as a session that has ended.
   */
  token?: string | (() => string | Promise<string>);
  /** Left out: read from the token's roles. They decide which buttons are offered; the API decides what is allowed. */
  roles?: Role[];
  /**
   * The address of a case in your application. With it, cases are links that open in a tab of their own too; left out,
   * they are buttons.
   */
  caseHref?: (ref: CaseRef) => string;
  /**
   * When the person last looked at a case before this time. Asked once when a case is shown, in a list too; related ROs found
   * since are marked as new and stand first. The elements keep nothing in storage, so only the host can know, and decide
   * whether a list is a look.
   */
  lookedAt?: (ref: CaseRef) => Date | number | undefined;
  /**
   * BCP 47, for words, dates and numbers. Left out: the document's lang, with the region of the browser's language where it
   * names none, or else the browser's. en, es and fr are shipped.
   */
  locale?: string;
  /** Texts by language and key, laid over the shipped ones. */
  texts?: Record<string, Record<string, string>>;
}

/**
 * Gives the elements what they need; fulfilled when they have their words. Call it again when another person signs in, or
 * with a renewed token; connect({}) empties them. It ends what is being read; edits of the same person stay.
 */
export function connect(connection: Connection): Promise<void>;

/** Tells the elements that a case was exported or closed, so that those which show it read it again. Without arguments: all. */
export function changed(locationId?: string, caseId?: string): void;

export interface CaseRef {
  locationId: string;
  caseId: string;
  /** Empty while unknown. */
  caseNumber: string;
}

/** One related RO, as the API gives it. */
export interface RelatedRO {
  roNumber: string;
  /** The RO that it was made from. */
  originalRoNumber?: string | null;
  relation?: 'alternate' | 'original' | 'sibling' | 'descendant';
  status?: 'open' | 'completed' | 'invoiced';
  billTo?: string | null;
  /** Whether it is billed to a warranty account; of any other account nothing is known. */
  warranty?: boolean | null;
  invoiceNumber?: string | null;
  openedAt?: string | null;
  invoicedAt?: string | null;
  voided?: boolean;
  /** When a retrieval of the case first found it. */
  firstSeenAt?: string | null;
  /** Since when Karmak no longer has it. */
  goneSince?: string | null;
  /** Cases whose own RO it is; only where one case is read. */
  linkedCases?: { caseId: string; caseNumber?: string | null }[];
}

/** A case, as the API gives it. What is left out is not known. */
export interface Case {
  found?: boolean;
  locationId?: string;
  caseId?: string;
  caseNumber?: string | null;
  assetId?: string | null;
  roNumber?: string;
  caseStatus?: 'exported' | 'closed' | null;
  closedBy?: 'user' | 'auto' | null;
  featureStatus?: 'ENABLED' | 'DISABLED';
  relatedRos?: RelatedRO[];
  relatedCount?: number;
  /** Related ROs that Karmak has not made yet; where the location's settings ask for them. */
  expectedRelatedRos?: { billTo: string; tasks: number }[];
  truncated?: boolean;
  /** Of the related ROs that are billed to a warranty account and neither invoiced nor voided; as old as the list. */
  openWarrantyCount?: number;
  /** True where the location's DMS keeps all pay types on one RO: there are no related ROs. */
  notApplicable?: boolean;
  retrieval?: {
    outcome: 'ok' | 'failed' | 'retrying';
    trigger?: string;
    eventId?: string;
    retrievedAt?: string | null;
    /** When Karmak was last asked what has changed. */
    checkedAt?: string | null;
    reason?: string | null;
    /** Since when it fails. */
    since?: string | null;
    /** Of a retrieval that failed for good, when the last attempt was made. */
    attemptedAt?: string | null;
    message?: string | null;
  };
}

/** Fired where a person asks to open a case. A host that goes there itself prevents the event's default. Bubbles, and leaves shadow roots. */
export type OpenCaseEvent = CustomEvent<CaseRef>;

export type ErrorKind =
  | 'signin' | 'forbidden' | 'busy' | 'offline' | 'slow' | 'unavailable' | 'missing' | 'conflict' | 'stale' | 'refused';

/** Fired where an element could not read, or not do what a person asked for. status is HTTP's, 0 without an answer. */
export type ErrorEvent = CustomEvent<{ kind: ErrorKind; status: number }>;

/** What the elements share. Each attribute is a property too, by its name in camel case; nothing is read before the ids are there. */
export interface RelatedElement extends HTMLElement {
  locationId: string;
  /** Reads again and keeps what is shown until the answer is here. */
  reload(): void;
}

/** <related-ros location-id case-id readonly ro-number case-number asset-id>: one case. */
export interface RelatedROsElement extends RelatedElement {
  caseId: string;
  /** Leaves the refresh button out. */
  readonly: boolean;
  /** Sent with a refresh of a case that was never exported, as are the next two. */
  roNumber: string;
  caseNumber: string;
  assetId: string;
}

/** <related-ro-cell location-id case-id>: a table cell. Those that appear together cost one request per hundred. */
export interface RelatedROCellElement extends RelatedElement {
  caseId: string;
  /** A case that is at hand already; then nothing is asked to show it. */
  case: Case | undefined;
  /** Numbers that were searched for: shown first, and marked. */
  sought: string[];
  /**
   * How many of the case's related ROs are open warranty ROs; undefined while that is not known. A table
   * can be filtered by it without asking: it is there when related-ro-shown is fired.
   */
  readonly openWarranty: number | undefined;
}

/** <related-ro-status>: above a table, one line for what keeps its cells from being up to date. Empty when they are. */
export interface RelatedROStatusElement extends HTMLElement {
  reload(): void;
}

/** <asset-related-ros location-id asset-id>: the cases of an asset. */
export interface AssetRelatedROsElement extends RelatedElement {
  assetId: string;
}

/** <related-ro-search location-id>: find cases by RO number, at one location, at several with blanks between them, or at all of the token's. */
export interface RelatedROSearchElement extends RelatedElement {}

/** <related-ro-open-warranty location-id>: the location's open warranty ROs, oldest first, with what they are worth. Not for field managers. */
export interface RelatedROOpenWarrantyElement extends RelatedElement {}

/** <related-ro-settings location-id>: External Interfaces > Other Optional Settings. */
export interface RelatedROSettingsElement extends RelatedElement {
  /** Whether there are edits that would be lost. */
  readonly unsaved: boolean;
}

declare global {
  interface HTMLElementTagNameMap {
    'related-ros': RelatedROsElement;
    'related-ro-cell': RelatedROCellElement;
    'related-ro-status': RelatedROStatusElement;
    'asset-related-ros': AssetRelatedROsElement;
    'related-ro-search': RelatedROSearchElement;
    'related-ro-open-warranty': RelatedROOpenWarrantyElement;
    'related-ro-settings': RelatedROSettingsElement;
  }
  /** Of elements, the document and the window. */
  interface GlobalEventHandlersEventMap {
    'related-ro-open-case': OpenCaseEvent;
    'related-ro-error': ErrorEvent;
    /** Fired when an element has drawn what it read, and not when it could not read. */
    'related-ro-shown': CustomEvent<null>;
  }
}
