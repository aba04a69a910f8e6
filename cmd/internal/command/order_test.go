package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestFlagsMayComeLast(t *testing.T) {
	app := &cli.App{
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json"}, &cli.StringFlag{Name: "profile", Aliases: []string{"p"}}},
		Commands: []*cli.Command{
			{Name: "call", Flags: []cli.Flag{&cli.DurationFlag{Name: "for"}, &cli.StringFlag{Name: "play"}}},
			{Name: "contact", Subcommands: []*cli.Command{{Name: "add", Flags: []cli.Flag{&cli.BoolFlag{Name: "force"}}}}},
		},
	}
	for _, test := range []struct{ in, want string }{
		{"x", "x"},
		{"x call LINK", "x call LINK"},
		{"x call LINK --for 12s --play a.wav", "x call --for 12s --play a.wav LINK"},
		{"x call LINK --for=12s --json -p bob", "x --json -p bob call --for=12s LINK"},
		{"x --profile bob contact add Bob LINK --force", "x --profile bob contact add --force Bob LINK"},
		{"x call --unknown LINK", "x call --unknown LINK"},
		{"x call -- --for 12s", "x call -- --for 12s"},
		{"x call LINK --for", "x call --for LINK"},
		{"x call call", "x call call"},
		{"x nonsense call", "x nonsense call"},
		{"x call -", "x call -"},
	} {
		if got := strings.Join(Order(app, strings.Fields(test.in)), " "); got != test.want {
			t.Errorf("%q became %q, want %q", test.in, got, test.want)
		}
	}
	if got := Order(app, nil); !slices.Equal(got, nil) {
		t.Errorf("nothing became %q", got)
	}
}
