//go:build race

package callstate

const raced = true
