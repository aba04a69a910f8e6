//go:build !race

package callstate

const raced = false
