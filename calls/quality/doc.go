// Package quality says how good a call was: by what was measured about it (the E-model), and by what was heard (STOI). Pure:
// numbers in, numbers out.
//
// # E-model
//
// [Judge] goes from codec, delay, loss and burstiness to R and MOS, after the ITU-T Recommendations G.107 (narrowband),
// G.107.1 (wideband) and G.107.2 (fullband). Impairments add up on the scale of R, so each lost point has a cause:
//
//	R      = Best - Ie - Iloss - stretch * Idd          Best 93.2, 129, 148; stretch 1, 1.29, 1.48
//	Iloss  = (95 - Ie)  * Ppl / (Ppl/BurstR + Bpl)      narrowband; Ppl in percent
//	       = (95 - Ie)  * Ppl / (Ppl + Bpl)             wideband
//	       = (132 - Ie) * Ppl / (Ppl + Bpl)             fullband
//	Idd    = 0 up to 100 ms, else with X = log2(Ta/100 ms)
//	         25 * ((1 + X^6)^(1/6) - 3 * (1 + (X/3)^6)^(1/6) + 2)
//	MOS    = 1 + 0.035 r + r (r - 60) (100 - r) 7e-6    r = R/stretch, the result between 1 and 4.5
//
// What is not from there, or not certain:
//
//   - Opus has no ITU value. Its Ie and Bpl are derived from the listening tests of Alahmadi, Počta and Melvin, [Opus].
//   - The two wider scales know no bursts. There Bpl goes from the one for random to the one for bursty loss while the burst
//     ratio goes from 1 to 2: which two to use is theirs, to go linearly between them is ours.
//   - That delay costs 1.29 times as much on the wideband scale is our reading, after the 1.48 of the fullband one: the same
//     delay then costs the same MOS.
//
// The ceiling is not 5, and not 4.5 either: MOS_CQEF 4.30 with Opus at 31 kbit/s and a variable bitrate, 4.22 at the constant
// 32 kbit/s that hide what is said ([Codec.Ceiling]). A report that shows a MOS shows its scale and its ceiling.
//
// # A live call
//
// [Watch] goes from the estimates of a call that is going on to the two messages that help a person: the network is poor, and it is
// good again. It has hysteresis: below 3.1 for 4 s, and at least 3.6 for 10 s.
//
// # STOI
//
// The short-time objective intelligibility measure of C. H. Taal, R. C. Hendriks, R. Heusdens and J. Jensen, "An Algorithm
// for Intelligibility Prediction of Time-Frequency Weighted Noisy Speech", IEEE Transactions on Audio, Speech and Language
// Processing 19(7), 2011. It needs the reference, and goes from about 0 to 1; over 0.9 listeners understand practically
// everything.
//
//  1. Both signals are resampled to 10 kHz and cut into frames of 256 samples (25.6 ms), Hann window, half overlapping.
//  2. Frames in which the reference is more than 40 dB below its loudest are dropped from both.
//  3. A 512-point transform of each frame is summed into 15 one-third octave bands, the lowest at 150 Hz.
//  4. In each band and each run of 30 frames (384 ms) the degraded envelope is scaled to the energy of the reference and
//     clipped where it is so much too loud that the signal-to-distortion ratio is below -15 dB.
//  5. The result is the mean of the correlations of the two envelopes over all bands and runs.
//
// # Alignment
//
// STOI compares what is at the same time. A call delays, and its playout buffer inserts and removes frames. [Align] finds
// the delay at the peak of the cross-correlation; [CompareSpeech] finds it again for every second, near the one before, then
// for every tenth of a second, within a period or two of a voice, and compares what belongs together. So it measures what was
// heard, not when.
package quality
