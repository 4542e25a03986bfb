// Package story tests the local stack with other engines behind it than the embedded ones, which the environment names as
// for the other conformance tests. Its tests start one stack and tell the product's story on it.
package story
