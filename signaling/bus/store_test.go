package bus_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
)

// filled is a closed store with some keys, of which one was updated and one deleted.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	b := openDir(t, dir)
	defer shut(t, b)
	k := bucket(t, b)
	for i := range 6 {
		create(t, k, fmt.Sprintf("key-%d", i), strings.Repeat("value ", 40))
	}
	if _, err := k.Update(within(t, patience), "key-1", []byte("updated"), wantValue(t, k, "key-1", strings.Repeat("value ", 40))); err != nil {
		t.Fatal(err)
	}
	if err := k.Delete(within(t, patience), "key-2"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func wantFilled(t *testing.T, b *bus.Bus) {
	t.Helper()
	k := bucket(t, b)
	keys, err := k.Keys(within(t, patience))
	slices.Sort(keys)
	if want := []string{"key-0", "key-1", "key-3", "key-4", "key-5"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("keys %v, %v; want %v", keys, err, want)
	}
	wantValue(t, k, "key-0", strings.Repeat("value ", 40))
	wantValue(t, k, "key-1", "updated")
	_, _, err = k.Get(within(t, patience), "key-2")
	wantError(t, "what was deleted", err, bus.ErrNotFound)
}

func TestADirectoryKeepsWhatWasStored(t *testing.T) {
	dir := filled(t)
	for range 3 { // reading must not change it
		b := openDir(t, dir)
		wantFilled(t, b)
		shut(t, b)
	}
	b := openDir(t, dir)
	defer shut(t, b)
	k := bucket(t, b)
	if _, err := k.Create(within(t, patience), "key-0", nil); err != bus.ErrExists {
		t.Errorf("a key that another process created: %v", err)
	}
	if _, err := k.Update(within(t, patience), "key-1", []byte("again"), wantValue(t, k, "key-1", "updated")); err != nil {
		t.Errorf("update at a revision from before: %v", err)
	}
}

func TestMemoryKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := bustest.Open(t)
		create(t, bucket(t, first), "key", "value")
		_, _, err := bucket(t, bustest.Open(t)).Get(within(t, patience), "key")
		wantError(t, "a key of another bus in memory", err, bus.ErrNotFound)
	})
}

func TestTheStoreIsForItsOwnerOnly(t *testing.T) {
	dir := filled(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may use %s: %v", d.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestASecondBusOnOneDirectoryIsRefused(t *testing.T) {
	// covers N7
	dir := filled(t)
	b := openDir(t, dir)
	_, err := bus.Open(bus.Config{Dir: dir, Log: quiet})
	wantError(t, "a directory in use", err, bus.ErrLocked)
	wantFilled(t, b)
	shut(t, b)
	again := openDir(t, dir)
	wantFilled(t, again)
	shut(t, again)
}

// wantRefused opens what cannot be opened: it must say so soon, without the name of any file.
func wantRefused(t *testing.T, what, dir string, want error) {
	t.Helper()
	start := time.Now()
	b, err := bus.Open(bus.Config{Dir: dir, Log: quiet})
	if err == nil {
		t.Errorf("%s: opened", what)
		shut(t, b)
		return
	}
	if want != nil {
		wantError(t, what, err, want)
	}
	if strings.Contains(err.Error(), filepath.Base(dir)) || strings.ContainsAny(err.Error(), "/\n") {
		t.Errorf("%s: the error names a file, or is several: %v", what, err)
	}
	if time.Since(start) > patience {
		t.Errorf("%s: it took %v to say so", what, time.Since(start))
	}
}

// blockOf is the file with the records.
func blockOf(t *testing.T, dir string) string {
	t.Helper()
	blocks, err := fs.Glob(os.DirFS(dir), "jetstream/*/streams/*/msgs/*.blk")
	if err != nil || len(blocks) != 1 {
		t.Fatalf("%d blocks, %v: NATS keeps its store elsewhere now, and nothing is verified", len(blocks), err)
	}
	return filepath.Join(dir, blocks[0])
}

func TestAFlippedBitAnywhereInARecordIsDamage(t *testing.T) {
	// covers N7
	dir := filled(t)
	block := blockOf(t, dir)
	good, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		bad := slices.Clone(good)
		bad[at] ^= 1 << (at % 8)
		if err := os.WriteFile(block, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, fmt.Sprintf("byte %d of %d", at, len(good)), dir, bus.ErrDamaged)
	}
	if err := os.WriteFile(block, good, 0o600); err != nil {
		t.Fatal(err)
	}
	b := openDir(t, dir)
	wantFilled(t, b) // refusing has changed nothing
	shut(t, b)
}

