// A client that a team could build with openapi-typescript: types from the contract, requests through openapi-fetch.
import createClient from 'openapi-fetch';
import type { paths } from './contract.js';

const { API = '', TOKEN = '' } = process.env;
const client = createClient<paths>({ baseUrl: API, headers: { authorization: `Bearer ${TOKEN}` }, querySerializer: { array: { style: 'form', explode: true } } });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const one = await client.GET('/v1/locations/{locationId}/cases/{caseId}/related-ros', { params: { path: { locationId: 'loc-100', caseId: 'case-1002' } } });
check(one.data !== undefined, `case: ${JSON.stringify(one.error)}`);
check(one.data.relatedRos.map((ro) => ro.roNumber).join() === '50123,50125,50126', `case: ${JSON.stringify(one.data)}`);

const found = await client.GET('/v1/search', { params: { query: { locationId: ['loc-100', 'loc-200'], ro: '50123' } } });
check(found.data !== undefined, `search: ${JSON.stringify(found.error)}`);
check(new Set(found.data.matches.map((m) => m.case.locationId)).size === 2, `search: ${JSON.stringify(found.data)}`);

const many = await client.POST('/v1/related-ros/batch-get', { body: { cases: [{ locationId: 'loc-100', caseId: 'case-1004' }, { locationId: 'loc-100', caseId: 'none' }] } });
check(many.data?.cases.map((c) => c.found).join() === 'true,false', `batch: ${JSON.stringify(many)}`);

const settings = await client.GET('/v1/locations/{locationId}/external-interfaces', { params: { path: { locationId: 'loc-100' } } });
const tag = settings.response.headers.get('etag') ?? '';
check(settings.data?.status === 'ENABLED' && tag !== '', `settings: ${JSON.stringify(settings.data)}`);
const changed = await client.PUT('/v1/locations/{locationId}/external-interfaces', {
  params: { path: { locationId: 'loc-100' }, header: { 'If-Match': tag } },
  body: { status: 'DISABLED', dms: 'KARMAK_FUSION', karmak: settings.data.karmak },
});
check(changed.data?.status === 'DISABLED', `change: ${JSON.stringify(changed.error)}`);

const missing = await client.GET('/v1/locations/{locationId}/cases/{caseId}/related-ros', { params: { path: { locationId: 'loc-100', caseId: 'none' } } });
check(missing.response.status === 404 && missing.error !== undefined && 'type' in missing.error && missing.error.type === 'case-not-retrieved', `missing: ${JSON.stringify(missing.error)}`);
console.log('ok');
