// Package story tests the local stack with external engines, which are configured by the same
// environment variables as in the other conformance tests. Its tests start one stack and run the
// product's story on it.
package story
