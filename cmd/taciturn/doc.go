// Command taciturn is the terminal phone: it makes an identity, keeps contacts, places and takes end-to-end-encrypted
// calls through the microphone and speaker or through files.
//
//	taciturn init --server http://127.0.0.1:8080
//	taciturn id --link
//	taciturn contact add bob LINK
//	taciturn listen --answer --record out.wav
//	taciturn call bob --play speech.wav --for 12s
//
// A profile is a directory with the secret keys (mode 0600, with a passphrase if wanted), the contacts and the memory of
// offers seen. --profile NAME picks one below --home; two profiles on one machine are two people.
//
// # Output
//
// Lines of text for people; with --json one object a line for programs:
//
//	{"event":"state","at":"2026-01-02T15:04:05.123Z","state":"ringing"}
//	{"event":"quality","at":"…","poor":true,"stats":{…,"quality_now":{"scale":"MOS_CQEF","mos":2.61,"ceiling":4.22,…}}}
//	{"event":"ended","at":"…","state":"ended","result":"hung-up","stats":{…}}
//
// Exit codes: 0 the call took place or the command is done, 1 it failed (nobody answered counts as failed), 2 usage.
package main
