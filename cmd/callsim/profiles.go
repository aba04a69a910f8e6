package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// profilesCommand says what networks there are.
func profilesCommand(stdout io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "profiles",
		Usage: "the networks that calls can be placed over",
		Subcommands: []*cli.Command{
			{
				Name:  "list",
				Usage: "their names",
				Action: func(*cli.Context) error {
					for _, p := range netsim.Profiles() {
						if _, err := fmt.Fprintln(stdout, p.Name); err != nil {
							return err
						}
					}
					return nil
				},
			},
			{
				Name:      "show",
				Usage:     "their parameters, and where these are from",
				ArgsUsage: "[NAME...]",
				Flags:     []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
				Action:    func(c *cli.Context) error { return showProfiles(c.Args().Slice(), c.Bool("json"), stdout) },
			},
		},
	}
}

func showProfiles(names []string, asJSON bool, stdout io.Writer) error {
	all := netsim.Profiles()
	if len(names) > 0 {
		all = nil
		for _, name := range names {
			p, ok := netsim.ByName(name)
			if !ok {
				return command.Usagef("callsim profiles list has them all", "there is no profile %q", name)
			}
			all = append(all, p)
		}
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tDIRECTION\tDELAY\tLOSS\tRATE, QUEUE\tALSO\tSOURCE")
	for _, p := range all {
		for i, row := range profileRows(p) {
			name, source := p.Name, p.Source
			if p.Note != "" {
				source += " (" + p.Note + ")"
			}
			if i > 0 {
				name, source = "", ""
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", name, strings.Join(row, "\t"), source)
		}
	}
	return w.Flush()
}

// profileRows are direction, delay, loss, rate and what else there is: of each link that a profile has.
func profileRows(p netsim.Profile) (rows [][]string) {
	also := profileExtras(p)
	add := func(when string, up, down netsim.Link) {
		if up == down {
			rows = append(rows, linkRow(when+"both", up, also))
		} else {
			rows = append(rows, linkRow(when+"up", up, also), linkRow(when+"down", down, ""))
		}
		also = ""
	}
	if len(p.Steps) == 0 || p.Steps[0].At > 0 {
		add("", p.Up, p.Down)
	}
	for _, s := range p.Steps {
		add(fmt.Sprintf("from %v: ", s.At), s.Up, s.Down)
	}
	return rows
}

func linkRow(direction string, l netsim.Link, also string) []string {
	delay, loss, rate := "0", "none", "any"
	if l.Delay > 0 || l.Jitter.Spread > 0 {
		shape := map[netsim.Shape]string{netsim.Uniform: "uniform", netsim.Normal: "normal", netsim.Pareto: "Pareto"}[l.Jitter.Shape]
		delay = fmt.Sprintf("%v", l.Delay)
		if l.Jitter.Spread > 0 {
			delay += fmt.Sprintf(" ± %v %s", l.Jitter.Spread, shape)
		}
	}
	switch {
	case l.Loss.Enter > 0:
		loss = fmt.Sprintf("%.3g %%, bursts of %.3g (p %.3g, r %.3g)", 100*l.Loss.Mean(), 1/l.Loss.Leave, l.Loss.Enter, l.Loss.Leave)
	case l.Loss.Good > 0:
		loss = fmt.Sprintf("%.3g %%", 100*l.Loss.Good)
	}
	if l.BitsPerSecond > 0 {
		rate = fmt.Sprintf("%g kbit/s", float64(l.BitsPerSecond)/1000)
		switch {
		case l.QueueBytes > 0:
			rate += fmt.Sprintf(", %d B", l.QueueBytes)
		case l.QueuePackets > 0:
			rate += fmt.Sprintf(", %d packets", l.QueuePackets)
		}
	}
	extras := []string{also}
	if l.Reorder > 0 {
		extras = append(extras, fmt.Sprintf("reorders %.3g %%", 100*l.Reorder))
	}
	if l.Duplicate > 0 {
		extras = append(extras, fmt.Sprintf("duplicates %.3g %%", 100*l.Duplicate))
	}
	if l.MTUBytes > 0 {
		extras = append(extras, fmt.Sprintf("MTU %d", l.MTUBytes))
	}
	if l.Bulk.On > 0 {
		extras = append(extras, fmt.Sprintf("bulk TCP %v on, %v off", l.Bulk.On, l.Bulk.Off))
	}
	return []string{direction, delay, loss, rate, strings.Trim(strings.Join(extras, ", "), ", ")}
}

func profileExtras(p netsim.Profile) string {
	var extras []string
	if p.Every > 0 {
		extras = append(extras, fmt.Sprintf("again every %v", p.Every))
	}
	if o := p.Outages; o.Median > 0 {
		extras = append(extras, fmt.Sprintf("outages of %v to %v, median %v, every %v to %v", o.Min, o.Max, o.Median, o.MinGap, o.MaxGap))
	}
	if n := p.NAT; n != (netsim.NAT{}) {
		depends := map[netsim.Dependence]string{0: "endpoint", netsim.Independent: "endpoint", netsim.AddressDependent: "address", netsim.PortDependent: "address and port"}
		text := fmt.Sprintf("NAT: mapping by %s, filtering by %s", depends[n.Mapping], depends[n.Filtering])
		if n.Timeout > 0 {
			text += fmt.Sprintf(", %v", n.Timeout)
		}
		extras = append(extras, text)
	}
	if p.Firewall.NoUDP {
		extras = append(extras, "no UDP")
	}
	if len(p.Firewall.TCPPorts) > 0 {
		extras = append(extras, fmt.Sprintf("TCP to %v only", p.Firewall.TCPPorts))
	}
	if s := p.Switch; s.To != "" {
		how := "at once"
		if s.Overlap != 0 {
			how = "overlap " + s.Overlap.String()
		}
		extras = append(extras, fmt.Sprintf("at %v to %s, %s", s.At, s.To, how))
	}
	return strings.Join(extras, ", ")
}
