//go:build !race

package compare

// pairs is how many are compared.
const pairs = 20