func TestAStoreOfWhichAPartIsMissingIsDamaged(t *testing.T) {
	// covers N7
	for what, spoil := range map[string]func(block string) error{
		"half a record":        func(block string) error { return shorten(block, 20) },
		"half the block":       func(block string) error { return shorten(block, 700) },
		"an empty block":       func(block string) error { return os.Truncate(block, 0) },
		"no block":             os.Remove,
		"no description":       func(block string) error { return os.Remove(beside(block, "meta.inf")) },
		"no sum":               func(block string) error { return os.Remove(beside(block, "meta.sum")) },
		"half a description":   func(block string) error { return shorten(beside(block, "meta.inf"), 50) },
		"an empty index":       func(block string) error { return os.Truncate(filepath.Join(filepath.Dir(block), "index.db"), 0) },
		"half an index":        func(block string) error { return shorten(filepath.Join(filepath.Dir(block), "index.db"), 30) },
		"junk after the end":   func(block string) error { return lengthen(block, append([]byte{35}, make([]byte, 40)...)) },
		"a longer description": func(block string) error { return lengthen(beside(block, "meta.inf"), []byte("}")) },
	} {
		dir := filled(t)
		if err := spoil(blockOf(t, dir)); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, what, dir, bus.ErrDamaged)
		wantRefused(t, what+", at the next start", dir, bus.ErrDamaged)
	}
}

func beside(block, name string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(block)), name)
}

func shorten(name string, by int64) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return os.Truncate(name, info.Size()-by)
}

func lengthen(name string, by []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(by)
	return join(err, f.Close())
}

func join(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A block of several that disappears, while the last one is whole: only NATS knows that it was there.
func TestAStoreWithAGapIsDamaged(t *testing.T) {
	// covers N7
	dir := t.TempDir()
	b := openDir(t, dir)
	k := bucket(t, b)
	for i := range 40 {
		create(t, k, fmt.Sprintf("key-%d", i), strings.Repeat("large", 50_000))
	}
	shut(t, b)
	blocks, err := fs.Glob(os.DirFS(dir), "jetstream/*/streams/*/msgs/*.blk")
	if err != nil || len(blocks) < 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	if err := os.Remove(filepath.Join(dir, blocks[1])); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "no second block", dir, bus.ErrDamaged)
	wantRefused(t, "no second block, at the next start", dir, bus.ErrDamaged)
}

// What a power cut leaves of a record whose writer was never told that it is stored.
func TestATornLastRecordIsForgotten(t *testing.T) {
	// covers N4
	for what, tail := range map[string][]byte{
		"a head and a bit": {200, 1, 0, 0x80, 9, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 4, 0, '$', 'K', 'V', '.', 1, 2, 3, 4, 5, 6, 7, 8},
		"less than a head": {200, 1, 0},
		"nothing yet":      make([]byte, 500),
	} {
		dir := filled(t)
		if err := lengthen(blockOf(t, dir), tail); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			b := openDir(t, dir)
			wantFilled(t, b)
			shut(t, b)
		}
		if t.Failed() {
			t.Fatalf("after %s", what)
		}
	}
}

func TestAStoreWithoutItsIndexIsRead(t *testing.T) {
	dir := filled(t)
	if err := os.Remove(filepath.Join(filepath.Dir(blockOf(t, dir)), "index.db")); err != nil {
		t.Fatal(err)
	}
	b := openDir(t, dir)
	wantFilled(t, b)
	shut(t, b)
}

func TestAPlaceThatCannotHoldAStoreIsRefusedAtOnce(t *testing.T) {
	// covers N7
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "a file", file, nil)
	wantRefused(t, "below a file", filepath.Join(file, "below"), nil)

	inTheWay := t.TempDir()
	if err := os.WriteFile(filepath.Join(inTheWay, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "a file where the store should be", inTheWay, nil)

	lockInTheWay := t.TempDir()
	if err := os.Mkdir(filepath.Join(lockInTheWay, "lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "a directory where the lock should be", lockInTheWay, nil)
	if os.Getuid() == 0 {
		return // who may write everywhere
	}
	readOnly := t.TempDir()
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "a directory that may only be read", readOnly, nil)
}
