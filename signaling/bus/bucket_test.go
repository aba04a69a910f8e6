package bus_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
)

func TestTheFirstToCreateAKeyHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		_, _, err := k.Get(within(t, patience), "key")
		wantError(t, "a key that nobody created", err, bus.ErrNotFound)
		revision := create(t, k, "key", "first")
		_, err = k.Create(within(t, patience), "key", []byte("second"))
		wantError(t, "a key that is taken", err, bus.ErrExists)
		if got := wantValue(t, k, "key", "first"); got != revision {
			t.Errorf("read at revision %d, created at %d", got, revision)
		}
	})
}

func TestOneOfManyWhoCreateAtOnceWins(t *testing.T) {
	// covers N11
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		var wg sync.WaitGroup
		var won atomic.Int32
		for i := range 20 {
			wg.Go(func() {
				_, err := k.Create(within(t, patience), "key", []byte{byte(i)})
				if err == nil {
					won.Add(1)
				} else {
					wantError(t, "a loser", err, bus.ErrExists)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d have created one key", won.Load())
		}
	})
}

func TestAnUpdateWantsTheRevisionThatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		ctx := within(t, patience)
		first := create(t, k, "key", "one")
		second, err := k.Update(ctx, "key", []byte("two"), first)
		if err != nil || second == first {
			t.Fatalf("update: revision %d after %d, %v", second, first, err)
		}
		_, err = k.Update(ctx, "key", []byte("three"), first)
		wantError(t, "an update of what has changed", err, bus.ErrConflict)
		_, err = k.Update(ctx, "key", []byte("three"), second+7)
		wantError(t, "an update of what is not yet", err, bus.ErrConflict)
		_, err = k.Update(ctx, "other", []byte("three"), second)
		wantError(t, "an update of what does not exist", err, bus.ErrConflict)
		if got := wantValue(t, k, "key", "two"); got != second {
			t.Errorf("read at revision %d, updated at %d", got, second)
		}
	})
}

func TestUpdatesAreNotLostWhenManyCount(t *testing.T) {
	// covers N11
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		create(t, k, "count", "\x00")
		const writers, each = 5, 6
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for done := 0; done < each; {
					value, revision, err := k.Get(within(t, patience), "count")
					if err != nil {
						t.Errorf("get: %v", err)
						return
					}
					if _, err = k.Update(within(t, patience), "count", []byte{value[0] + 1}, revision); err == nil {
						done++
					} else if err != bus.ErrConflict {
						t.Errorf("update: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		wantValue(t, k, "count", string([]byte{writers * each}))
	})
}

func TestWhatIsDeletedLeavesNoTrace(t *testing.T) {
	// covers P1
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		ctx := within(t, patience)
		create(t, k, "alice", "1")
		create(t, k, "bob", "2")
		if err := k.Delete(ctx, "alice"); err != nil {
			t.Fatalf("delete: %v", err)
		}
		_, _, err := k.Get(ctx, "alice")
		wantError(t, "what was deleted", err, bus.ErrNotFound)
		if keys, err := k.Keys(ctx); err != nil || !slices.Equal(keys, []string{"bob"}) {
			t.Errorf("keys %v, %v", keys, err)
		}
		if err := k.Delete(ctx, "alice"); err != nil {
			t.Errorf("delete twice: %v", err)
		}
		create(t, k, "alice", "again")
		wantValue(t, k, "alice", "again")
		wantValue(t, k, "bob", "2")
	})
}

func TestKeysAreAllThereAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		k := bucket(t, b)
		if keys, err := k.Keys(within(t, patience)); err != nil || len(keys) != 0 {
			t.Errorf("an empty bucket has the keys %v, %v", keys, err)
		}
		var want []string
		for i := range 300 {
			want = append(want, fmt.Sprintf("key-%03d", i))
			create(t, k, want[i], "v")
		}
		keys, err := k.Keys(within(t, patience))
		slices.Sort(keys)
		if err != nil || !slices.Equal(keys, want) {
			t.Errorf("%d keys of %d, %v", len(keys), len(want), err)
		}
		other, err := b.Bucket(within(t, patience), "others")
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := other.Keys(within(t, patience)); err != nil || len(keys) != 0 {
			t.Errorf("another bucket has the keys %v, %v", keys, err)
		}
	})
}

func TestAValueHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := bucket(t, bustest.Open(t))
		create(t, k, "large", string(make([]byte, 250<<10)))
		if _, err := k.Create(within(t, patience), "too-large", make([]byte, 257<<10)); err == nil {
			t.Error("257 KiB were stored")
		}
		if _, err := k.Create(within(t, patience), "bad key", nil); err == nil {
			t.Error("a key with a space was taken")
		}
		wantValue(t, k, "large", string(make([]byte, 250<<10)))
	})
}
