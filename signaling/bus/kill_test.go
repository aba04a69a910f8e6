package bus_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/bus"
)

// writerDir makes this test binary the process that will be killed.
const writerDir = "TACITURN_TEST_WRITER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// writeUntilKilled says on standard output what the store has acknowledged.
func writeUntilKilled(dir string) {
	b, err := bus.Open(bus.Config{Dir: dir, Log: quiet})
	if err != nil {
		os.Exit(1)
	}
	ctx := context.Background()
	k, err := b.Bucket(ctx, "things")
	if err != nil {
		os.Exit(1)
	}
	for i := 0; ; i++ {
		key := "key-" + strings.Repeat("x", i%40+1)
		value, revision, err := k.Get(ctx, key)
		if err == nil {
			_, err = k.Update(ctx, key, append(value, 'u'), revision)
		} else {
			_, err = k.Create(ctx, key, []byte("c"))
		}
		if err != nil {
			os.Exit(1)
		}
		if _, err := os.Stdout.WriteString(key + "\n"); err != nil {
			os.Exit(1)
		}
	}
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	// covers N4
	dir := t.TempDir()
	written := make(map[string]int)
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), writerDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for said := 0; said < 30+17*round && lines.Scan(); said++ {
			written[lines.Text()]++
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // acknowledged between our last look and its death
			written[lines.Text()]++
		}
		_ = child.Wait()  // killed
		if round%2 == 1 { // and a record was half written
			block := blockOf(t, dir)
			text, err := os.ReadFile(block)
			if err != nil {
				t.Fatal(err)
			}
			if err := lengthen(block, text[:100]); err != nil {
				t.Fatal(err)
			}
		}
		b := openDir(t, dir)
		k := bucket(t, b)
		for key, times := range written {
			value, _, err := k.Get(within(t, patience), key)
			// One more may have been stored and not told.
			if err != nil || len(value) < times || len(value) > times+1 {
				t.Errorf("round %d: a key was written %d times and holds %d, %v", round, times, len(value), err)
			}
			written[key] = len(value)
		}
		shut(t, b)
	}
	if len(written) < 20 {
		t.Errorf("only %d keys were written: the writer does not run", len(written))
	}
}
