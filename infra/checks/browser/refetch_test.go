package browser

import "testing"

// TestLocationIsFetchedAgainAfterEnabling disables and enables a location, and then refetches all
// its cases.
func TestLocationIsFetchedAgainAfterEnabling(t *testing.T) {
	_, p := begin(t, "settings")
	p.click(form + "[data-key=DISABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "Status: ENABLED → DISABLED")
	p.wait("!deep('related-ro-settings >> [data-key=refetch]')")
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "until they are fetched again")
	p.click(form + "[data-key=refetch]")
	p.sees("related-ro-settings", "cases are being fetched again")
	p.quiet()
}

// TestRefetchShowsHowManyAreLeft simulates a location with 2,500 cases whose second page fails
// once.
func TestRefetchShowsHowManyAreLeft(t *testing.T) {
	_, p := begin(t, "settings")
	p.click(form + "[data-key=DISABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "Status: ENABLED → DISABLED")
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "until they are fetched again")
	eval[bool](p, `(() => {
		const real = window.fetch;
		const pages = [[202, { queued: 1000, left: 1500, cursor: 'a' }], [503, {
		  type: 'unavailable', title: 'Temporarily unavailable', status: 503, detail: 'Please try again in a moment.' }],
			[202, { queued: 1000, left: 500, cursor: 'b' }], [202, { queued: 500, left: 0, cursor: null }]];
		window.cursors = [];
		window.fetch = (input, init) => {
			if (!String(input.url ?? input).endsWith('/refetch')) return real(input, init);
			window.cursors.push(JSON.parse(init?.body ?? '{}').cursor ?? '');
			const [status, body] = pages.shift();
			return Promise.resolve(new Response(JSON.stringify(body), { status, headers: {
			  'content-type': status === 202 ? 'application/json' : 'application/problem+json' } }));
		};
		return true;
	})()`)
	p.click(form + "[data-key=refetch]")
	p.sees("related-ro-settings", "1,000 on their way, 1,500 left.")
	p.wait("(({ value, max }) => value === 1000 && max === 2500)(deep('related-ro-settings >> .refetch progress'))")
	p.sees(form+"[data-key=refetch]", "Go on")
	p.click(form + "[data-key=refetch]")
	p.sees("related-ro-settings", "2,500 cases are being fetched again")
	p.wait("window.cursors.join() === ',a,a,b'")
}
