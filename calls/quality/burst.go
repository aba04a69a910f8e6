package quality

// BurstRatio is the mean length of the bursts in which frames were lost, over the mean length if as many had been lost at
// random: 1 is random, more is burstier, less is more regular than chance. It is 1 when nothing or everything was lost.
func BurstRatio(frames, lost, bursts int) float64 {
	if lost <= 0 || bursts <= 0 || lost >= frames {
		return 1
	}
	// At random, a lost frame is the last of its burst with the probability that the next is not lost.
	random := 1 / (1 - float64(lost)/float64(frames))
	return float64(lost) / float64(bursts) / random
}

// Share attributes points, such as those of [Budget.Loss], to causes in proportion to how much of it was theirs: the frames
// each of them lost, or the delay each of them added. The model is not linear, hence a cause alone would have cost something
// else; but the shares add up, and do not depend on an order. It is nil when there was nothing of any of them.
func Share(points float64, parts ...float64) []float64 {
	var sum float64
	for _, p := range parts {
		sum += p
	}
	if sum <= 0 {
		return nil
	}
	shares := make([]float64, len(parts))
	for i, p := range parts {
		shares[i] = points * p / sum
	}
	return shares
}
