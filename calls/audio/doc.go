// Package audio is what a phone hears and says, in frames of 20 ms: files, tones, microphone and speaker, the Opus codec
// behind an interface, and the playout buffer between network and ear.
//
//	Source ▶ Encoder ▶ … network … ▶ Playout (Decoder) ▶ Sink
//
// A frame is 960 samples of 16 bit, 48 kHz, mono. Nothing else exists above this package: whatever a file or device has
// is converted here.
//
// # Opus
//
// Hard constant bitrate, so that a packet's size says nothing: 80 bytes at 32 kbit/s, whether speech, silence or noise is
// in it. Forward error correction is on, discontinuous transmission never (it would put the pauses of speech on the wire).
// RFC 6716; RFC 6562 says why.
//
// # Files
//
// WAV (PCM of 8, 16, 24 and 32 bit, float of 32 and 64 bit; any rate from 1 to 384 kHz; up to 32 channels, which are
// mixed) and Ogg-Opus (RFC 7845; mono and stereo) are read; 16-bit WAV and Ogg-Opus are written. Rates are converted with
// a windowed sinc. What a file is, its content says, not its name. A recording whose program died is readable up to there:
// a WAV file has the size "unknown" until Close, Ogg pages are complete one by one. Recordings are readable by their owner
// only.
//
// # Playout
//
// A buffer between network and ear, after WebRTC's NetEQ. It is a value: who calls says what time it is. Each Pull takes 20 ms,
// made of the next frame:
//
//	its packet is there                      decode it
//	it is missing, the next is there         decode the copy that the next one carries (Opus FEC)
//	it is missing, a copy came later         decode that (Packet.Copy)
//	it is missing, a later one is there      conceal it
//	nothing is there                         conceal and wait; after 200 ms, silence
//
// How long packets wait. Every packet's delay is measured against the fastest of the last 2 s. The largest of each half-second
// goes into a histogram of 100 buckets of 20 ms, in which old ones are worth 0.983 of new ones (and the n-th of the first is
// 2/(n+1) of all); the target is the end of the bucket that 95 of 100 are not beyond. Packets that were overtaken go into
// another histogram, of all packets, with 0.9993; the target grows to the delay at which 20 ms more would save less than one
// packet in a hundred. While frames are lost it covers what repairs them, 20 ms more, or 60 ms in all when copies come. It
// begins with 35 ms and ends at 500.
//
// How it gets there. Below 3/4 of the target (or 85 ms under it) time is stretched, above the target and more than 20 ms above
// that limit it is compressed: by one period of the voice, 2.5 to 15 ms, faded into its neighbour, every 60 ms at most; when
// three times too much waits, every 40 ms by as many periods as fit in 15 ms. Only what repeats, with a correlation of 0.9
// (0.5 in a hurry), or what is quieter than -50 dB is stretched, hence nobody hears it. Waiting for a packet that is only late
// makes the delay grow, too. So the buffer follows the network's jitter and the difference between two machines' clocks without
// ever being told of either. When half a second more than wanted waits, the oldest is skipped; what does not continue what was
// heard fades in over 10 ms.
//
// [PlayoutStats] are the counters of the W3C's webrtc-stats.
package audio
