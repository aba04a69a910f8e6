package quality

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
)

const (
	rate           = 48000
	wavHeaderBytes = 44
)

// speech is ten seconds of it, between -1 and 1.
var speech = sync.OnceValue(func() []float64 {
	wav := testaudio.Speech()[wavHeaderBytes:]
	x := make([]float64, len(wav)/2)
	for i := range x {
		x[i] = float64(int16(binary.LittleEndian.Uint16(wav[2*i:]))) / 32768
	}
	return x
})

// noise is white.
func noise(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// noisy is x with white noise, so much that the ratio of their energies is db.
func noisy(x []float64, db float64, seed uint64) []float64 {
	added := noise(len(x), seed)
	gain := math.Sqrt(energy(x) / energy(added) / math.Pow(10, db/10))
	y := make([]float64, len(x))
	for i := range y {
		y[i] = x[i] + gain*added[i]
	}
	return y
}

func energy(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// delayed is x behind n zeros, or without its first -n samples.
func delayed(x []float64, n int) []float64 {
	if n < 0 {
		return x[-n:]
	}
	return append(make([]float64, n), x...)
}

func compare(t *testing.T, ref, deg []float64) (score float64, lag int) {
	t.Helper()
	score, lag, err := CompareSpeech(ref, deg, rate)
	if err != nil {
		t.Fatal(err)
	}
	return score, lag
}
