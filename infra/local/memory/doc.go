// Package memory tests that the functions live within the memory that the template gives them: their own binaries run in a
// cgroup of that size, where the kernel kills what takes more, as Lambda does, and are asked for the largest answers there are.
package memory
