package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
)

const settingsPath = "/v1/locations/loc-100/external-interfaces"

// settingsAnswer holds the fields of settings that these tests check.
type settingsAnswer struct {
	Status     string
	Karmak     struct{ Account, User, Branch string }
	Activation struct {
		State         string
		CheckedAt     *string
		FusionVersion *string
		Message       *string
	}
	Version   int
	UpdatedBy *string
	UpdatedAt *string
}

// wanting returns the body of a PUT request for settings.
func wanting(status relatedro.FeatureStatus, connection relatedro.Connection) string {
	return fmt.Sprintf(`{"status":%q,"dms":"KARMAK_FUSION","karmak":{"account":%q,"user":%q,"branch":%q}}`,
		status, connection.Account, connection.User, connection.Branch)
}

// put sends settings with the given version in If-Match.
func (c caller) put(version int, status relatedro.FeatureStatus, connection relatedro.Connection) response {
	c.Helper()
	return c.send("PUT", settingsPath, wanting(status, connection), "If-Match", fmt.Sprintf(`"%d"`, version))
}

// settings returns the stored settings.
func (c caller) settings() settingsAnswer {
	c.Helper()
	var s settingsAnswer
	c.get(settingsPath).want(c, 200).decode(c, &s)
	return s
}

func TestLocationNeverSetUp(t *testing.T) {
	w := newWorld(t)
	r := w.as(relatedro.FieldManager, "loc-100").get(settingsPath).want(t, 200)
	want := `{"locationId":"loc-100","status":"DISABLED","dms":"KARMAK_FUSION","karmak":{"account":"","user":"","branch":""},` +
		`"expectedRelatedRos":false,"activation":{"state":"unknown","checkedAt":null,"fusionVersion":null,"message":null},"version":0,` +
		`"updatedBy":null,"updatedAt":null}`
	if r.body != want || !strings.HasPrefix(r.header.Get("ETag"), `"0-`) {
		t.Errorf("unexpected settings: ETag %s, body %s", r.header.Get("ETag"), r.body)
	}
}

