package light

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// slotDuration is how often a shard looks what is due. Shorter slots spread the sending more evenly: 400 calls put 40
	// packets into a millisecond, which take a third of it; 5 ms slots would let the last of 200 leave 2 ms late.
	slotDuration = time.Millisecond
	slots        = int(FrameDuration / slotDuration)

	// eventBatch bounds what is read before the timer is looked at again: a third of a millisecond's work.
	eventBatch = 64
	// readBurst is how many datagrams one socket may deliver in a row.
	readBurst = 4
	// catchUp is how many slots a thread that was late makes up for; what is older is given up and counted.
	catchUp = 2 * slots
)

// shard is one thread, its epoll set and its legs.
type shard struct {
	// Static after newShard.
	epoch              time.Time
	epoll, timer, wake int
	wg                 sync.WaitGroup

	// Guarded by mu.
	mu     sync.Mutex
	todo   []func()
	ended  bool
	copied Stats // of Owned by loop, when asked

	attached atomic.Int32

	// Owned by loop.
	seats   map[int32]*chair
	byLeg   map[*leg]*chair
	slots   [slots][]*chair
	ticks   int64 // slots since epoch
	sum     Stats
	scratch scratch
	traffic traffic
	buf     [maxDatagram]byte
	closing bool
	// Whose turn it is, for sending: a closure for each packet would be garbage.
	turn *chair
	now  time.Time
	send func([]byte) bool
}

// chair is a leg with its descriptor and slot.
type chair struct {
	leg  *leg
	fd   int
	slot int
}

func newShard(epoch time.Time) (s *shard, err error) {
	s = &shard{epoch: epoch, epoll: -1, timer: -1, wake: -1, seats: make(map[int32]*chair), byLeg: make(map[*leg]*chair)}
	s.send = s.sendTurn
	defer func() {
		if err != nil {
			s.closeAll()
		}
	}()
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return s, err
	}
	if s.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return s, err
	}
	if s.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return s, err
	}
	for _, fd := range []int{s.timer, s.wake} {
		if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			return s, err
		}
	}
	every := unix.NsecToTimespec(int64(slotDuration))
	if err := unix.TimerfdSettime(s.timer, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		return s, err
	}
	s.ticks = int64(time.Since(epoch) / slotDuration)
	s.wg.Go(s.loop)
	return s, nil
}

func (s *shard) dial(relay netip.AddrPort, of Network) (socket, error) {
	if of.ListenPacket != nil {
		return nil, errForeignSocket
	}
	return net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(relay))
}

var errForeignSocket = errors.New("light: not a socket of this shard")

// attach takes the descriptor out of Go's poller.
func (s *shard) attach(l *leg, c socket) error {
	u, ok := c.(*net.UDPConn)
	if !ok {
		return errForeignSocket
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	fd := -1
	if cerr := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil {
		return cerr
	}
	if err != nil {
		return err
	}
	if err := u.Close(); err != nil {
		_ = unix.Close(fd)
		return err
	}
	done := make(chan error, 1)
	if !s.post(func() { done <- s.seat(l, fd) }) {
		_ = unix.Close(fd)
		return net.ErrClosed
	}
	return <-done
}

func (s *shard) seat(l *leg, fd int) error {
	if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		_ = unix.Close(fd)
		return err
	}
	p := &chair{leg: l, fd: fd}
	for i := range s.slots { // the emptiest
		if len(s.slots[i]) < len(s.slots[p.slot]) {
			p.slot = i
		}
	}
	s.slots[p.slot] = append(s.slots[p.slot], p)
	s.seats[int32(fd)], s.byLeg[l] = p, p
	s.attached.Add(1)
	return nil
}

