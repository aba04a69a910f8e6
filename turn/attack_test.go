package turn

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// What is done to relays on public addresses, and where it is shown to fail here:
//
//	relay to loopback, private or metadata addresses, however written  TestNoDestinationLeavesTheSwitch, TestDataGoesNowhereElse
//	TCP allocations and SOCKS over them                                TestAllocateRefusals (442)
//	an open relay as a tunnel                                          TestDataGoesNowhereElse, TestAnAllocationAboveItsRateIsCutAndOthersAreNot
//	reflection and amplification                                       TestNobodyIsAmplified, TestNobodyIsAnsweredBeyondTheBudget
//	state before login                                                 TestNobodyIsAmplified, TestStrangersCostNoMemory
//	exhaustion of what there is                                        TestQuotas, TestSlotsAreBounded, TestChannelsBindOnceEachWay, TestOneSourceHasItsShareOfConnections
//	guessed, replayed, expired credentials                             TestGuessingIsSilenced, TestChallenges, TestAnExpiredCredentialServesALiveAllocationOnly
//	another user's 5-tuple, channel, permission                        TestAnotherUserOnThe5TupleIsRefusedAndTheOwnerUnharmed, TestARefusedPermissionGrantsNothing
//	slow, idle, half and broken connections                            TestSlowClientsAreCutOff, TestAThousandSlowClientsDisturbNobody, TestFramingThatIsLostEndsTheConnection
//	memory read by long attributes                                     TestAnswersHoldNothingThatWasNotAsked
//	malformed packets of all kinds                                     TestAMillionMalformedDatagrams, TestAMillionMalformedFrames (and ...ThroughADoor), TestAddressesOfAnyLengthPanicNobody
//	a flood of log lines                                               TestTheLogIsNotFlooded
//	all at once                                                        TestANoisyNeighbourIsNotHeard

// foreign are hosts that relays were made to reach. None is the relay's own address, however much it looks like it.
var foreign = []string{
	"127.0.0.1", "127.255.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.2",
	"198.51.100.10", "203.0.113.20", "224.0.0.1", "255.255.255.255", "192.88.99.1", "198.18.0.1", "240.0.0.1",
	"::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::2", "100::1", "2001:2::1",
	"::ffff:127.0.0.1", "::ffff:192.0.2.1", "::ffff:0:127.0.0.1", "::127.0.0.1", "::192.0.2.1", // mapped, translated, compatible
	"64:ff9b::7f00:1", "64:ff9b::c000:201", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:c000:201::", "2001:0:c000:201::", // NAT64, 6to4, Teredo
	"::5efe:127.0.0.1", "fe80::5efe:7f00:1", // ISATAP
}

