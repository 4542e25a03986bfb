// Package memory tests that the functions work within the memory configured in the template. It
// runs the functions' binaries in cgroups of that size, in which the kernel kills a process that
// exceeds the limit, as Lambda does, and requests the largest possible responses.
package memory
