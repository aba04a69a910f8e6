package virtual

import (
	"encoding/json"
	"io"
	"os"
	"testing"
	"testing/synctest"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
)

// childVariable is set in the environment of processes that carry out calls.
const childVariable = "CALLSIM_VIRTUAL_CHILD"

// setting is the first thing that a child reads; after it come the numbers of calls, one by one.
type setting struct {
	Scenario string   `json:"scenario"` // locked
	Voice    [][]byte `json:"voice"`
}

// answer is what a child writes for each call.
type answer struct {
	Number int            `json:"number"`
	Call   result.Call    `json:"call"`
	Events []result.Event `json:"events"`
	Broken bool           `json:"broken"` // the simulator's own test failed
}

// Child does the work of a child and ends the program, if this process is one. Every program that calls [Run] calls it first,
// before it looks at its arguments.
func Child() {
	if os.Getenv(childVariable) == "" {
		return
	}
	out := os.Stdout
	os.Stdout = os.Stderr // package testing has things to say
	os.Args = os.Args[:1]
	// testing.T is what a bubble needs, and only testing.Main makes one outside go test.
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Calls", F: func(t *testing.T) { serve(t, os.Stdin, out) }}}, nil, nil)
}

// serve carries out calls until there are no more.
func serve(t *testing.T, in io.Reader, out io.Writer) {
	questions, answers := json.NewDecoder(in), json.NewEncoder(out)
	var s setting
	must(t, questions.Decode(&s))
	all, err := scenario.Parse([]byte(s.Scenario), ".")
	must(t, err)
	plan := all.Plan()
	for {
		var number int
		if questions.Decode(&number) != nil {
			return
		}
		a := answer{Number: number}
		ok := t.Run("Call", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { a.Call, a.Events = place(t, all, &plan.Calls[number-1], s.Voice) })
		})
		a.Broken = !ok
		must(t, answers.Encode(&a))
	}
}
