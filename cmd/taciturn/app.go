package main

import (
	"io"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// newApp is the command table.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	play := &cli.StringFlag{Name: "play", Usage: "speak `FILE` (WAV or Ogg-Opus), or \"mic\", \"tone\", \"silence\"", DefaultText: "the microphone, silence where there is none"}
	record := &cli.PathFlag{Name: "record", Usage: "write what the other side says to `FILE` (.wav or .opus) instead of the speaker; further calls of one listen are numbered"}
	limit := &cli.DurationFlag{Name: "for", DefaultText: "until the other side does", Usage: "hang up after `DURATION` of talking, like 12s"}
	profile := func(run func(*cli.Context, session) error) cli.ActionFunc {
		return func(c *cli.Context) error {
			s, err := sessionFrom(c, stdin, stdout, stderr)
			if err != nil {
				return err
			}
			return run(c, s)
		}
	}
	return command.Prepare(&cli.App{
		Name:      "taciturn",
		Usage:     "calls nobody else can hear",
		UsageText: "taciturn [--profile NAME] COMMAND [flags]",
		Description: `The first call, on this machine with taciturnd running:

   taciturn --profile bob init --server http://127.0.0.1:8080
   taciturn --profile bob listen
   taciturn --profile alice init --server http://127.0.0.1:8080
   taciturn --profile alice call LINK

LINK is what bob's init printed. It exits with 0 if the call took place, 1 if not, 2 if the command line is wrong.`,
		Reader:    stdin,
		Writer:    stdout,
		ErrWriter: stderr,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "profile", Value: "default", EnvVars: []string{"TACITURN_PROFILE"}, Usage: "`NAME` of the identity to use"},
			&cli.PathFlag{Name: "home", EnvVars: []string{"TACITURN_HOME"}, DefaultText: "taciturn in the user's configuration directory", Usage: "`DIRECTORY` that holds the profiles"},
			&cli.PathFlag{Name: "passphrase-file", EnvVars: []string{"TACITURN_PASSPHRASE_FILE"}, Usage: "`FILE` with the passphrase of the profile's keys"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a line instead of text"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return command.Unknown("taciturn", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			{
				Name:  "init",
				Usage: "make an identity and register it with a server",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "server", Usage: "base `URL` of the server, like https://calls.example.org or http://127.0.0.1:8080"},
				},
				Action: profile(initCommand),
			},
			{
				Name:  "id",
				Usage: "show who this profile is",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "link", Usage: "print the contact link alone: whoever has it may call"},
					&cli.BoolFlag{Name: "qr", Usage: "draw the contact link as a QR code"},
				},
				Action: profile(idCommand),
			},
			{
				Name:  "contact",
				Usage: "the people this profile knows",
				Subcommands: []*cli.Command{
					{Name: "add", Usage: "keep LINK under NAME", ArgsUsage: "NAME LINK", Action: profile(contactAddCommand)},
					{Name: "list", Usage: "list the contacts with their trust", Action: profile(contactListCommand)},
					{Name: "remove", Usage: "forget NAME", ArgsUsage: "NAME", Action: profile(contactRemoveCommand)},
					{
						Name: "verify", Usage: "show the safety number to compare with NAME", ArgsUsage: "NAME", Action: profile(contactVerifyCommand),
						Flags: []cli.Flag{&cli.BoolFlag{Name: "matches", Usage: "the other side sees the same number: NAME is verified from now on"}},
					},
					{Name: "block", Usage: "let nothing of NAME ring or be answered", ArgsUsage: "NAME", Action: profile(contactBlockCommand)},
					{Name: "unblock", Usage: "end that", ArgsUsage: "NAME", Action: profile(contactUnblockCommand)},
				},
			},
			{
				Name:  "listen",
				Usage: "be online and take calls",
				Flags: []cli.Flag{
					play, record, limit,
					&cli.BoolFlag{Name: "answer", Usage: "accept every call without asking"},
					&cli.BoolFlag{Name: "once", Usage: "stop after the first call"},
					&cli.StringFlag{Name: "ring-visible", Value: "contacts", Usage: "`WHO` may learn that this phone is online by ringing it: contacts, everyone or nobody"},
				},
				Action: profile(listenCommand),
			},
			{
				Name:      "call",
				Usage:     "call a contact or a link",
				ArgsUsage: "NAME|LINK",
				Flags: []cli.Flag{
					play, record, limit,
					&cli.DurationFlag{Name: "patience", Value: time.Minute, Usage: "give up ringing after `DURATION`"},
				},
				Action: profile(callCommand),
			},
		},
	})
}
