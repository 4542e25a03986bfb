// Package soak queues many messages in a complete local system and watches them drain. TestSoak
// makes Karmak fail intermittently; some messages are duplicates, and some can never succeed. A
// model that is independent of the code then judges the result of each message. BenchmarkBacklog
// measures the time.
//
//	make soak N=2000
package soak
