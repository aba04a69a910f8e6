package sframe

import "errors"

var (
	// ErrTooLarge: voice and controls do not fit into the bucket. Nothing was sealed and no counter was spent.
	ErrTooLarge = errors.New("sframe: frame too large for its bucket")
	// ErrClosed: closed, or never usable because of its configuration.
	ErrClosed = errors.New("sframe: closed")
	// ErrExhausted: the counters of this key are used up, or the root does not go forward.
	ErrExhausted = errors.New("sframe: no counter left")
	// ErrFormat: not a frame of ours.
	ErrFormat = errors.New("sframe: malformed frame")
	// ErrKey: made with a key that is not held: of the other direction, or too old.
	ErrKey = errors.New("sframe: unknown key")
	// ErrReplay: seen before, or too old to tell.
	ErrReplay = errors.New("sframe: replayed frame")
	// ErrAuth: not made by the other side.
	ErrAuth = errors.New("sframe: frame does not authenticate")
)