func TestSettingsNotModified(t *testing.T) {
	w := newWorld(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	tag := manager.get(settingsPath).want(t, 200).header.Get("ETag")
	manager.get(settingsPath, "If-None-Match", tag).want(t, 304)
}

// TestOnlyReadingIsNotModified sends If-None-Match, which makes a GET return 304, with requests
// that change something. The caller must receive the result of the change.
func TestOnlyReadingIsNotModified(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	var s settingsAnswer
	manager.send("POST", settingsPath+"/verify", "", "If-None-Match", "*").want(t, 200).decode(t, &s)
	manager.send("PUT", settingsPath, wanting(relatedro.Disabled, north), "If-Match", `"1"`, "If-None-Match", "*").want(t, 200).decode(t,
		&s)
	if s.Version != 2 || s.Status != "DISABLED" {
		t.Errorf("unexpected settings: %+v", s)
	}
}

func TestSupportSetsUpALocation(t *testing.T) {
	w := newWorld(t)
	w.karmakActive(north)
	r := w.as(relatedro.Support, "*").put(0, relatedro.Enabled, north).want(t, 200)
	var s settingsAnswer
	r.decode(t, &s)
	if s.Status != "ENABLED" || s.Karmak.Account != north.Account || s.Version != 1 || *s.UpdatedBy != "user-7" ||
		*s.UpdatedAt != "2026-11-23T12:00:00Z" {
		t.Errorf("unexpected settings: %s", r.body)
	}
	if s.Activation.State != "active" || *s.Activation.CheckedAt != "2026-11-23T12:00:00Z" || *s.Activation.FusionVersion != "3.62.1.0" {
		t.Errorf("unexpected settings: %s", r.body)
	}
	if !strings.HasPrefix(r.header.Get("ETag"), `"1-`) {
		t.Errorf("ETag %s, want version 1", r.header.Get("ETag"))
	}
	if second := w.as(relatedro.ServiceAdvisor, "loc-100").get(settingsPath); second.body != r.body ||
		second.header.Get("ETag") != r.header.Get("ETag") {
		t.Errorf("settings read afterwards differ: %s", second.body)
	}
}

func TestManagersSwitchButDoNotReconnect(t *testing.T) {
	for _, role := range []relatedro.Role{relatedro.Administrator, relatedro.ServiceManager} {
		t.Run(string(role), func(t *testing.T) {
			w := newWorld(t)
			w.karmakActive(north)
			w.karmakActive(south)
			w.setUp("loc-100", relatedro.Disabled, north)
			manager := w.as(role, "loc-100")
			manager.put(1, relatedro.Enabled, south).problem(t, 403, "forbidden", "karmak")
			if s := manager.settings(); s.Version != 1 || s.Karmak.Account != north.Account {
				t.Errorf("settings changed: %+v", s)
			}
			manager.put(1, relatedro.Enabled, north).want(t, 200)
		})
	}
}

func TestEnablingNeedsKarmaksWord(t *testing.T) {
	offline := karmaktest.Fault{Kind: karmaktest.Offline}
	inactive := karmaktest.Fault{Kind: karmaktest.NotActivated}
	for name, c := range map[string]struct {
		fault      *karmaktest.Fault
		connection relatedro.Connection
		sentence   string
		stored     string
	}{
		"not activated":   {&inactive, north, sentence.For(relatedro.Connection{}, relatedro.NotActivated), "not_activated"},
		"offline":         {&offline, north, sentence.For(relatedro.Connection{}, relatedro.DealerOffline), "unreachable"},
		"unknown account": {nil, south, sentence.For(relatedro.Connection{}, relatedro.AccountNotPermitted), "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.karmakActive(north)
			w.setUp("loc-100", relatedro.Disabled, north)
			if c.fault != nil {
				if err := w.karmak.SetFault(*c.fault); err != nil {
					t.Fatal(err)
				}
			}
			support := w.as(relatedro.Support, "loc-100")
			r := support.put(1, relatedro.Enabled, c.connection)
			r.problem(t, 409, "not-activated", "status")
			var p struct{ Detail string }
			if r.decode(t, &p); p.Detail != c.sentence {
				t.Errorf("detail %q, want %q", p.Detail, c.sentence)
			}
			s := support.settings()
			if s.Version != 1 || s.Status != "DISABLED" {
				t.Errorf("settings changed: %+v", s)
			}
			if s.Activation.State != c.stored {
				t.Errorf("stored activation state: got %s, want %s", s.Activation.State, c.stored)
			}
		})
	}
}

func TestDisablingAsksNobody(t *testing.T) {
	w, _ := enabled(t)
	w.as(relatedro.ServiceManager, "loc-100").put(1, relatedro.Disabled, north).want(t, 200)
	if asked := w.karmak.Requests(); len(asked) > 0 {
		t.Errorf("Karmak received requests: %v", asked)
	}
}

func TestActivationOfAnotherAccountIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.karmakActive(north)
	support := w.as(relatedro.Support, "loc-100")
	support.put(0, relatedro.Enabled, north).want(t, 200)
	support.put(1, relatedro.Disabled, south).want(t, 200)
	if s := support.settings(); s.Activation.State != "unknown" || s.Activation.CheckedAt != nil {
		t.Errorf("unexpected activation: %+v", s.Activation)
	}
}

func TestTwoAdministratorsDoNotOverwriteEachOther(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.put(1, relatedro.Disabled, north).want(t, 200)
	manager.put(1, relatedro.Disabled, north).problem(t, 412, "stale-version")
}

