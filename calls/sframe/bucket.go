package sframe

const (
	// DefaultBucketBytes holds 80 bytes of Opus (32 kbit/s, 20 ms), their length, and 14 bytes of controls: all that
	// matter at once.
	DefaultBucketBytes = 96
	// minBucketBytes holds the controls of one frame without voice, so that a hang-up always gets through.
	minBucketBytes = 32
	// maxBucketBytes keeps a frame well inside one datagram.
	maxBucketBytes = 1024

	lengthBytes = 2
	headerBytes = 3
	// Overhead is what a frame has on top of its bucket.
	Overhead = headerBytes + tagBytes

	// firstCounter and lastCounter have two bytes, so has every counter between them.
	firstCounter = 1 << 8
	lastCounter  = 1<<16 - 1
)

// bucketOf applies the default; 0 means that the size is refused.
func bucketOf(n int) int {
	switch {
	case n == 0:
		return DefaultBucketBytes
	case n < minBucketBytes || n > maxBucketBytes:
		return 0
	}
	return n
}