// covers T4, T5 (CVE-2020-26262 and kin; what has no permission sends nothing: TestDataGoesNowhereElse)
func TestNoDestinationLeavesTheSwitch(t *testing.T) {
	for _, o := range everyTransport {
		t.Run(string(o), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				p := w.pair()
				alice, bob := w.clientOver(o, alice4, p.A), w.client(bob4, p.B)
				bob.wantAllocated()
				stranger := w.client(eve4, w.pair().A)
				stranger.wantAllocated()
				alice.wantAllocated(additional(family6))
				w.net.SetTap(func(from, to netip.AddrPort, _ []byte) bool {
					if from == relayAt && to.Addr() != alice4 && to.Addr() != bob4 {
						t.Errorf("a packet leaves for %v", to)
					}
					return false
				})
				defer w.net.SetTap(nil)
				for _, host := range foreign {
					for _, port := range []uint16{0, 53, 80, 3478, 5000, bob.relayed.Port()} {
						at := netip.AddrPortFrom(netip.MustParseAddr(host), port)
						alice.want(codeForbidden, stun.MethodCreatePermission, peer(at))
						alice.want(codeForbidden, stun.MethodCreatePermission, peer(at4(1)), peer(at))
						alice.want(codeForbidden, stun.MethodChannelBind, number(0x4001), peer(at))
						alice.send(at, "x")
						alice.sendChannel(0x4001, "x")
					}
				}
				for _, port := range []uint16{0, 1, 80, 1023, 3478, stranger.relayed.Port()} {
					alice.want(codeForbidden, stun.MethodChannelBind, number(0x4001), peer(at4(port)))
				}
				ended := bob.relayed
				bob.want(0, stun.MethodRefresh, lifetime(0))
				alice.want(codeForbidden, stun.MethodChannelBind, number(0x4001), peer(ended))
				synctest.Wait()
				if s := w.server.Stats(); s.Forwarded != 0 || s.Drops[DropForeignPeer] != uint64(6*len(foreign)) {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// counting is a transport that counts.
type counting struct {
	discard
	packets, bytes int
}

func (c *counting) write(out []datagram) {
	for i := range out {
		c.packets++
		c.bytes += len(out[i].b) + wireBytes
	}
}

// Ten seconds of 50,000 requests a second with the address of one victim, or of 50 a second with those of many.
//
// covers T6
func TestNobodyIsAmplified(t *testing.T) {
	for _, tt := range []struct{ victims, largest int }{{1, 0}, {1, 80}, {100, 0}, {100, 80}} {
		victims, largest := tt.victims, tt.largest
		gap := 500 * time.Microsecond
		if victims > 1 {
			gap *= 10
		}
		synctest.Test(t, func(t *testing.T) {
			b := newBenchOf(t, func(c *Config) { c.UnauthenticatedPerSecond = 0 })
			sent := &counting{}
			b.worker.transport = sent
			var requests [][]byte
			for size := 0; size <= largest; size += 16 {
				for _, kind := range []uint16{bindingRequest, allocateRequest, refreshRequest} {
					r := header(kind, 0)
					if size > 0 {
						r = appendAttribute(r, attrFingerprint+1, make([]byte, size-attributeHeader))
					}
					putLength(r, 0)
					requests = append(requests, r)
				}
			}
			batch := make([]datagram, 25)
			flood := func(seconds int) (in int) {
				for i := range time.Duration(seconds) * time.Second / gap {
					for k := range batch {
						n := int(i)*len(batch) + k
						batch[k] = datagram{b: requests[n%len(requests)], addr: clientAddress(n % victims)}
						in += len(batch[k].b) + wireBytes
					}
					b.worker.now = b.server.now()
					b.packets(batch)
					time.Sleep(gap)
				}
				return in
			}
			if flood(2); victims > 1 { // the burst
				flood(15)
			}
			*sent = counting{}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in := flood(10)
			runtime.ReadMemStats(&after)
			if victims == 1 && sent.packets > 10*defaultUnauthenticated {
				t.Errorf("%d answers in 10 s", sent.packets)
			}
			if sent.bytes > in {
				t.Errorf("%d bytes for %d", sent.bytes, in)
			}
			if n := after.Mallocs - before.Mallocs; n > 1000 && !raceDetector { // of the test itself
				t.Errorf("%d heap objects for these requests", n)
			}
			t.Logf("%d victims, requests of %d bytes at most: %d answers, %.3f bytes out for each in", victims, stunHeader+largest, sent.packets, float64(sent.bytes)/float64(in))
		})
	}
}

// covers T8 (guessing)
func TestGuessingIsSilenced(t *testing.T) {
	usual := func(c *Config) { c.UnauthenticatedPerSecond = 0 }
	inWorld(t, usual, func(t *testing.T, w *world) {
		eve, alice := w.client(eve4, w.pair().A), w.client(alice4, w.pair().A)
		eve.do(stun.MethodRefresh)
		answers := 0
		for i := range 2000 {
			eve.cred.Password = fmt.Sprint(i)
			eve.write(eve.build(stun.MethodAllocate, udp).Raw)
			if i%100 == 0 {
				synctest.Wait()
			}
		}
		for eve.read() != nil {
			answers++
		}
		if answers > defaultBurst {
			t.Errorf("%d answers to guesses in one moment, want at most %d", answers, defaultBurst)
		}
		alice.wantAllocated()
	})
}

// covers P1 (the answer to a long attribute is not a piece of memory)
func TestAnswersHoldNothingThatWasNotAsked(t *testing.T) {
	b := newBench(t)
	secret := []byte("what others sent before")
	for range 2 * batchPackets {
		b.answer(clientAddress(9), append(header(allocateRequest, 0), bytes.Repeat(secret, 80)...))
		b.answer(clientAddress(9), channelData(0x4000, strings.Repeat(string(secret), 80)))
	}
	longest := 0
	for kind := range 1 << 16 {
		for _, size := range []int{4, 700} {
			p := appendAttribute(header(allocateRequest, 0), uint16(kind), bytes.Repeat([]byte("filler.."), size)[:size])
			for _, claimed := range []int{size, size + 4, 0x7FFF, 0xFFFF} {
				p[stunHeader+2], p[stunHeader+3] = byte(claimed>>8), byte(claimed)
				putLength(p, 0)
				out, _ := b.answer(clientAddress(1), p)
				if longest = max(longest, len(out)); bytes.Contains(out, []byte("fill")) || bytes.Contains(out, secret[:4]) {
					t.Fatalf("attribute %#x of %d bytes that claims %d: %q", kind, size, claimed, out)
				}
			}
		}
	}
	if longest > 120 {
		t.Errorf("an answer of %d bytes", longest)
	}
}

func TestTheLogIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lines := 0
		for range 100_000 {
			if b.server.mayLog() {
				lines++
			}
			time.Sleep(100 * time.Microsecond)
		}
		if lines != 10 {
			t.Errorf("%d lines in 10 s, want 10", lines)
		}
	})
}
