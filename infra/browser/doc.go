// Package browser tests the console and the related-ro elements in a real browser,
// Debian's Chromium, against the whole local stack: what a page shows comes through
// the functions' own binaries, the queues, the table and the simulated Karmak.
//
// The tests run where RELATEDRO_BROWSER is 1, as `make test-browser` sets it. axe-core
// is installed by npm; images go to the folder that RELATEDRO_SCREENSHOTS names, as
// `make screenshots` sets it.
package browser
