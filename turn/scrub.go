package turn

// scrubBytes is more than the deepest call of a worker uses of its stack.
const scrubBytes = 8 << 10

// scrub zeroes the part of the stack below its caller, where functions that have returned left addresses, names and keys. It is
// of use when those were not inlined into the caller, and called before them too: the collector shrinks stacks, and one that grows
// while it holds something leaves a copy behind.
//
//go:noinline
func scrub() {
	var b [scrubBytes]byte
	keep(&b)
}

// keep makes the compiler believe that the zeroes matter.
//
//go:noinline
func keep(*[scrubBytes]byte) {}
