package relatedro

import (
	"sync"
	"time"
)

// SettingsLife is how long an enabled location's settings may come from memory. Disabling takes
// effect within this time.
const SettingsLife = 30 * time.Second

// SettingsMemory caches the settings of enabled locations between invocations of a warm function.
// It never caches a location that is not enabled, because an event right after enabling would then
// be discarded. It is safe for concurrent use.
type SettingsMemory struct {
	now   func() time.Time
	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	settings Settings
	since    time.Time
}

// NewSettingsMemory returns an empty memory that reads the clock from now.
func NewSettingsMemory(now func() time.Time) *SettingsMemory {
	return &SettingsMemory{now: now, known: make(map[string]remembered)}
}

// Get returns the settings of an enabled location if they were read less than SettingsLife ago. An
// entry with a time in the future is discarded, because the clock has jumped back.
func (m *SettingsMemory) Get(location string) (Settings, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.known[location]
	if !ok {
		return Settings{}, false
	}
	if age := m.now().Sub(r.since); age < 0 || age >= SettingsLife {
		delete(m.known, location)
		return Settings{}, false
	}
	return r.settings, true
}

// Put caches s if it is enabled, and drops the location otherwise.
func (m *SettingsMemory) Put(s Settings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !s.Enabled() {
		delete(m.known, s.Location)
		return
	}
	m.known[s.Location] = remembered{settings: s, since: m.now()}
}
