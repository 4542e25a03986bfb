// Package browser tests the console and the related-ro elements in a real browser, Debian's
// Chromium, against the whole local stack: the data on a page come from the functions' own
// binaries, the queues, the table and the simulated Karmak.
//
// The tests run if RELATEDRO_BROWSER is 1, which `make test-browser` sets. npm installs axe-core.
// Images go to the directory named by RELATEDRO_SCREENSHOTS, which `make screenshots` sets.
package browser
