// Package clients tests the HTTP contract with third-party tools: linters check it, generators
// create clients from it, and those clients run against the live system. It contains only tests;
// make test-clients runs them.
package clients
