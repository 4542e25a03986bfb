// Package soak holds a test that sends many messages to a complete local system whose Karmak fails
// intermittently. Some messages are duplicates, and some can never succeed. A model that is
// independent of the code then judges the result of each message.
//
//	make soak N=2000
package soak
