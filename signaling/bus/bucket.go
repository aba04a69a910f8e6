package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

const maxValueBytes = 256 << 10 // an account with 16 devices and their prekeys needs a tenth

var (
	// ErrExists: the key is taken.
	ErrExists = errors.New("bus: key exists")
	// ErrNotFound: there is no such key.
	ErrNotFound = errors.New("bus: key not found")
	// ErrConflict: somebody else has changed the value since it was read.
	ErrConflict = errors.New("bus: value has changed")
)

// Bucket is a set of keys with values. Keys are letters, digits and -_./=.
type Bucket struct {
	bus    *Bus
	kv     jetstream.KeyValue
	stream jetstream.Stream
	prefix string
}

// Bucket opens a bucket and creates it if need be.
func (b *Bus) Bucket(ctx context.Context, name string) (*Bucket, error) {
	name = bucketName(name)
	kv, err := b.js.KeyValue(ctx, name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = b.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket:       name,
			History:      1,
			MaxValueSize: maxValueBytes,
			Storage:      b.storage,
			Replicas:     b.replicas,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open a bucket: %w", cause(err))
	}
	stream, err := b.js.Stream(ctx, "KV_"+name)
	if err != nil {
		return nil, fmt.Errorf("open a bucket: %w", cause(err))
	}
	return &Bucket{bus: b, kv: kv, stream: stream, prefix: "$KV." + name + "."}, nil
}

// Create stores a value under a key that has none; otherwise ErrExists.
func (k *Bucket) Create(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	revision, err = k.kv.Create(ctx, key, value)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, ErrExists
	}
	return revision, cause(err)
}

// Get reads a value and the revision that Update wants; ErrNotFound if there is none.
func (k *Bucket) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	entry, err := k.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyDeleted) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, cause(err)
	}
	return entry.Value(), entry.Revision(), nil
}

// Update replaces a value that is still at revision; otherwise ErrConflict.
func (k *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (next uint64, err error) {
	next, err = k.kv.Update(ctx, key, value, revision)
	if isConflict(err) {
		return 0, ErrConflict
	}
	return next, cause(err)
}

func isConflict(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// Delete removes key and value without a trace: no marker stays behind that would still name the key.
func (k *Bucket) Delete(ctx context.Context, key string) error {
	return cause(k.stream.Purge(ctx, jetstream.WithPurgeSubject(k.prefix+key)))
}

// Keys lists all keys.
func (k *Bucket) Keys(ctx context.Context) ([]string, error) {
	lister, err := k.kv.ListKeys(ctx)
	if err != nil {
		return nil, cause(err)
	}
	var keys []string
	for key := range lister.Keys() {
		keys = append(keys, key)
	}
	return keys, cause(ctx.Err())
}