func TestIfMatch(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		status int
		kind   string
	}{
		"missing":             {"", 428, "version-needed"},
		"the whole tag":       {`"1-0123456789abcdef"`, 200, ""},
		"the version alone":   {`"1"`, 200, ""},
		"weakened by a proxy": {`W/"1-0123456789abcdef"`, 200, ""},
		"another version":     {`"2"`, 412, "stale-version"},
		"version 0":           {`"0"`, 412, "stale-version"},
		"any":                 {`*`, 400, "bad-input"},
		"two":                 {`"1", "2"`, 400, "bad-input"},
		"two whole tags":      {`"1-0123456789abcdef", "2-0123456789abcdef"`, 400, "bad-input"},
		"without quotes":      {`1`, 400, "bad-input"},
		"a quote alone":       {`"`, 400, "bad-input"},
		"beyond ASCII":        {`"1-é"`, 400, "bad-input"},
		"of something else":   {`"x"`, 412, "stale-version"},
		"empty":               {`""`, 412, "stale-version"},
		"negative":            {`"-1"`, 412, "stale-version"},
		"too large":           {`"99999999999999999999"`, 412, "stale-version"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := enabled(t)
			var headers []string
			if c.header != "" {
				headers = []string{"If-Match", c.header}
			}
			r := w.as(relatedro.Administrator, "loc-100").send("PUT", settingsPath, wanting(relatedro.Disabled, north), headers...)
			switch {
			case c.status == 200:
				r.want(t, 200)
			case c.status == 400:
				r.problem(t, 400, c.kind, "If-Match")
			default:
				r.problem(t, c.status, c.kind)
			}
		})
	}
}

func TestBadSettingsAreBadWhateverTheETag(t *testing.T) {
	w, _ := enabled(t)
	for _, tag := range []string{`"1"`, `"2"`, `"x"`} {
		w.as(relatedro.Support, "loc-100").send("PUT", settingsPath, `{}`, "If-Match", tag).problem(t, 400, "bad-input", "status", "dms",
			"karmak")
	}
}

func TestSettingsRefused(t *testing.T) {
	good := wanting(relatedro.Disabled, north)
	for name, c := range map[string]struct {
		body   string
		fields []string
	}{
		"nothing in it": {`{}`, []string{"status", "dms", "karmak"}},
		"no user": {`{"status":"DISABLED","dms":"KARMAK_FUSION","karmak":{"account":"a","branch":""}}`,
			[]string{"karmak.user"}},
		"enabled without account": {wanting(relatedro.Enabled, relatedro.Connection{}), []string{"karmak.account", "karmak.user"}},
		"another DMS":             {strings.Replace(good, "KARMAK_FUSION", "OTHER", 1), []string{"dms"}},
		"another status":          {strings.Replace(good, "DISABLED", "disabled", 1), []string{"status"}},
		"a filter as branch": {wanting(relatedro.Disabled, relatedro.Connection{Branch: "01,RONumber[GT]0"}),
			[]string{"karmak.branch"}},
		"NULL as branch":      {wanting(relatedro.Disabled, relatedro.Connection{Branch: "NULL"}), []string{"karmak.branch"}},
		"a member of its own": {strings.Replace(good, `{"status"`, `{"version":1,"status"`, 1), []string{"version"}},
		"in another case":     {strings.Replace(good, `"status"`, `"Status"`, 1), []string{"status", "Status"}},
		"given twice":         {strings.Replace(good, `{"status"`, `{"status":"ENABLED","status"`, 1), []string{"status"}},
		"twice within":        {strings.Replace(good, `{"account"`, `{"account":"x","account"`, 1), []string{"karmak.account"}},
		"null":                {strings.Replace(good, `"DISABLED"`, `null`, 1), []string{"status"}},
		"karmak is a list":    {`{"status":"DISABLED","dms":"KARMAK_FUSION","karmak":[]}`, []string{"karmak"}},
		"a list":              {`[` + good + `]`, []string{"body"}},
		"not JSON":            {`status=DISABLED`, []string{"body"}},
		"something after it":  {good + good, []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := enabled(t)
			w.as(relatedro.Support, "loc-100").send("PUT", settingsPath, c.body, "If-Match", `"1"`).problem(t, 400, "bad-input",
				c.fields...)
		})
	}
}

