package sqsbatch

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"related-ro/pkg/relatedro"
)

// refused is the outcome of a message that can never succeed.
const refused = "refused"

// report logs one line per message, and one for the batch if it has several messages. Each line has
// the batch's duration and whether this was a cold start. report also passes each message to
// Observe.
func (h *Handler) report(ctx context.Context, done []settled, started time.Time, failed int) {
	outcomes := make(map[string]int)
	now := h.cfg.Now()
	log := h.cfg.Log.With("ms", now.Sub(started).Milliseconds(), "coldStart", !h.warm.Swap(true))
	for _, s := range done {
		o := s.observation(now)
		outcomes[o.Outcome]++
		h.cfg.Observe(o)
		s.log(ctx, log, o)
	}
	if len(done) > 1 {
		log.InfoContext(ctx, "batch", "source", h.cfg.Source, "messages", len(done), "failed", failed, "outcomes", outcomes)
	}
}

func (s settled) observation(now time.Time) Observation {
	o := Observation{Outcome: cmp.Or(string(s.result.Settlement), refused), Reason: s.code(), Related: s.result.Related}
	if s.result.Settlement == relatedro.SettledOK {
		o.Age = max(0, now.Sub(s.event.OccurredAt))
	}
	return o
}

// log writes the log line of the message.
func (s settled) log(ctx context.Context, log *slog.Logger, o Observation) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("messageId", s.message.MessageId),
		slog.String("eventId", s.event.ID),
		slog.String("location", s.event.Key.Location),
		slog.String("case", s.event.Key.Case),
		slog.String("outcome", o.Outcome),
		slog.Int("receives", s.receives),
	}
	if s.event.Type != "" {
		attrs = append(attrs, slog.String("trigger", string(s.event.Trigger())))
	}
	switch {
	case s.refusal != nil:
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("reason", o.Reason), slog.String("error", s.refusal.Message))
	case s.result.Failure != nil:
		if s.result.Settlement != relatedro.SettledWaiting {
			level = slog.LevelWarn
		}
		attrs = append(attrs, slog.String("reason", o.Reason), slog.Any("error", s.result.Failure))
	default:
		attrs = append(attrs, slog.Int("related", o.Related), slog.Int64("ageMs", o.Age.Milliseconds()))
	}
	log.LogAttrs(ctx, level, "message", attrs...)
}
