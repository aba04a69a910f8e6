package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitMissed = 3
)

// init keeps main on the main thread: processes die with the thread that started them.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		if err := childMain(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitFailed)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line.
type options struct {
	plan
	json, check, quiet bool
}

var errUsage = errors.New("usage")

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("turnbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	var (
		quick  = f.Bool("quick", false, "about a minute: fewer rounds, loads and sizes")
		relays = f.String("relays", "ours,raw,coturn,pion5,pion3", "what to measure")
		stages = f.String("stages", "full,voice,setup,memory,cores", "what of it")
		loads  = f.String("loads", "200,600,1000,2000", "calls, for stage voice")
		sizes  = f.String("allocations", "1000,10000,100000", "for stage memory")
	)
	f.IntVar(&o.rounds, "rounds", 5, "rounds in which relays take turns")
	f.DurationVar(&o.full, "full", 2*time.Second, "time for each relay in each round of stage full")
	f.DurationVar(&o.voice, "voice", 3*time.Second, "time for each load, relay and round of stage voice")
	f.IntVar(&o.flows, "flows", 1000, "calls, for stages full and cores")
	f.IntVar(&o.setup, "setup", 10_000, "allocations, for stage setup")
	f.StringVar(&o.profile, "cpuprofile", "", "write a profile of our relay, of stages full and voice, to this file")
	f.IntVar(&o.nice, "nice", 0, "niceness of relays and generator; below 0 it may keep other programs off their cores, and needs root")
	f.DurationVar(&o.patience, "patience", 2*time.Minute, "time for measuring again what other programs disturbed")
	f.BoolVar(&o.json, "json", false, "print JSON with every sample")
	f.BoolVar(&o.check, "check", false, "exit with 3 when a figure is missed")
	f.BoolVar(&o.quiet, "quiet", false, "do not say what is being measured")
	if err := f.Parse(args); err != nil {
		return o, errUsage
	}
	if *quick {
		given := make(map[string]bool)
		f.Visit(func(x *flag.Flag) { given[x.Name] = true })
		for name, set := range map[string]func(){
			"rounds":      func() { o.rounds = 2 },
			"full":        func() { o.full = time.Second },
			"voice":       func() { o.voice = time.Second },
			"patience":    func() { o.patience = 15 * time.Second },
			"loads":       func() { *loads = "200,2000" },
			"setup":       func() { o.setup = 4000 },
			"allocations": func() { *sizes = "1000,10000" },
		} {
			if !given[name] {
				set()
			}
		}
	}
	return o, o.complete(f, *relays, *stages, *loads, *sizes)
}

// complete checks what flag cannot.
func (o *options) complete(f *flag.FlagSet, relays, stages, loads, sizes string) (err error) {
	usage := func(text string) error {
		fmt.Fprintf(f.Output(), "turnbench: error: %s\n", text)
		return errUsage
	}
	if f.NArg() != 0 {
		return usage("it takes flags only")
	}
	for name := range strings.SplitSeq(relays, ",") {
		if !slices.Contains(kinds, kind(name)) || slices.Contains(o.relays, kind(name)) {
			return usage("-relays are some of ours, raw, coturn, pion5, pion3")
		}
		o.relays = append(o.relays, kind(name))
	}
	known := []string{"full", "voice", "setup", "memory", "cores"}
	wanted := strings.Split(stages, ",")
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return usage("-stages are some of " + strings.Join(known, ", "))
		}
	}
	if o.loads, err = counts(loads); err != nil {
		return usage("-loads: " + err.Error())
	}
	if o.memory, err = counts(sizes); err != nil {
		return usage("-allocations: " + err.Error())
	}
	if o.rounds < 1 || o.full <= 0 || o.voice <= 0 || o.flows < 2 || o.setup < 2 || slices.Max(o.loads) > maxCalls || o.flows > maxCalls ||
		o.setup > maxAllocations || slices.Max(o.memory) > maxAllocations {
		return usage("a number is out of range")
	}
	o.cores = slices.Contains(wanted, "cores")
	o.cores = o.cores && slices.Contains(o.relays, kindOurs)
	if !slices.Contains(wanted, "voice") {
		o.loads = nil
	}
	if !slices.Contains(wanted, "setup") {
		o.setup = 0
	}
	if !slices.Contains(wanted, "memory") {
		o.memory = nil
	}
	if !slices.Contains(wanted, "full") {
		if o.cores {
			return usage("stage cores needs stage full")
		}
		o.full = 0
	}
	return nil
}

const (
	maxCalls       = 20_000
	maxAllocations = 1_000_000
)

func counts(list string) (ns []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 {
			return nil, errors.New("numbers from 2 on, with commas")
		}
		ns = append(ns, n)
	}
	return ns, nil
}

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return exitUsage
	}
	progress := stderr
	if o.quiet {
		progress = io.Discard
	}
	debug.SetGCPercent(-1) // collected between measurements
	debug.SetMemoryLimit(2 << 30)
	b, err := newBench(o.plan, progress)
	if err != nil {
		return fail(stderr, err)
	}
	if err := b.run(ctx); err != nil {
		return fail(stderr, err)
	}
	r := &report{Machine: b.machine, Rounds: o.rounds, Results: b.results}
	r.judge()
	if o.json {
		if err := r.writeJSON(stdout); err != nil {
			return fail(stderr, err)
		}
	} else {
		m := b.machine
		fmt.Fprintf(stdout, "relay to relay on loopback, ChannelData with %d bytes; %s, %d cores, Linux %s, %s, load before %.1f\n\n", payloadBytes, m.CPU, m.Cores, m.Kernel, m.Go, m.Load)
		r.writeText(stdout)
	}
	for _, x := range b.results {
		if x.Why != "" {
			fmt.Fprintf(stderr, "turnbench: hint: %s was not measured: %s\n", x.Relay, x.Why)
		}
	}
	switch {
	case len(b.measured()) == 0:
		return exitFailed
	case o.check && r.missed():
		return exitMissed
	}
	return exitOK
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "turnbench: error: %s\n", strings.TrimPrefix(err.Error(), "turnbench: "))
	return exitFailed
}
