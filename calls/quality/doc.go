// Package quality says how well speech can be understood after it went through a call. Pure: numbers in, numbers out.
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
// the delay at the peak of the cross-correlation; [CompareSpeech] finds it again for every second, near the one before, and
// compares what belongs together. So it measures what was heard, not when.
package quality
