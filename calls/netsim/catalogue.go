package netsim

import (
	"fmt"
	"slices"
	"time"
)

// Where the figures are from.
const (
	ringrtc     = "signalapp/ringrtc, call_sim/src/common.rs"
	str0m       = "algesten/str0m, netem/src/config.rs"
	loadero     = "wiki.loadero.com, network conditions"
	lighthouse  = "GoogleChrome/lighthouse, docs/throttling.md"
	teams       = "Microsoft's targets for Teams at the network edge, as support.bemopro.com quotes them"
	starlink    = "arXiv 2601.08439, and constructed"
	gettys      = "constructed, after Gettys and Nichols, Bufferbloat, ACM Queue 2011"
	constructed = "constructed"
)

const (
	kilobit = 1000
	megabit = 1000 * kilobit
	ms      = time.Millisecond
	sec     = time.Second
)

// ringrtcEgress is what to know about all of these.
const ringrtcEgress = "on what a host sends only, as there; so a call between two of them has these figures each way"

// Profiles are all that have a name. What is said of a link goes for each direction of one access link: a call between two of
// them crosses two.
func Profiles() []Profile {
	return slices.Concat(ringrtcProfiles(), wirelessProfiles(), throttledProfiles(), changingProfiles(), structuralProfiles())
}

