package result

import (
	"cmp"
	"slices"
	"strings"
)

// Counts says what became of the calls.
type Counts struct {
	Placed    int             `json:"placed"`
	Answered  int             `json:"answered"`
	AsMeant   int             `json:"as_intended"`
	Failed    int             `json:"failed"` // not as intended
	Outcomes  map[Outcome]int `json:"outcomes"`
	Failures  map[Failure]int `json:"failures"`
	FailedIDs []string        `json:"failed_calls"` // the first hundred
}

const maxFailedIDs = 100

func (r *Run) count() {
	c := Counts{Outcomes: make(map[Outcome]int), Failures: make(map[Failure]int), FailedIDs: []string{}}
	for i := range r.Calls {
		call := &r.Calls[i]
		c.Placed++
		c.Outcomes[call.Outcome]++
		if call.Outcome == OutcomeAnswered {
			c.Answered++
		}
		if call.Met() {
			c.AsMeant++
			continue
		}
		c.Failed++
		why := call.Failure
		if why == "" {
			why = FailWrongOutcome
		}
		c.Failures[why]++
		if len(c.FailedIDs) < maxFailedIDs {
			c.FailedIDs = append(c.FailedIDs, call.ID)
		}
	}
	r.Counts = c
}

// ProfileResult is what the directions that crossed one pair of links were like.
type ProfileResult struct {
	Profile    string       `json:"profile"` // of the two sides, once if they are the same
	Directions int          `json:"directions"`
	MOS        Distribution `json:"mos_cqef"`
	R          Distribution `json:"r"`
	Frames     Frames       `json:"frames"`
	Budget     Budget       `json:"r_lost_mean"`
}

// ProfileName is how a pair of links is shown.
func (s Sides) ProfileName() string {
	if s.Caller == s.Callee {
		return s.Caller
	}
	pair := []string{s.Caller, s.Callee}
	slices.Sort(pair)
	return strings.Join(pair, "+")
}

func (r *Run) byProfile() {
	type sum struct {
		mos, r []float64
		frames Frames
		budget Budget
	}
	sums := make(map[string]*sum)
	for i := range r.Calls {
		c := &r.Calls[i]
		for j := range c.Directions {
			d := &c.Directions[j]
			if d.Frames.Due == 0 {
				continue
			}
			name := c.Profiles.ProfileName()
			if sums[name] == nil {
				sums[name] = &sum{}
			}
			s := sums[name]
			s.mos, s.r = append(s.mos, d.MOS), append(s.r, d.R)
			s.frames.Add(d.Frames)
			s.budget.Add(d.Budget)
		}
	}
	r.Profiles = []ProfileResult{}
	for name, s := range sums {
		n := len(s.mos)
		r.Profiles = append(r.Profiles, ProfileResult{
			Profile: name, Directions: n, MOS: Of(UnitMOS, s.mos...), R: Of(UnitR, s.r...), Frames: s.frames, Budget: s.budget.Scale(1 / float64(n)).tidy(),
		})
	}
	slices.SortFunc(r.Profiles, func(a, b ProfileResult) int { return cmp.Compare(a.Profile, b.Profile) })
}

func (b Budget) tidy() Budget {
	return Budget{tidy(b.Codec), tidy(b.Network), tidy(b.Late), tidy(b.Relay), tidy(b.Generator), tidy(b.Delay)}
}
