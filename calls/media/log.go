package media

import (
	"sync/atomic"

	"github.com/pion/logging"
)

// pionLog is the LoggerFactory given to pion. It counts by level and drops
// every text unread, because pion's texts name addresses, user fragments and
// TURN logins.
type pionLog struct {
	errors, warnings atomic.Uint64
	// srtpDiscarded counts what the SRTP sessions threw away: packets that did
	// not authenticate, came twice, or broke the cryptex rule.
	srtpDiscarded atomic.Uint64
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
func (s *scopedLog) Warnf(string, ...any)  { s.all.warnings.Add(1) }
func (s *scopedLog) Errorf(string, ...any) { s.all.errors.Add(1) }
