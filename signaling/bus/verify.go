package bus

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
)

// NATS trusts its index and reads old messages only when somebody asks for them: a flipped bit would be found years later,
// by dropping all messages behind it, or never, by looping over a length that leads nowhere. It also repairs what it finds
// damaged, so that the second start would not know what the first has lost. So every record is checked before NATS sees
// the store, and what NATS finds all the same is remembered in the file "damaged".
//
// A block (server/filestore.go of the pinned version; little-endian) is a sequence of records:
//
//	length u32, its highest bit set when there is a header | sequence u64 | time i64 | subject length u16 |
//	subject | header length u32 and header, if there is one | value |
//	HighwayHash-64 of all but the lengths, with the key SHA-256(stream ‖ "-" ‖ number of the block)
//
// The index is written now and then, and by Close. It ends with the sum of the last record it knows, and its own
// HighwayHash-64 with the key SHA-256(stream). A crash leaves an index that is older than the blocks, and perhaps half a
// record that nobody was told is stored. An index that is newer than the blocks means that something was lost.
const (
	recordHead   = 4 + 8 + 8 + 2
	sumSize      = highwayhash.Size64
	headerBit    = 1 << 31
	headerStart  = "NATS/1.0"
	headerEnd    = "\r\n\r\n"
	maxTorn      = maxValueBytes + 4<<10 // the largest record: a value with its subject and header
	storePattern = "jetstream/*/streams/*"
	blockPattern = "msgs/*.blk"
	blockSuffix  = ".blk"
	indexName    = "msgs/index.db"
	damagedName  = "damaged"
)

type sum = [sumSize]byte

// verifyStore reads all streams below dir. It fails with ErrDamaged, or with what the operating system says.
func verifyStore(dir string) error {
	root := os.DirFS(dir)
	if _, err := fs.Stat(root, damagedName); err == nil {
		return ErrDamaged
	}
	streams, err := fs.Glob(root, storePattern)
	if err != nil {
		return fmt.Errorf("look for the store: %w", err)
	}
	for _, name := range streams {
		stream, err := fs.Sub(root, name)
		if err == nil {
			err = verifyStream(stream, path.Base(name))
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			return fmt.Errorf("read the store: %w", bare(err))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// markDamaged makes every later start fail as well.
func markDamaged(dir string) {
	_ = os.WriteFile(filepath.Join(dir, damagedName), nil, 0o600) // where this fails, so does storing anything
}

func verifyStream(stream fs.FS, name string) error {
	blocks, err := fs.Glob(stream, blockPattern)
	if err != nil {
		return err
	}
	slices.SortFunc(blocks, func(a, b string) int { return cmp.Compare(blockNumber(a), blockNumber(b)) })
	sums := map[sum]bool{{}: true} // an index of nothing
	for i, file := range blocks {
		block, err := fs.ReadFile(stream, file)
		if err != nil {
			return err
		}
		number := strings.TrimSuffix(path.Base(file), blockSuffix)
		if rest := verifyRecords(block, name+"-"+number, sums); len(rest) > 0 && (i < len(blocks)-1 || !torn(rest)) {
			return ErrDamaged
		}
	}
	index, err := fs.ReadFile(stream, indexName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(index) < 2*sumSize {
		return ErrDamaged
	}
	index, own := index[:len(index)-sumSize], index[len(index)-sumSize:]
	if !bytes.Equal(keyed(name, index), own) || !sums[sum(index[len(index)-sumSize:])] {
		return ErrDamaged
	}
	return nil
}

func blockNumber(file string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(path.Base(file), blockSuffix)) // any order will do for what is no block
	return n
}

// verifyRecords adds the sums of the records of a block to sums, and returns the block from the first bad record on.
func verifyRecords(block []byte, name string, sums map[sum]bool) (rest []byte) {
	for len(block) >= recordHead+sumSize {
		length := binary.LittleEndian.Uint32(block)
		size := int(length &^ headerBit)
		if size < recordHead+sumSize || size > len(block) {
			return block
		}
		head, body, own := block[:recordHead], block[recordHead:size-sumSize], block[size-sumSize:size]
		subject := int(binary.LittleEndian.Uint16(head[recordHead-2:]))
		if subject > len(body) {
			return block
		}
		value := body[subject:]
		if length&headerBit != 0 {
			if !validHeader(value) {
				return block
			}
			value = value[4:]
		}
		if !bytes.Equal(keyed(name, head[4:recordHead-2], body[:subject], value), own) {
			return block
		}
		sums[sum(own)] = true
		block = block[size:]
	}
	return block
}

// torn says whether rest is a record of which only a part was written: shorter than it says, or nothing yet.
func torn(rest []byte) bool {
	if len(rest) > maxTorn {
		return false
	}
	unwritten := len(bytes.Trim(rest, "\x00")) == 0
	return unwritten || len(rest) < recordHead+sumSize || int(binary.LittleEndian.Uint32(rest)&^headerBit) > len(rest)
}

// validHeader checks the one length that no sum covers.
func validHeader(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	return size <= uint64(len(b)) && bytes.HasPrefix(b[:size], []byte(headerStart)) && bytes.HasSuffix(b[:size], []byte(headerEnd))
}

// keyed is HighwayHash-64 of the parts, with SHA-256(name) for a key.
func keyed(name string, parts ...[]byte) []byte {
	key := sha256.Sum256([]byte(name))
	hash, err := highwayhash.New64(key[:])
	if err != nil {
		panic("bus: internal error: HighwayHash refuses 32 bytes")
	}
	for _, part := range parts {
		_, _ = hash.Write(part)
	}
	return hash.Sum(nil)
}
