package boot

import (
	"io"
	"log/slog"
)

// newLogger returns a logger that writes JSON lines with the keys that Lambda's log filter reads:
// timestamp, level and message.
func newLogger(w io.Writer, env *Env) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(env.Get("LOG_LEVEL", "INFO"))); err != nil {
		env.problems = append(env.problems, errLogLevel)
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				a.Key = "timestamp"
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	}))
}
