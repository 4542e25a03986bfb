package relatedro

import (
	"sync"
	"time"
)

// SettingsLife is how long an enabled location's settings may come from memory.
// Disabling takes effect within this time.
const SettingsLife = 30 * time.Second

// SettingsMemory remembers the settings of enabled locations between invocations
// of a warm function. A location that is not enabled is never remembered: an event
// right after enabling would be thrown away. Safe for concurrent use.
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

// Get returns the settings of an enabled location, read at most SettingsLife ago.
// What was remembered at a time that now lies ahead is not trusted: the clock has
// jumped back.
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

// Put remembers s if it is enabled, and forgets its location otherwise.
func (m *SettingsMemory) Put(s Settings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !s.Enabled() {
		delete(m.known, s.Location)
		return
	}
	m.known[s.Location] = remembered{settings: s, since: m.now()}
}
