//go:build !unix

package real

import "time"

// processTime is not known here.
func processTime() time.Duration { return 0 }

// bufferDrops is not known here.
func bufferDrops() uint64 { return 0 }