func TestChangeNeedsToKnowWho(t *testing.T) {
	w, _ := enabled(t)
	nameless := w.claiming(map[string]any{"roles": []string{"support"}, "locations": []string{"loc-100"}})
	nameless.put(1, relatedro.Disabled, north).problem(t, 403, "forbidden")
}

func TestVerifyStoresWhatKarmakSaysAndNothingElse(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.Administrator, "loc-100")
	before := manager.settings()
	if err := w.karmak.AddAccount(karmaktest.Account{ID: north.Account, Users: []string{north.User}}); err != nil {
		t.Fatal(err)
	}
	if err := w.karmak.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	var answered settingsAnswer
	manager.send("POST", settingsPath+"/verify", "").want(t, 200).decode(t, &answered)
	if answered.Activation.State != "not_activated" || *answered.Activation.CheckedAt != "2026-11-23T12:01:00Z" {
		t.Errorf("unexpected activation in the response: %+v", answered.Activation)
	}
	after := manager.settings()
	if after.Activation.State != "not_activated" {
		t.Errorf("activation not stored: %+v", after.Activation)
	}
	if after.Version != before.Version || after.Status != before.Status || *after.UpdatedAt != *before.UpdatedAt {
		t.Errorf("verify changed more than the activation: %+v", after)
	}
}

