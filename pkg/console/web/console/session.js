// Who uses the console, and the cases that the case platform around it would know. In memory only.
import { connect } from 'related-ro';

/** The address of a case, on the page where the person is: to edit or to view. */
export const caseHref = ({ locationId, caseId }) =>
  `#/${location.hash.startsWith('#/view') ? 'view' : 'cases'}/${encodeURIComponent(locationId)}/${encodeURIComponent(caseId)}`;

const looks = new Map(); // in memory only, as everything here

const id = ({ locationId, caseId }) => `${locationId}/${caseId}`;

/** When the person last looked at a case in this page. A list that it is in is no look at it. */
const lookedAt = (ref) => looks.get(id(ref));

document.addEventListener('related-ro-shown', ({ target }) => {
  if (target.localName === 'related-ros') looks.set(id(target), Date.now());
});

class Session extends EventTarget {
  token = '';
  roles = [];
  locations = []; // what the token names; ['*'] is every location
  location = ''; // the one that the pages are about
  cases = []; // {locationId, locationName, caseId, caseNumber, roNumber, assetId, unit, customer, complaint, mine, watching}
  dashboard = ''; // address of the CloudWatch dashboard, when deployed

  /** Takes a token. The chosen location stays where the token allows it. Rejected when it is no token. */
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

  /** Replaces the cases of the platform. */
  know(cases) {
    this.cases = cases;
    if (!this.location) this.location = this.choices[0] ?? '';
    this.#tell();
  }

  /** The locations to choose from: the token's, or with '*' all that a known case is at. */
  get choices() {
    const named = this.locations.filter((l) => l !== '*');
    return named.length || !this.locations.length ? named : [...new Set(this.cases.map((c) => c.locationId))].sort();
  }

  /** The known cases that the person may see. */
  get visible() {
    return this.cases.filter((c) => this.locations.includes('*') || this.locations.includes(c.locationId));
  }

  /** What is known of a case; its key alone when nothing is. */
  find(locationId, caseId) {
    return this.cases.find((c) => c.locationId === locationId && c.caseId === caseId) ?? { locationId, caseId };
  }

  /** What people call a location, with its id; the id alone where nothing more is known. */
  named(location) {
    const name = this.cases.find((c) => c.locationId === location)?.locationName;
    return name ? `${name} (${location})` : location;
  }

  /** A request to the API for what the elements do not cover; throws an Error with a sentence. */
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

/** The claims of a token, unchecked: they only decide what is offered. Throws when it is no token. */
function claimsOf(token) {
  const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
