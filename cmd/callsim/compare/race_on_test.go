//go:build race

package compare

// pairs is how many are compared: the race detector makes numbers slow, and finds nothing new in them.
const pairs = 2
