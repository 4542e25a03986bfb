// The console's user, and the cases that a case platform would know. All of it is kept in memory
// only.
import { connect } from 'related-ro';

/** The address of a case, on the edit page or the view page to match the current page. */
export const caseHref = ({ locationId, caseId }) =>
  `#/${location.hash.startsWith('#/view') ? 'view' : 'cases'}/${encodeURIComponent(locationId)}/${encodeURIComponent(caseId)}`;

const looks = new Map(); // time of the last look in ms, by case

const id = ({ locationId, caseId }) => `${locationId}/${caseId}`;

/** The time when the person last opened a case in this tab. Seeing it in a list does not count. */
const lookedAt = (ref) => looks.get(id(ref));

document.addEventListener('related-ro-shown', ({ target }) => {
  if (target.localName === 'related-ros') looks.set(id(target), Date.now());
});

class Session extends EventTarget {
  token = '';
  roles = [];
  locations = []; // as in the token; ['*'] is every location
  location = ''; // the chosen location
  cases = []; // {locationId, locationName, caseId, caseNumber, roNumber, assetId, unit, customer, complaint, mine, watching}
  dashboard = ''; // address of the CloudWatch dashboard, if deployed

  /**
   * Signs in with a token. The chosen location stays if the token allows it. Rejects if the token
   * is malformed.
   */
  async signIn(token) {
    const claims = claimsOf(token);
    this.token = token;
    this.roles = list(claims.roles);
    this.locations = list(claims.locations);
    if (!this.choices.includes(this.location)) this.location = this.choices[0] ?? '';
    await connect({ baseUrl: '..', token, roles: this.roles, caseHref, lookedAt });
    this.#tell();
  }

  async signOut() {
    Object.assign(this, { token: '', roles: [], locations: [], location: '' });
    await connect({});
    this.#tell();
  }

  choose(location) {
    this.location = location;
    this.#tell();
  }

  /** Replaces the known cases. */
  know(cases) {
    this.cases = cases;
    if (!this.location) this.location = this.choices[0] ?? '';
    this.#tell();
  }

  /**
   * The locations to choose from: those in the token, or with '*' the locations of all known cases.
   */
  get choices() {
    const named = this.locations.filter((l) => l !== '*');
    return named.length || !this.locations.length ? named : [...new Set(this.cases.map((c) => c.locationId))].sort();
  }

  /** The known cases that the person has access to. */
  get visible() {
    return this.cases.filter((c) => this.locations.includes('*') || this.locations.includes(c.locationId));
  }

  /** A known case, or only the key for an unknown one. */
  find(locationId, caseId) {
    return this.cases.find((c) => c.locationId === locationId && c.caseId === caseId) ?? { locationId, caseId };
  }

  /** A location's name with its id, or only the id if the name is unknown. */
  named(location) {
    const name = this.cases.find((c) => c.locationId === location)?.locationName;
    return name ? `${name} (${location})` : location;
  }

  /**
   * Sends an API request that the elements do not cover. Throws an Error whose message is a
   * sentence to show.
   */
  async call(method, path, body) {
    const answer = await fetch(`../v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    if (answer.status === 401) throw new Error('Your session has ended. Sign in again.');
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(data.detail ?? data.message ?? `The API answered ${answer.status}.`);
    return data;
  }

  #tell() { this.dispatchEvent(new Event('change')); }
}

export const session = new Session();

const list = (value) => (Array.isArray(value) ? value.map(String) : []);

/**
 * The claims of a token, not verified: they only decide which pages to offer. Throws if the token
 * is malformed.
 */
function claimsOf(token) {
  const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
