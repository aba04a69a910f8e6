//go:build js && wasm

package main

import (
	"errors"
	"net/netip"
	"syscall/js"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
)

var (
	jsArray      = js.Global().Get("Array")
	jsError      = js.Global().Get("Error")
	jsObject     = js.Global().Get("Object")
	jsUint8Array = js.Global().Get("Uint8Array")
)

// export makes functions of Go methods of object. They are never released: profiles live as long as the page, and the few
// dozen calls of a day cost less than what would keep track of them.
func export(object js.Value, methods map[string]func([]js.Value) any) {
	for name, method := range methods {
		object.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return method(args) }))
	}
}

// object makes a JavaScript object.
func object(fields map[string]any) js.Value {
	o := jsObject.New()
	for name, value := range fields {
		o.Set(name, value)
	}
	return o
}

// list makes a JavaScript array.
func list[T any](items []T) js.Value {
	a := jsArray.New(len(items))
	for i, item := range items {
		a.SetIndex(i, any(item))
	}
	return a
}

func toBytes(b []byte) js.Value {
	a := jsUint8Array.New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

// fromBytes is nil for anything but a Uint8Array.
func fromBytes(v js.Value) []byte {
	if v.Type() != js.TypeObject || !v.InstanceOf(jsUint8Array) {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// arg is undefined when there are fewer.
func arg(args []js.Value, i int) js.Value {
	if i < len(args) {
		return args[i]
	}
	return js.Undefined()
}

func text(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

func number(v js.Value) float64 {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return v.Float()
}

func timeOf(v js.Value) time.Time { return time.UnixMilli(int64(number(v))) }

func millisOf(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli())
}

func texts(v js.Value) []string {
	if v.Type() != js.TypeObject || !v.InstanceOf(jsArray) {
		return nil
	}
	out := make([]string, v.Length())
	for i := range out {
		out[i] = text(v.Index(i))
	}
	return out
}

// words are what an error says to JavaScript: fixed, so that nothing of what came in can be in them.
var words = []struct {
	err  error
	word string
}{
	{identity.ErrNeedPassphrase, "need-passphrase"},
	{identity.ErrPassphrase, "passphrase"},
	{identity.ErrDuplicate, "duplicate"},
	{identity.ErrName, "name"},
	{identity.ErrFull, "full"},
	{identity.ErrFormat, "format"},
	{identity.ErrAccountChanged, "changed"},
	{identity.ErrOldList, "changed"},
	{identity.ErrFork, "changed"},
	{identity.ErrExpired, "expired"},
	{seal.ErrSuite, "changed"},
	{seal.ErrNoDevice, "unknown"},
	{seal.ErrStale, "stale"},
	{seal.ErrReplayed, "replayed"},
	{seal.ErrClock, "clock"},
	{seal.ErrEnvelope, "envelope"},
}

func wordOf(err error) string {
	for _, w := range words {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	return "failed"
}

func failed(err error) any { return jsError.New(wordOf(err)) }

func refused(word string) any { return jsError.New(word) }

// transportFrom reads {fingerprint, ufrag, pwd, candidates: [{ip, port, priority}]}.
func transportFrom(v js.Value) (t seal.Transport, ok bool) {
	if v.Type() != js.TypeObject {
		return t, false
	}
	fingerprint := fromBytes(v.Get("fingerprint"))
	candidates := v.Get("candidates")
	if len(fingerprint) != len(t.Fingerprint) || candidates.Type() != js.TypeObject || !candidates.InstanceOf(jsArray) {
		return t, false
	}
	copy(t.Fingerprint[:], fingerprint)
	t.Ufrag, t.Pwd = text(v.Get("ufrag")), text(v.Get("pwd"))
	for i := range min(candidates.Length(), seal.MaxCandidates) {
		c := candidates.Index(i)
		ip, err := netip.ParseAddr(text(c.Get("ip")))
		if err != nil {
			return t, false
		}
		addr := netip.AddrPortFrom(ip, uint16(number(c.Get("port"))))
		t.Candidates = append(t.Candidates, seal.Candidate{Addr: addr, Priority: uint32(number(c.Get("priority")))})
	}
	return t, t.Ufrag != "" && t.Pwd != ""
}

// transportTo writes what transportFrom reads.
func transportTo(t seal.Transport) js.Value {
	candidates := make([]js.Value, len(t.Candidates))
	for i, c := range t.Candidates {
		candidates[i] = object(map[string]any{
			"ip": c.Addr.Addr().Unmap().String(), "port": int(c.Addr.Port()), "priority": float64(c.Priority),
		})
	}
	return object(map[string]any{
		"fingerprint": toBytes(t.Fingerprint[:]), "ufrag": t.Ufrag, "pwd": t.Pwd, "candidates": list(candidates),
	})
}
