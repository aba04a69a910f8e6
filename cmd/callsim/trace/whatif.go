package trace

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/calls/quality"
)

// WhatIfs says what ParseWhatIf understands.
const WhatIfs = "jb=phone|neteq|fixed:40|oracle, fec=on|off, red=COPIES, dred=MILLISECONDS, ptime=20|40|60, bitrate=16..40 with k, cbr=on|off, device=MILLISECONDS"

// ParseWhatIf changes a Config as text says: jb=fixed:40,fec=off.
func ParseWhatIf(text string, bitrate int, cfg Config) (Config, error) {
	constant := true
	coded := false
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return cfg, fmt.Errorf("trace: what-if %q has no value: say %s", part, WhatIfs)
		}
		var err error
		switch key {
		case "jb":
			cfg.Buffer = value
			_, err = parseBuffer(value)
		case "fec":
			var on bool
			on, err = parseSwitch(value)
			cfg.Copies = 0
			if on {
				cfg.Copies = 1
			}
		case "red":
			cfg.Copies, err = parseCount(value, 0, 10)
		case "dred":
			cfg.DRED, err = parseDelay(value)
		case "device":
			cfg.Device, err = parseDelay(value)
		case "ptime":
			var d time.Duration
			if d, err = parseDelay(value); err == nil && (d < frame || d > 6*frame || d%frame != 0) {
				err = fmt.Errorf("trace: a ptime of %q is no multiple of 20 ms up to 120", value)
			}
			cfg.Group = int(d / frame)
		case "bitrate":
			bitrate, err = parseCount(strings.TrimSuffix(value, "k"), 6, 510)
			bitrate *= 1000
			coded = true
		case "cbr":
			constant, err = parseSwitch(value)
			coded = true
		default:
			err = fmt.Errorf("trace: there is no what-if %q: say %s", key, WhatIfs)
		}
		if err != nil {
			return cfg, err
		}
	}
	if coded {
		cfg.Codec = quality.Opus(bitrate, constant)
	}
	return cfg, nil
}

func parseSwitch(text string) (bool, error) {
	switch text {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("trace: %q is neither on nor off", text)
}

func parseCount(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("trace: %q is not a number from %d to %d", text, least, most)
	}
	return n, nil
}
