// Package clients shows what other teams do with the HTTP contract: linters read it, generators make clients of it, and
// those work against the running system. It has only tests; make test-clients runs them.
package clients