// TestVerifyOfAnAccountThatIsNoLongerTheLocations changes the location's account while Karmak
// verifies the previous one.
func TestVerifyOfAnAccountThatIsNoLongerTheLocations(t *testing.T) {
	w, _ := enabled(t)
	w.karmakActive(north)
	change := relatedro.Change{
		ID: "another", At: noon, By: "support-2", Before: relatedro.Settings{Version: 1},
		After: relatedro.Settings{Location: "loc-100", Status: relatedro.Disabled, Connection: south},
	}
	var changed atomic.Bool
	tables.Faults(t, func(string, []byte) *dynamodbengine.Fault {
		if len(w.karmak.Requests()) > 0 && changed.CompareAndSwap(false, true) {
			if err := w.store.SaveSettings(t.Context(), change); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	manager := w.as(relatedro.Administrator, "loc-100")
	var answered settingsAnswer
	manager.send("POST", settingsPath+"/verify", "").want(t, 200).decode(t, &answered)
	for when, s := range map[string]settingsAnswer{"answered": answered, "stored": manager.settings()} {
		if s.Version != 2 || s.Karmak.Account != south.Account || s.Activation.State != "unknown" {
			t.Errorf("%s: %+v", when, s)
		}
	}
}

func TestVerifyChangesTheTagButNotTheVersion(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.Administrator, "loc-100")
	tag := manager.get(settingsPath).header.Get("ETag")
	verified := manager.send("POST", settingsPath+"/verify", "").want(t, 200).header.Get("ETag")
	if verified == tag || !strings.HasPrefix(verified, `"1-`) {
		t.Errorf("ETag before %s, after %s", tag, verified)
	}
	manager.send("PUT", settingsPath, wanting(relatedro.Disabled, north), "If-Match", tag).want(t, 200)
}

func TestVerifyNeedsAnAccount(t *testing.T) {
	w := newWorld(t)
	w.as(relatedro.Administrator, "loc-100").send("POST", settingsPath+"/verify", "").problem(t, 409, "not-connected")
}

func TestEnablingNeedsASetUpFirst(t *testing.T) {
	w := newWorld(t)
	none := relatedro.Connection{}
	w.as(relatedro.Administrator, "loc-100").put(0, relatedro.Enabled, none).problem(t, 409, "not-connected")
	w.as(relatedro.Support, "loc-100").put(0, relatedro.Enabled, none).problem(t, 400, "bad-input", "karmak.account", "karmak.user")
}

func TestSupportVerifiesWhatIsNotSavedYet(t *testing.T) {
	w, _ := enabled(t)
	w.karmakActive(south)
	asked := func(c relatedro.Connection) string {
		return `{"karmak":{"account":"` + c.Account + `","user":"` + c.User + `","branch":"` + c.Branch + `"}}`
	}
	support := w.as(relatedro.Support, "loc-100")
	before := support.settings()
	var answered settingsAnswer
	support.send("POST", settingsPath+"/verify", asked(south)).want(t, 200).decode(t, &answered)
	if answered.Activation.State != "active" || answered.Karmak.Account != north.Account {
		t.Errorf("unexpected response: %+v", answered)
	}
	if after := support.settings(); after.Activation.State != before.Activation.State {
		t.Errorf("stored the activation of another account: %+v", after.Activation)
	}
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", settingsPath+"/verify", asked(south)).problem(t, 403, "forbidden", "karmak")
	w.clock.advance(relatedro.VerifyPeriod)
	manager.send("POST", settingsPath+"/verify", asked(north)).want(t, 200)
	support.send("POST", settingsPath+"/verify", asked(relatedro.Connection{})).problem(t, 400, "bad-input", "karmak.account",
		"karmak.user")
	support.send("POST", settingsPath+"/verify", `{}`).problem(t, 400, "bad-input", "karmak")
}

func TestHistoryInPages(t *testing.T) {
	w := newWorld(t)
	for i := range relatedro.PageSize + 2 {
		w.change(relatedro.Change{ID: fmt.Sprint("change-", i), At: noon.Add(time.Duration(i) * time.Minute), By: "user-7",
			After: relatedro.Settings{Location: "loc-100", Status: relatedro.Disabled, Connection: north}})
	}
	manager := w.as(relatedro.ServiceManager, "loc-100")
	var versions []int
	for target := settingsPath + "/history"; target != ""; {
		var page struct {
			Changes []struct{ After struct{ Version int } }
			Cursor  *string
		}
		manager.get(target).want(t, 200).decode(t, &page)
		for _, c := range page.Changes {
			versions = append(versions, c.After.Version)
		}
		target = ""
		if page.Cursor != nil {
			target = settingsPath + "/history?cursor=" + url.QueryEscape(*page.Cursor)
		}
	}
	for i, version := range versions {
		if version != relatedro.PageSize+2-i {
			t.Fatalf("versions %v", versions)
		}
	}
	if len(versions) != relatedro.PageSize+2 {
		t.Errorf("got %d changes", len(versions))
	}
}

func TestDisablingShowsWithinHalfAMinute(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	status := func() string {
		var p pageAnswer
		advisor.get(cases).want(t, 200).decode(t, &p)
		return p.Cases[0].FeatureStatus
	}
	if status() != "ENABLED" {
		t.Fatal("feature is not enabled")
	}
	w.as(relatedro.ServiceManager, "loc-100").put(1, relatedro.Disabled, north).want(t, 200)
	w.clock.advance(relatedro.SettingsLife)
	if status() != "DISABLED" {
		t.Error("feature is still enabled after 30 s")
	}
	w.karmakActive(north)
	w.as(relatedro.ServiceManager, "loc-100").put(2, relatedro.Enabled, north).want(t, 200)
	if status() != "ENABLED" {
		t.Error("feature is not enabled immediately")
	}
}

func TestListOverANewConnectionShowsAtOnce(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
	advisor.get(cases).want(t, 200) // caches the settings
	w.setUp("loc-100", relatedro.Enabled, south)
	w.save(aCase("loc-100", "case-1", "50", south, alternate("61", "50")))
	var p pageAnswer
	advisor.get(cases).want(t, 200).decode(t, &p)
	if p.Cases[0].numbers() != "61" {
		t.Errorf("unexpected case: %+v", p.Cases[0])
	}
}

func TestSettingsWhileTheStoreFails(t *testing.T) {
	w, _ := enabled(t)
	tables.Faults(t, func(op string, _ []byte) *dynamodbengine.Fault {
		if strings.HasPrefix(op, "TransactWrite") {
			return dynamodbengine.Broken()
		}
		return nil
	})
	w.as(relatedro.ServiceManager, "loc-100").put(1, relatedro.Disabled, north).problem(t, 503, "unavailable")
}
