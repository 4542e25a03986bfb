/// <reference types="related-ro/url" />
// A page of another team: React 19 in StrictMode, typed.
import type {} from 'related-ro/react';
import type { Case, OpenCaseEvent } from 'related-ro';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

declare global {
  interface Window { opened?: string; API: string; TOKEN: string }
}

const given: Case = { found: true, relatedRos: [{ roNumber: '777', status: 'open', warranty: true }] };

function Page() {
  const [caseId, setCase] = useState('case-1002');
  const [readonly, setReadonly] = useState(false);
  const [rows, setRows] = useState(['case-1002', 'case-1003', 'case-1004']);
  const open = (event: OpenCaseEvent) => {
    event.preventDefault();
    window.opened = event.detail.caseId;
  };
  return <>
    <button id="other" onClick={() => setCase('case-1001')}>Other case</button>
    <button id="readonly" onClick={() => setReadonly(!readonly)}>Read only</button>
    <button id="sort" onClick={() => setRows(rows.toReversed())}>Sort</button>
    <related-ros locationId="loc-100" caseId={caseId} readonly={readonly} onrelated-ro-open-case={open} />
    <related-ro-status />
    <ul>{rows.map((id) => <li key={id}><related-ro-cell locationId="loc-100" caseId={id} /></li>)}</ul>
    <div id="given"><related-ro-cell locationId="loc-100" caseId="case-1" case={given} /></div>
    <asset-related-ros locationId="loc-100" assetId="asset-77" />
    <related-ro-search locationId="loc-100" />
    <related-ro-settings locationId="loc-100" />
  </>;
}

createRoot(document.getElementById('root')!).render(<StrictMode><Page /></StrictMode>);

// Types alone: the module at the API's own address is typed too.
import type { connect } from 'https://API-HOST/console/related-ro.js';
import { connect as connected } from 'related-ro';
const same: typeof connect = connected;
await same({ baseUrl: window.API, token: async () => window.TOKEN, caseHref: ({ caseId }) => `#${caseId}` });
