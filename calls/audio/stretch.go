package audio

import "math"

const (
	// decimation is from 48 kHz to the 4 kHz at which the period of a voice is looked for.
	decimation = 12
	// leastPeriod and mostPeriod are 2.5 and 15 ms, the periods of voices from 400 down to 67 Hz.
	leastPeriod = 120
	mostPeriod  = 720
	// alike is how much two periods must be to become one: a correlation from 0 to 1. In a hurry, less will do.
	alike       = 0.9
	alikeEnough = 0.5
	quietEnough = 100.0 // RMS: -50 dB, breath and rooms, where a cut is not heard whatever its place
	fineSteps   = 4
	mostSpeech  = 2 * mostPeriod
)

// shorten removes whole periods from the beginning of pcm, by fading from one into a later one, and returns what is left; it
// is pcm when nothing in it repeats. hurry accepts less likeness, and removes several periods at once.
func shorten(pcm []int16, hurry bool) []int16 {
	span := min(len(pcm), mostSpeech)
	period, likeness := findPeriod(pcm[:span], span/2)
	if period == 0 || !acceptable(pcm[:2*period], likeness, hurry) {
		return pcm
	}
	cut := period
	if hurry {
		cut = max(1, span/2/period) * period
	}
	// pcm[0:cut] fades out while pcm[cut:2·cut] fades in; the result stands where the second was.
	rest := pcm[cut:]
	for i := range cut {
		rest[i] = fade(pcm[i], rest[i], i, cut)
	}
	return rest
}

// lengthen appends to dst one period that leads from history, which was heard just before, to pcm, and which was not there.
// Nothing is appended when nothing repeats. hurry accepts less likeness.
func lengthen(dst, history, pcm []int16, hurry bool) []int16 {
	most := min(mostPeriod, len(history), len(pcm))
	var both [2 * mostPeriod]int16
	n := copy(both[:], history[len(history)-most:])
	n += copy(both[n:], pcm[:most])
	period, likeness := findPeriodAround(both[:n], most)
	if period == 0 || !acceptable(both[most-period:most+period], likeness, hurry) {
		return dst
	}
	before, after := both[most-period:most], both[most:most+period]
	// After before comes after; it fades into before, which leads to after again.
	for i := range period {
		dst = append(dst, fade(after[i], before[i], i, period))
	}
	return dst
}

// repeat fills dst with what would follow pcm if its last period went on.
func repeat(dst, pcm []int16) {
	period, _ := bestPeriod(pcm, len(pcm)/2, func(period int) (a, b int) { return len(pcm) - 2*period, len(pcm) - period })
	if period == 0 {
		clear(dst)
		return
	}
	last := pcm[len(pcm)-period:]
	for i := range dst {
		dst[i] = last[i%period]
	}
}

// fade is a at the beginning of n and b at its end.
func fade(a, b int16, i, n int) int16 { return int16((int(a)*(n-i) + int(b)*i) / n) }

// acceptable says whether a cut will not be heard.
func acceptable(pcm []int16, likeness float64, hurry bool) bool {
	least := alike
	if hurry {
		least = alikeEnough
	}
	return likeness >= least || level16(pcm) < quietEnough
}

// level16 is the RMS of pcm on the scale of int16.
func level16(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(pcm))))
}

// findPeriod is the period with which the beginning of pcm repeats at once, 0 if pcm is too short.
func findPeriod(pcm []int16, most int) (period int, likeness float64) {
	return bestPeriod(pcm, most, func(period int) (a, b int) { return 0, period })
}

// findPeriodAround is the period in which what is before and what is behind middle are alike.
func findPeriodAround(pcm []int16, middle int) (period int, likeness float64) {
	return bestPeriod(pcm, min(middle, len(pcm)-middle), func(period int) (a, b int) { return middle - period, middle })
}

// bestPeriod compares the pieces of each length that begin at the two places: at 4 kHz first, around the best at 48.
func bestPeriod(pcm []int16, most int, places func(period int) (a, b int)) (period int, likeness float64) {
	most = min(most, mostPeriod)
	if most < leastPeriod {
		return 0, 0
	}
	var coarse [mostSpeech / decimation]float64
	n := 0
	for ; (n+1)*decimation <= len(pcm) && n < len(coarse); n++ {
		for _, v := range pcm[n*decimation : (n+1)*decimation] {
			coarse[n] += float64(v)
		}
	}
	best := -2.0
	for p := leastPeriod / decimation; p <= most/decimation; p++ {
		a, b := places(p * decimation)
		a, b = a/decimation, b/decimation
		if b+p > n {
			break
		}
		if c := correlation(coarse[a:a+p], coarse[b:b+p], 1); c > best {
			best, period = c, p*decimation
		}
	}
	if period == 0 {
		return 0, 0
	}
	around := period
	best = -2
	for p := max(leastPeriod, around-decimation); p <= min(most, around+decimation); p++ {
		a, b := places(p)
		if c := correlation(pcm[a:a+p], pcm[b:b+p], fineSteps); c > best {
			best, period = c, p
		}
	}
	return period, best
}

// correlation is from -1 to 1; a and b are as long as one another. It looks at each step-th sample. Silence is like nothing.
func correlation[T int16 | float64](a, b []T, step int) float64 {
	var ab, aa, bb float64
	for i := 0; i < len(a); i += step {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
