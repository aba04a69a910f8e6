package turn

const (
	// scrubBytes is more than the deepest call of a worker uses of its stack.
	scrubBytes = 8 << 10

	// vectorBytes is a copy that the runtime makes through all vector registers of amd64.
	vectorBytes = 256
)

// scrub zeroes the part of the stack below its caller, where functions that have returned left addresses, names and keys, and
// the vector registers, which copies leave full and a preempted goroutine of the same thread would save. It is of use when those
// functions were not inlined into the caller, and called before them too: the collector shrinks stacks, and one that grows while
// it holds something leaves a copy behind.
//
// A signal that interrupts a worker in the few microseconds of a batch makes the kernel save registers elsewhere: see
// overwriteSignals.
//
//go:noinline
func scrub() {
	var b [scrubBytes]byte
	scrubVectors(&b, vectorBytes)
}

// scrubVectors does not know n, so that the copy is the runtime's; and makes the compiler believe that the zeroes matter.
//
//go:noinline
func scrubVectors(b *[scrubBytes]byte, n int) { copy(b[scrubBytes/2:][:n], b[:n]) }
