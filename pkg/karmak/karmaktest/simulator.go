package karmaktest

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The calls of Unity, as named by [Fault], [Request] and [Counts]. A look-up has the name of its
// view.
const (
	CallToken    = "token"
	CallHeaders  = "RepairOrderHeader"
	CallTasks    = "RepairOrderTask"
	CallBranches = "Branch"
	CallStatus   = "status"
	CallUnknown  = "unknown" // an unknown path or view
)

// Config configures a Simulator. The zero value works, with an empty client id and secret.
type Config struct {
	ClientID, ClientSecret string
	SubscriptionKey        string // of the newer interface

	MaxPageSize int // rows on a page unless the account sets it; 0 is 500
	// Now is the clock of tokens, changes and Retry-After dates. nil is time.Now.
	Now func() time.Time

	// Observe, if set, receives each Unity request right before its answer. Calls are concurrent.
	Observe func(Request)
}

// Simulator is a Karmak Unity in memory. It is safe for concurrent use. Create it with [New].
type Simulator struct {
	config  Config
	control http.Handler
	faults  faults
	ledger  ledger

	mu           sync.RWMutex // guards the fields below
	secret       string
	subscription string
	accounts     map[string]*account
	tokens       map[string]*token
	added        int // ROs added so far: the order of rows that sort alike
}

// New returns a simulator without accounts.
func New(config Config) *Simulator {
	config.MaxPageSize = cmp.Or(config.MaxPageSize, 500)
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Simulator{
		config:       config,
		secret:       config.ClientSecret,
		subscription: config.SubscriptionKey,
		accounts:     make(map[string]*account),
		tokens:       make(map[string]*token),
	}
	s.faults.chance = rand.New(rand.NewPCG(0, 0)) // the same in every run
	s.ledger.reset()
	s.control = s.controlHandler()
	return s
}

// ServeHTTP serves Unity, the newer interface, and the control API under /control/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/control/") {
		s.control.ServeHTTP(w, r)
		return
	}
	arrived := s.config.Now()
	c := s.identify(r)
	leave := s.ledger.enter(c.name, c.account)
	effect := s.faults.draw(c.account, c.name, s.touches(c))
	struck := effect.Kind

	var a response
	if effect.wait(r.Context()) {
		a = s.answer(c, effect.Fault)
	} else {
		effect.Kind = Hang // the client went away
	}
	record := Request{
		Time: arrived, Call: c.name, Account: c.account, User: c.user, Method: r.Method, URL: r.URL.RequestURI(),
		Status: a.status, Rows: a.rows, Fault: struck, Header: r.Header.Clone(),
	}
	s.ledger.add(record)
	if s.config.Observe != nil {
		s.config.Observe(record)
	}
	deliver(w, r, a, effect.Kind, leave)
}

// call is a parsed request: its kind, its account and its parameters.
type call struct {
	name string
	// From the token form, the bearer token or the account number; empty if unknown.
	account, user string
	bearer        string
	request       *http.Request
	malformed     error  // the fault of a token call's form
	newer         bool   // from the newer interface
	viewName      string // of a look-up
	view          *view  // nil for an unknown one
}

const (
	tokenPath       = "/auth/connect/token"
	unityPath       = "/api/unity/v1/unityapi/"
	viewPath        = unityPath + "frw/"
	branchPath      = unityPath + "Branch"
	statusPath      = unityPath + "System/Status"
	olderStatusPath = unityPath + "System/System/Status"
)

func (s *Simulator) identify(r *http.Request) call {
	c := call{name: CallUnknown, request: r}
	switch path := r.URL.Path; path {
	case tokenPath:
		c.name, c.malformed = CallToken, checkForm(r)
		c.account, c.user = r.PostForm.Get("account"), r.PostForm.Get("user")
		return c
	case statusPath, olderStatusPath:
		c.name = CallStatus
	case branchPath:
		c.name = CallBranches
	default:
		if c.viewName, c.newer = strings.CutPrefix(path, reportDataPath); !c.newer {
			c.viewName, _ = strings.CutPrefix(path, viewPath)
		}
		if c.view = viewNamed(c.viewName); c.view != nil {
			c.name = c.viewName
		}
	}
	if c.newer {
		c.account = s.numbered(r.Header.Get(numberHeader))
		return c
	}
	c.bearer = bearer(r)
	c.account, c.user = s.tokenOwner(c.bearer)
	return c
}

// response is the response to a call before it is sent. A zero status means none.
type response struct {
	status int
	header http.Header
	body   []byte
	rows   int
}

// answer returns Unity's answer to the call under the fault, if any.
func (s *Simulator) answer(c call, f Fault) response {
	if a, ok := turnedAway(f, s.config.Now()); ok {
		return a
	}
	if c.name == CallToken {
		return distort(s.issueToken(c, f.Kind), f.Kind)
	}
	a, ok := s.admitted(c, f.Kind)
	if ok {
		s.mu.RLock()
		defer s.mu.RUnlock()
		account := s.accounts[c.account]
		a = s.serve(c, f, account)
		if account.Rendering.ByteOrderMark {
			a.body = append([]byte("\ufeff"), a.body...)
		}
	}
	return distort(a, f.Kind)
}

// admitted reports whether the call is a GET with access to the account. If not, it returns the
// refusal.
func (s *Simulator) admitted(c call, fault Kind) (response, bool) {
	if c.request.Method != http.MethodGet {
		return notAllowed(http.MethodGet), false
	}
	if c.newer {
		return s.admitNumber(c)
	}
	return s.admit(c, fault)
}

// serve answers a call at either interface. The caller must have checked access to the account, and
// must hold s.mu.
func (s *Simulator) serve(c call, f Fault, a *account) response {
	path := c.request.URL.Path
	switch {
	case c.name == CallStatus && a.Rules.servesStatus(path):
		return a.systemStatus(c, f.Kind)
	case f.Kind == Offline && c.name != CallStatus:
		status := cmp.Or(f.Status, http.StatusGatewayTimeout)
		return retryAfter(message(status, "Fusion is offline."), f, s.config.Now())
	case c.name == CallBranches:
		return a.listBranches()
	case c.newer, strings.HasPrefix(path, viewPath):
		return s.lookUp(c, f, a)
	}
	return message(http.StatusNotFound, "no such resource: %s", path)
}
