package media

import (
	"errors"
	"sync/atomic"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
)

// pionLog is the LoggerFactory given to pion. It counts by level and drops
// every text unread, because pion's texts name addresses, user fragments and
// TURN logins. From the arguments it keeps one typed fact: the TURN error code
// with which a relay refused us, which pion reports in no other way.
type pionLog struct {
	errors, warnings atomic.Uint64
	// srtpDiscarded counts what the SRTP sessions threw away: packets that did
	// not authenticate, came twice, or broke the cryptex rule.
	srtpDiscarded atomic.Uint64
	// relayCode is the last TURN error code, 0 if none.
	relayCode atomic.Int64
}

// NewLogger returns the counter for one of pion's scopes.
func (l *pionLog) NewLogger(scope string) logging.LeveledLogger {
	return &scopedLog{all: l, isSRTP: scope == "srtp"}
}

// scopedLog is one of pion's loggers.
type scopedLog struct {
	all    *pionLog
	isSRTP bool
}

func (s *scopedLog) note(args []any) {
	for _, a := range args {
		var refused *stun.TurnError
		if err, ok := a.(error); ok && errors.As(err, &refused) {
			s.all.relayCode.Store(int64(refused.ErrorCodeAttr.Code))
		}
	}
}

func (s *scopedLog) info() {
	if s.isSRTP {
		s.all.srtpDiscarded.Add(1) // the session's read loop reports a bad packet at this level
	}
}

func (s *scopedLog) Trace(string)          {}
func (s *scopedLog) Tracef(string, ...any) {}
func (s *scopedLog) Debug(string)          {}
func (s *scopedLog) Debugf(string, ...any) {}
func (s *scopedLog) Info(string)           { s.info() }
func (s *scopedLog) Infof(string, ...any)  { s.info() }
func (s *scopedLog) Warn(string)           { s.all.warnings.Add(1) }
func (s *scopedLog) Error(string)          { s.all.errors.Add(1) }
func (s *scopedLog) Warnf(_ string, args ...any) {
	s.all.warnings.Add(1)
	s.note(args)
}
func (s *scopedLog) Errorf(_ string, args ...any) {
	s.all.errors.Add(1)
	s.note(args)
}

// relayError says in our words why no relay gave us an address.
func (l *pionLog) relayError() error {
	switch stun.ErrorCode(l.relayCode.Load()) {
	case 0:
		return ErrRelayUnreachable
	case stun.CodeAllocQuotaReached, stun.CodeInsufficientCapacity:
		return ErrRelayBusy
	default:
		return ErrRelayRefused
	}
}
