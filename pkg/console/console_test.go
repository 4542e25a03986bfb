package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func get(t *testing.T, p string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return send(t, Config{}, "GET", p, headers)
}

func send(t *testing.T, c Config, method, p string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	// As API Gateway sends it for a custom domain whose mapping has the key "ros".
	req := events.APIGatewayV2HTTPRequest{RawPath: "/ros" + p, Headers: headers}
	if below, ok := strings.CutPrefix(p, "/console/"); ok {
		req.PathParameters = map[string]string{"proxy": below}
	}
	req.RequestContext.HTTP.Method = method
	req.RequestContext.RequestID = "request-1"
	res, err := h.Serve(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// body returns the decoded and decompressed content.
func body(t *testing.T, res events.APIGatewayV2HTTPResponse) string {
	t.Helper()
	if !res.IsBase64Encoded {
		return res.Body
	}
	b, err := base64.StdEncoding.DecodeString(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.Headers["content-encoding"] == "gzip" {
		if b, err = unpack(b); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}

// served returns the path of every file relative to /console/.
func served(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(dist, "dist", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(p, "dist/"), ".gz"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPageIsServedAtEveryAddressOfTheConsole(t *testing.T) {
	if res := get(t, "/console", nil); res.StatusCode != 308 || res.Headers["location"] != "/ros/console/index.html" {
		t.Errorf("/console: status %d to %q", res.StatusCode, res.Headers["location"])
	}
	for _, p := range []string{"/console/", "/console/index.html"} {
		res := get(t, p, nil)
		if res.StatusCode != 200 || res.Headers["content-type"] != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %s", p, res.StatusCode, res.Headers["content-type"])
		}
		if !strings.Contains(body(t, res), `<main id="main"`) {
			t.Errorf("%s is not the page", p)
		}
	}
}

func TestEveryReferenceOfAPageIsServed(t *testing.T) {
	for _, page := range []string{"index.html", "components.html"} {
		// Relative, so that they work below a mapping's key. References that begin with # stay on
		// the page.
		references := regexp.MustCompile(`(?:href|src)="([^"#][^"]*)"`).FindAllStringSubmatch(body(t, get(t, "/console/"+page, nil)), -1)
		if len(references) == 0 {
			t.Errorf("%s refers to nothing", page)
		}
		for _, reference := range references {
			if res := get(t, "/console/"+strings.TrimPrefix(reference[1], "./"), nil); res.StatusCode != 200 {
				t.Errorf("%s refers to %s, which has status %d", page, reference[1], res.StatusCode)
			}
		}
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	for _, c := range []struct {
		header string
		gzip   bool
	}{
		{"", false}, {"gzip", true}, {"br, gzip;q=0.8", true}, {"GZIP", true}, {"*", true}, {"identity", false},
		{"gzip;q=0", false}, {"gzip;q=0.0, *", false}, {"*;q=0", false}, {"br", false},
	} {
		t.Run(c.header, func(t *testing.T) {
			res := get(t, "/console/", map[string]string{"accept-encoding": c.header})
			if got := res.Headers["content-encoding"] == "gzip"; got != c.gzip {
				t.Errorf("gzip = %t, want %t", got, c.gzip)
			}
			if !strings.HasPrefix(body(t, res), "<!doctype html>") {
				t.Error("the content is not the page")
			}
			if res.Headers["vary"] != "accept-encoding" {
				t.Errorf("vary = %q", res.Headers["vary"])
			}
		})
	}
}

func TestWhatChangesIsCheckedAndWhatDoesNotIsKept(t *testing.T) {
	for _, name := range served(t) {
		want := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			want = "public, max-age=31536000, immutable"
		}
		if got := get(t, "/console/"+name, nil).Headers["cache-control"]; got != want {
			t.Errorf("%s: cache-control %q, want %q", name, got, want)
		}
	}
}

func TestKnownContentIsNotSentAgain(t *testing.T) {
	for _, name := range append(served(t), "config.json") {
		first := get(t, "/console/"+name, nil)
		tag := first.Headers["etag"]
		for _, header := range []string{tag, `"other", ` + tag, strings.TrimPrefix(tag, "W/"), "*"} {
			again := get(t, "/console/"+name, map[string]string{"if-none-match": header})
			if again.StatusCode != 304 || again.Body != "" || again.Headers["etag"] != tag {
				t.Errorf("%s with If-None-Match %s: %d, etag %s", name, header, again.StatusCode, again.Headers["etag"])
			}
		}
		if res := get(t, "/console/"+name, map[string]string{"if-none-match": `"other"`}); res.StatusCode != 200 {
			t.Errorf("%s with another tag: %d", name, res.StatusCode)
		}
	}
}

func TestEveryAnswerIsLockedDown(t *testing.T) {
	for _, p := range append(served(t), "config.json", "nothing-here") {
		res := get(t, "/console/"+p, nil)
		for name, want := range secure() {
			if res.Headers[name] != want {
				t.Errorf("%s: %s = %q", p, name, res.Headers[name])
			}
		}
		if policy := res.Headers["content-security-policy"]; strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %s", p, policy)
		}
	}
}

func TestPagesHaveNothingInline(t *testing.T) {
	for _, page := range []string{"index.html", "components.html"} {
		html := body(t, get(t, "/console/"+page, nil))
		for _, inline := range []string{"<style", " style=", " onclick=", " onload=", "javascript:"} {
			if strings.Contains(html, inline) {
				t.Errorf("%s contains %q", page, inline)
			}
		}
		for _, script := range strings.Split(html, "<script")[1:] {
			if tag, content, _ := strings.Cut(script, ">"); !strings.Contains(tag, "src=") || !strings.HasPrefix(content, "</script>") {
				t.Errorf("%s has an inline script", page)
			}
		}
	}
}

func TestServedFilesKnowNothingOfTheLocalStack(t *testing.T) {
	for _, name := range served(t) {
		content := body(t, get(t, "/console/"+name, nil))
		for _, local := range []string{"/local", "127.0.0.1", "localhost"} {
			if strings.Contains(content, local) {
				t.Errorf("%s contains %q", name, local)
			}
		}
	}
}

func TestElementsAreSmall(t *testing.T) {
	const most = 18_000 // bytes loaded by every host page: related-ro.js and all its imports
	total := 0
	for _, statement := range strings.Split(strings.TrimSpace(body(t, get(t, "/console/related-ro.js", nil))), "\n") {
		_, name, _ := strings.Cut(statement, "'./")
		name, _, _ = strings.Cut(name, "'")
		packed, err := dist.ReadFile("dist/" + name + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, len(packed))
		total += len(packed)
	}
	if total >= most {
		t.Errorf("the elements have %d bytes, want fewer than %d", total, most)
	}
	for _, language := range languages {
		if !slices.ContainsFunc(served(t), func(name string) bool { return strings.HasPrefix(name, "assets/related-ro-"+language+"-") }) {
			t.Errorf("the texts of %s are not a separate asset", language)
		}
	}
}

func TestElementsNeverParseHTML(t *testing.T) {
	for _, name := range served(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		content := body(t, get(t, "/console/"+name, nil))
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "setHTML", "DOMParser", "eval(",
			"new Function", "localStorage", "sessionStorage"} {
			if strings.Contains(content, sink) {
				t.Errorf("%s contains %s", name, sink)
			}
		}
	}
}

func TestConfigIsHandedToThePage(t *testing.T) {
	want := Config{DashboardURL: "https://console.example.com/dashboard", Extension: "/panel.js"}
	res := send(t, want, "GET", "/console/config.json", nil)
	var got Config
	if err := json.Unmarshal([]byte(body(t, res)), &got); err != nil {
		t.Fatal(err)
	}
	if got != want || res.Headers["content-type"] != "application/json" {
		t.Errorf("got %+v as %s", got, res.Headers["content-type"])
	}
}

func TestEmptyConfigNamesNothing(t *testing.T) {
	if got := body(t, get(t, "/console/config.json", nil)); got != "{}" {
		t.Errorf("config = %s", got)
	}
}

func TestWrongConfigIsRefused(t *testing.T) {
	for _, c := range []Config{
		{DashboardURL: "http://example.com"}, {DashboardURL: "javascript:alert(1)"}, {DashboardURL: "https://"},
		{Extension: "panel.js"}, {Extension: "//elsewhere.example/panel.js"}, {Extension: "https://elsewhere.example"},
		{Extension: "/a/../b"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	for _, p := range []string{
		"/console/nothing", "/console/assets", "/console/assets/", "/console/../go.mod", "/console/index.html.gz",
		"/console//index.html", "/console/assets/%2e%2e/index.html",
	} {
		res := get(t, p, nil)
		if res.StatusCode != 404 || res.Headers["content-type"] != "application/problem+json" || !strings.Contains(res.Body, "request-1") {
			t.Errorf("%s: %d %s %s", p, res.StatusCode, res.Headers["content-type"], res.Body)
		}
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if res := send(t, Config{}, method, "/console/", nil); res.StatusCode != 405 || res.Headers["allow"] != "GET, HEAD" {
			t.Errorf("%s: %d, allow %q", method, res.StatusCode, res.Headers["allow"])
		}
	}
}

func FuzzServe(f *testing.F) {
	f.Add("", "gzip", `W/"x"`)
	f.Add("assets/..", "*;q=", "*")
	h, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p, encoding, tag string) {
		req := events.APIGatewayV2HTTPRequest{PathParameters: map[string]string{"proxy": p},
			Headers: map[string]string{"accept-encoding": encoding, "if-none-match": tag}}
		req.RequestContext.HTTP.Method = "GET"
		res, err := h.Serve(context.Background(), req)
		if err != nil || res.StatusCode != 200 && res.StatusCode != 304 && res.StatusCode != 404 {
			t.Errorf("%d, %v", res.StatusCode, err)
		}
	})
}
