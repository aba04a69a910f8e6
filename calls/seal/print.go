package seal

import "log/slog"

// Messages name people, addresses and secrets: they print as their type names.

func (*Ring) String() string       { return "seal.Ring" }
func (*Ring) GoString() string     { return "seal.Ring" }
func (*Ring) LogValue() slog.Value { return slog.StringValue("seal.Ring") }

func (*Accept) String() string       { return "seal.Accept" }
func (*Accept) GoString() string     { return "seal.Accept" }
func (*Accept) LogValue() slog.Value { return slog.StringValue("seal.Accept") }

func (*Confirm) String() string       { return "seal.Confirm" }
func (*Confirm) GoString() string     { return "seal.Confirm" }
func (*Confirm) LogValue() slog.Value { return slog.StringValue("seal.Confirm") }

func (*Connected) String() string       { return "seal.Connected" }
func (*Connected) GoString() string     { return "seal.Connected" }
func (*Connected) LogValue() slog.Value { return slog.StringValue("seal.Connected") }

func (*Candidates) String() string       { return "seal.Candidates" }
func (*Candidates) GoString() string     { return "seal.Candidates" }
func (*Candidates) LogValue() slog.Value { return slog.StringValue("seal.Candidates") }

func (*Restart) String() string       { return "seal.Restart" }
func (*Restart) GoString() string     { return "seal.Restart" }
func (*Restart) LogValue() slog.Value { return slog.StringValue("seal.Restart") }

func (*RestartAck) String() string       { return "seal.RestartAck" }
func (*RestartAck) GoString() string     { return "seal.RestartAck" }
func (*RestartAck) LogValue() slog.Value { return slog.StringValue("seal.RestartAck") }