// ByName finds a profile.
func ByName(name string) (p Profile, ok bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// even is a profile with the same link in both directions.
func even(name, source, note string, l Link) Profile {
	return Profile{Name: name, Source: source, Note: note, Up: l, Down: l}
}

func ringrtcProfiles() []Profile {
	egress := func(name string, l Link) Profile {
		return Profile{Name: name, Source: ringrtc, Note: ringrtcEgress, Up: l}
	}
	calm := Link{Delay: 50 * ms, Jitter: Jitter{Uniform, 10 * ms}}
	spike := Link{Delay: 100 * ms, Jitter: Jitter{Uniform, 20 * ms}, Loss: Bursts(0.11, 0.25)}
	spiky := egress("ringrtc-spiky", Link{})
	spiky.Steps = []Step{{At: 2 * sec, Up: calm}, {At: 10 * sec, Up: spike}, {At: 20 * sec, Up: calm}}
	all := []Profile{
		egress("ringrtc-moderate", Link{Delay: 100 * ms, Jitter: Jitter{Pareto, 25 * ms}, Loss: Random(0.05)}),
		egress("ringrtc-international", Link{
			Delay: 250 * ms, Jitter: Jitter{Pareto, 100 * ms}, Loss: Bursts(0.03, 0.25), Duplicate: 0.02,
			Reorder: 0.05, ReorderCorrelation: 0.5, BitsPerSecond: 300 * kilobit, QueuePackets: 30,
		}),
		spiky,
	}
	for percent := 10; percent <= 50; percent += 10 {
		for _, burst := range []struct {
			name  string
			leave float64
		}{{"short", 0.65}, {"medium", 0.50}, {"long", 0.35}, {"very-long", 0.30}} {
			lost := float64(percent)
			loss := Bursts(lost*burst.leave/(100-lost), burst.leave)
			all = append(all, egress(fmt.Sprintf("ringrtc-bursty-%d-%s", percent, burst.name), Link{Loss: loss}))
		}
	}
	for _, rate := range []int{300, 100, 50, 25} {
		all = append(all, egress(fmt.Sprintf("ringrtc-bw-%d", rate), narrow(rate)))
	}
	steps := egress("ringrtc-bw-steps", Link{})
	steps.Steps, steps.Every = []Step{{At: 15 * sec, Up: narrow(50)}, {At: 30 * sec, Up: narrow(25)}, {At: 45 * sec}}, 60*sec
	return append(all, steps)
}

// narrow is a rate with a queue of about 100 ms.
func narrow(kilobits int) Link {
	rate := kilobits * kilobit
	return Link{BitsPerSecond: rate, QueueBytes: rate / 8 / 10}
}

func wirelessProfiles() []Profile {
	wireless := func(delay, spread time.Duration, loss Loss, megabits, queueKilobytes int) Link {
		return Link{
			Delay: delay, Jitter: Jitter{Uniform, spread}, Loss: loss,
			BitsPerSecond: megabits * megabit, QueueBytes: queueKilobytes * 1000,
		}
	}
	return []Profile{
		even("wifi", str0m, "", wireless(5*ms, 2*ms, Bursts(1.0/200, 1.0/2), 100, 200)),
		even("wifi-lossy", str0m, "", wireless(15*ms, 10*ms, Bursts(1.0/40, 1.0/2), 50, 100)),
		even("wifi-congested", str0m, "no delay is negative, so its mean is 11.25 ms",
			wireless(10*ms, 20*ms, Bursts(1.0/20, 1.0/2), 5, 30)),
		even("lte", str0m, "", lte()),
		even("congested", str0m, "", wireless(80*ms, 40*ms, Bursts(1.0/20, 1.0/2), 10, 50)),
		even("geo", str0m, "600 ms is the round trip", wireless(300*ms, 30*ms, Bursts(1.0/100, 1.0/3), 15, 500)),
	}
}

func lte() Link {
	return Link{
		Delay: 50 * ms, Jitter: Jitter{Uniform, 15 * ms}, Loss: Bursts(1.0/100, 1.0/2),
		BitsPerSecond: 30 * megabit, QueueBytes: 100 * 1000,
	}
}

func throttledProfiles() []Profile {
	throttled := func(name string, down, up int, loss float64, delay, downJitter, upJitter time.Duration) Profile {
		link := func(rate int, spread time.Duration) Link {
			return Link{BitsPerSecond: rate, Loss: Random(loss), Delay: delay, Jitter: Jitter{Uniform, spread}}
		}
		const note = "they do not say how long the queue is: 250 ms"
		return Profile{Name: name, Source: loadero, Note: note, Down: link(down, downJitter), Up: link(up, upJitter)}
	}
	return []Profile{
		throttled("loadero-4g", 100*megabit, 50*megabit, 0.002, 45*ms, 5*ms, 15*ms),
		throttled("loadero-hsdpa", 20*megabit, 10*megabit, 0.005, 150*ms, 10*ms, 10*ms),
		throttled("loadero-3g", 1200*kilobit, 1200*kilobit, 0.005, 250*ms, 50*ms, 50*ms),
		throttled("loadero-gprs", 80*kilobit, 20*kilobit, 0.01, 650*ms, 100*ms, 100*ms),
		throttled("loadero-edge", 200*kilobit, 260*kilobit, 0.01, 650*ms, 100*ms, 100*ms),
		{
			Name: "devtools-slow4g", Source: lighthouse, Note: "150 ms is the round trip",
			Down: Link{BitsPerSecond: 1600 * kilobit, Delay: 75 * ms}, Up: Link{BitsPerSecond: 750 * kilobit, Delay: 75 * ms},
		},
		even("teams-edge", teams, "the line to pass, not a bad network; random loss, so that two lost of ten go beyond it",
			Link{Delay: 50 * ms, Jitter: Jitter{Uniform, 30 * ms}, Loss: Random(0.01), Reorder: 0.0005}),
	}
}

func changingProfiles() []Profile {
	sky := Link{Delay: 25 * ms, Jitter: Jitter{Uniform, 5 * ms}}
	lateSky := sky
	lateSky.Delay += 60 * ms
	handover := lateSky
	handover.Loss = Random(0.5)
	moving := even("starlink", starlink, "delay and the height of the spikes are assumed", sky)
	moving.Every = 15 * sec
	moving.Steps = []Step{{0, handover, handover}, {140 * ms, sky, sky}, {15*sec - 75*ms, lateSky, lateSky}}

	dsl := func(fair bool) Link {
		return Link{
			Delay: 10 * ms, BitsPerSecond: megabit, QueueBytes: 128 * 1000,
			Bulk: Bulk{On: 10 * sec, Off: 10 * sec, FairQueue: fair},
		}
	}
	wide := Link{Delay: 10 * ms, BitsPerSecond: 16 * megabit}
	wifi := Link{Delay: 5 * ms, Jitter: Jitter{Uniform, 2 * ms}, Loss: Bursts(1.0/200, 1.0/2), BitsPerSecond: 100 * megabit, QueueBytes: 200 * 1000}
	leaving := func(name, note string, overlap time.Duration) Profile {
		p := even(name, constructed, note, wifi)
		p.Switch = Switch{At: 20 * sec, Overlap: overlap, To: "lte"}
		return p
	}
	train := even("train", constructed, "the address stays", lte())
	train.Outages = Outages{
		MinGap: 20 * sec, MaxGap: 60 * sec, Min: 200 * ms, Median: 800 * ms, Max: 3 * sec, Sigma: 0.7,
		DelayStep: 50 * ms, // 100 ms of the round trip
	}
	return []Profile{
		moving,
		{Name: "dsl-bufferbloat", Source: gettys, Note: "1.02 s of queue, which an upload fills every other 10 s", Up: dsl(false), Down: wide},
		{Name: "dsl-fq-codel", Source: gettys, Note: "the same with fair queueing", Up: dsl(true), Down: wide},
		train,
		leaving("switch-wifi-lte", "make before break, as phones do", 2*sec),
		leaving("switch-wifi-lte-hard", "at once", 0),
		leaving("switch-wifi-lte-gap", "3 s without any network", -3*sec),
	}
}

func structuralProfiles() []Profile {
	structural := func(name, note string) Profile { return Profile{Name: name, Source: constructed, Note: note} }
	blocked := structural("udp-blocked", "TCP passes")
	blocked.Firewall = Firewall{NoUDP: true}
	web := structural("tls443-only", "nothing but TCP to port 443")
	web.Firewall = Firewall{NoUDP: true, TCPPorts: []uint16{443}}
	symmetric := structural("sym-nat", "mapping and filtering by address and port")
	symmetric.NAT = NAT{Mapping: PortDependent, Filtering: PortDependent}
	carrier := structural("cgnat-30s", "carrier-grade: mappings that send nothing are gone after 30 s")
	carrier.NAT = NAT{Mapping: Independent, Filtering: PortDependent, Timeout: 30 * sec}
	restricted := structural("port-restricted", "the NAT at most homes")
	restricted.NAT = NAT{Mapping: Independent, Filtering: PortDependent}
	tunnel := even("mtu-1280", constructed, "larger packets vanish without a word", Link{MTUBytes: 1280})
	oneWay := structural("one-way-audio", "from 10 s on nothing that the host sends arrives, but streams")
	oneWay.Steps = []Step{{At: 10 * sec, Up: Link{MTUBytes: 1}}} // no datagram fits; streams do not care about it
	return []Profile{blocked, web, symmetric, carrier, restricted, tunnel, oneWay}
}
