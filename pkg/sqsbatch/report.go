package sqsbatch

import (
	"context"
	"log/slog"
	"time"

	"related-ro/pkg/relatedro"
)

// report logs one line per message, and one for the batch if it has several messages. Each line has
// the batch's duration and whether this was a cold start. report also passes each message to
// Observe.
func (h *Handler) report(ctx context.Context, messages []message, started time.Time, failed int) {
	outcomes := make(map[relatedro.Outcome]int)
	now := h.cfg.Now()
	log := h.cfg.Log.With("ms", now.Sub(started).Milliseconds(), "coldStart", !h.warm.Swap(true))
	for _, m := range messages {
		o := m.observation(now)
		outcomes[o.Outcome]++
		h.cfg.Observe(o)
		m.log(ctx, log, o)
	}
	if len(messages) > 1 {
		log.InfoContext(ctx, "batch", "source", h.cfg.Source, "messages", len(messages), "failed", failed, "outcomes", outcomes)
	}
}

func (m message) observation(now time.Time) Observation {
	o := Observation{Outcome: m.result.Outcome, Reason: m.code(), Related: m.result.Related}
	if m.refusal == nil {
		o.Age = max(0, now.Sub(m.event.OccurredAt))
	}
	return o
}

// log writes the log line of the message.
func (m message) log(ctx context.Context, log *slog.Logger, o Observation) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("messageId", m.sqs.MessageId),
		slog.String("eventId", m.event.ID),
		slog.String("location", m.event.Key.Location),
		slog.String("case", m.event.Key.Case),
		slog.String("outcome", string(o.Outcome)),
		slog.Int("receives", m.receives),
	}
	if m.event.Type != "" {
		attrs = append(attrs, slog.String("trigger", string(m.event.Trigger())))
	}
	switch {
	case m.refusal != nil:
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("reason", o.Reason), slog.String("error", m.refusal.Message))
	case m.result.Failure != nil:
		if m.result.Outcome != relatedro.OutcomeWaiting {
			level = slog.LevelWarn
		}
		attrs = append(attrs, slog.String("reason", o.Reason), slog.Any("error", m.result.Failure))
	default:
		attrs = append(attrs, slog.Int("related", o.Related), slog.Int64("ageMs", o.Age.Milliseconds()))
	}
	log.LogAttrs(ctx, level, "message", attrs...)
}
