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
// Packets wait 60 ms in the buffer, so that one that is up to 60 ms later than the first still comes in time. Each Pull
// takes one frame:
//
//	the packet is there                      play it
//	it is missing, the next is there         recover it from the next (FEC), or conceal it
//	it is missing, a later one is there      conceal it
//	nothing is there                         conceal and wait; after 200 ms, silence
//
// Waiting makes the delay grow, by no more than was waited. When the buffer has held two frames more than it needs for a
// second, two frames are blended into one, until the delay is back. So the buffer follows the network's jitter, and the
// small difference between the clocks of two machines, without ever measuring either. It holds 64 packets; when more than
// half a second of speech waits, the oldest is skipped.
package audio