// post runs f in the shard's thread.
func (s *shard) post(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.todo = append(s.todo, f)
	if len(s.todo) == 1 {
		_, _ = unix.Write(s.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	return true
}

func (s *shard) do(l *leg, f func(time.Time, time.Duration, func([]byte) bool)) bool {
	return s.post(func() {
		now := time.Now()
		f(now, now.Sub(s.epoch), s.sender(s.byLeg[l], now))
	})
}

func (s *shard) detach(l *leg) {
	s.post(func() {
		p := s.byLeg[l]
		if p == nil {
			return
		}
		delete(s.byLeg, l)
		delete(s.seats, int32(p.fd))
		for i, q := range s.slots[p.slot] {
			if q == p {
				last := len(s.slots[p.slot]) - 1
				s.slots[p.slot][i] = s.slots[p.slot][last]
				s.slots[p.slot][last] = nil
				s.slots[p.slot] = s.slots[p.slot][:last]
				break
			}
		}
		_ = unix.Close(p.fd)
		s.attached.Add(-1)
	})
}

func (s *shard) stats() Stats {
	done := make(chan struct{})
	if s.post(func() { s.copy(); close(done) }) {
		<-done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copied
}

// copy publishes the figures.
func (s *shard) copy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied = s.sum
	s.copied.Shards, s.copied.Attached = 1, len(s.seats)
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) == nil {
		s.copied.CPU = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
}

// loop is the thread.
func (s *shard) loop() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var events [eventBatch]unix.EpollEvent
	for !s.closing {
		n, err := unix.EpollWait(s.epoll, events[:], -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			break
		}
		s.sum.WakeUps++
		for _, e := range events[:max(0, n)] {
			switch int(e.Fd) {
			case s.timer:
				s.tick()
			case s.wake:
				s.run()
			default:
				s.read(e.Fd)
			}
		}
	}
	s.mu.Lock()
	s.ended = true
	left := s.todo
	s.todo = nil
	s.mu.Unlock()
	for _, f := range left { // whoever waits must not wait for ever
		f()
	}
	s.copy()
	for _, p := range s.seats {
		_ = unix.Close(p.fd)
	}
	s.closeAll()
}

func (s *shard) closeAll() {
	for _, fd := range []int{s.epoll, s.timer, s.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// run does what was posted.
func (s *shard) run() {
	var drop [8]byte
	_, _ = unix.Read(s.wake, drop[:])
	s.mu.Lock()
	todo := s.todo
	s.todo = nil
	s.mu.Unlock()
	for _, f := range todo {
		f()
	}
}

// tick sends what is due in the slots that have begun.
func (s *shard) tick() {
	var expired [8]byte
	if n, err := unix.Read(s.timer, expired[:]); n != 8 || err != nil || binary.NativeEndian.Uint64(expired[:]) == 0 {
		return
	}
	now := time.Now()
	if s.traffic.Len() > 0 {
		s.move(now)
	}
	current := int64(now.Sub(s.epoch) / slotDuration)
	if behind := current - s.ticks; behind > int64(catchUp) {
		for t := s.ticks + 1; t <= current-int64(catchUp); t++ {
			s.sum.Skipped += uint64(len(s.slots[t%int64(slots)]))
		}
		s.ticks = current - int64(catchUp)
	}
	for s.ticks < current {
		s.ticks++
		due := time.Duration(s.ticks) * slotDuration
		for _, p := range s.slots[s.ticks%int64(slots)] {
			now := time.Now()
			at := now.Sub(s.epoch)
			sent := p.leg.sent
			p.leg.beat(now, at, &s.scratch, s.sender(p, now))
			if p.leg.sent != sent {
				s.sum.Sent++
				s.sum.Pacing.Add(at - due)
			}
		}
	}
}

// read takes what has arrived at one socket.
func (s *shard) read(fd int32) {
	p := s.seats[fd]
	if p == nil {
		return // closed in this batch
	}
	for range readBurst {
		n, err := unix.Read(int(fd), s.buf[:])
		if err != nil || n <= 0 {
			return
		}
		now := time.Now()
		if p.leg.edge != nil {
			s.traffic.pass(p.leg, false, s.buf[:n], now)
			continue
		}
		s.take(p, s.buf[:n], now, now.Sub(s.epoch))
	}
}

func (s *shard) take(p *chair, b []byte, now time.Time, at time.Duration) {
	before := p.leg.heard.unique
	p.leg.datagram(b, now, at, &s.scratch, s.sender(p, now))
	if p.leg.heard.unique != before {
		s.sum.Received++
		s.sum.Delay.Add(p.leg.heard.transit)
	}
}

// sender writes for p, until it is called for another; without a chair, the leg has gone.
func (s *shard) sender(p *chair, now time.Time) func([]byte) bool {
	s.turn, s.now = p, now
	return s.send
}

func (s *shard) sendTurn(b []byte) bool {
	switch {
	case s.turn == nil:
		return false
	case s.turn.leg.edge != nil:
		s.traffic.pass(s.turn.leg, true, b, s.now)
		return true
	}
	return s.write(s.turn, b)
}

func (s *shard) write(p *chair, b []byte) bool {
	_, err := unix.Write(p.fd, b)
	if errors.Is(err, unix.ECONNREFUSED) { // the answer to an earlier one; this one was not sent
		_, err = unix.Write(p.fd, b)
	}
	if err != nil {
		s.sum.Unsent++
	}
	return err == nil
}

// move lets through what edges have delayed. It arrives at the time that the edge says, not when this thread wakes up.
func (s *shard) move(now time.Time) {
	for {
		d, ok := s.traffic.arrived(now)
		if !ok {
			return
		}
		p := s.byLeg[d.leg]
		switch {
		case p == nil:
		case d.up:
			s.write(p, d.p)
		default:
			s.take(p, d.p, now, d.at.Sub(s.epoch))
		}
	}
}

func (s *shard) close() {
	s.post(func() { s.closing = true })
	s.wg.Wait()
}

// newDrivers makes the threads of an engine; GOMAXPROCS grows by as many, so that a thread that comes back from the kernel
// never waits for a place to run.
func newDrivers(n int, epoch time.Time) ([]driver, func(), error) {
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + n)
	restore := func() { runtime.GOMAXPROCS(before) }
	var all []driver
	for range n {
		s, err := newShard(epoch)
		if err != nil {
			for _, d := range all {
				d.close()
			}
			restore()
			return nil, nil, err
		}
		all = append(all, s)
	}
	return all, restore, nil
}

func refused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }
