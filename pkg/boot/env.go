package boot

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Env reads environment variables and collects all that are missing or invalid, so that the
// function fails to start once, with all their names.
type Env struct {
	lookup   func(string) (string, bool)
	problems []error
}

// NewEnv returns an Env that reads the process's variables.
func NewEnv() *Env { return &Env{lookup: os.LookupEnv} }

// Need returns a variable that must be set and not empty.
func (e *Env) Need(name string) string {
	value, _ := e.lookup(name)
	if value == "" {
		e.problems = append(e.problems, fmt.Errorf("environment variable %s is missing", name))
	}
	return value
}

// NeedURL returns a variable that must be an http or https URL, without trailing slashes.
func (e *Env) NeedURL(name string) string {
	value := e.Need(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		e.problems = append(e.problems, fmt.Errorf("environment variable %s must be an http or https URL", name))
	}
	return strings.TrimRight(value, "/")
}

// NeedDays returns a variable that must be a whole number of days, from 1 to maxDays.
func (e *Env) NeedDays(name string) time.Duration {
	value := e.Need(name)
	if value == "" {
		return 0
	}
	days, err := strconv.Atoi(value)
	if err != nil || days < 1 || days > maxDays {
		e.problems = append(e.problems, fmt.Errorf("environment variable %s must be a number of days, 1 to %d", name, maxDays))
	}
	return time.Duration(days) * 24 * time.Hour
}

// maxDays is a hundred years. More is a mistake, and a time.Duration holds only about 292 years.
const maxDays = 36500

// Get returns a variable, or otherwise if it is unset or empty.
func (e *Env) Get(name, otherwise string) string {
	if value, _ := e.lookup(name); value != "" {
		return value
	}
	return otherwise
}

// Err returns an error that names all missing and invalid variables, or nil if there are none.
func (e *Env) Err() error { return errors.Join(e.problems...) }
