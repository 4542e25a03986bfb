package browser

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// hash matches the content hash in an asset's name.
var hash = regexp.MustCompile(`-([0-9a-f]{10})\.`)

// twoBuilds handles some of the console's requests like a build with different asset names, which
// the function's own build does not know. The content is always the function's.
func twoBuilds(t *testing.T, api string) http.Handler {
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Accept-Encoding")
			r.Out.Header.Del("If-None-Match")
			if rand.N(2) == 0 {
				r.Out.URL.Path = hash.ReplaceAllStringFunc(r.Out.URL.Path, reversed)
				r.Out.Header.Set("X-Other-Build", "1")
			}
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Cache-Control", "no-store")
			if r.Request.Header.Get("X-Other-Build") == "" {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body = hash.ReplaceAllFunc(body, func(h []byte) []byte { return []byte(reversed(string(h))) })
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.Body = io.NopCloser(bytes.NewReader(body))
			return nil
		},
	}
}

// reversed maps a hash of one build to the hash of the other, in both directions.
func reversed(h string) string {
	r := []byte(h)
	for i, j := 1, len(r)-2; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

func TestConsoleLoadsWhileTwoBuildsAnswer(t *testing.T) {
	w := start(t)
	front := http.NewServeMux()
	api, err := url.Parse(w.APIURL)
	if err != nil {
		t.Fatal(err)
	}
	front.Handle("/", httputil.NewSingleHostReverseProxy(api))
	front.Handle("/console/assets/", twoBuilds(t, w.APIURL))
	front.Handle("/console/{$}", twoBuilds(t, w.APIURL))
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	p := open(t, server.URL, 1280, 900, "light")
	call(p, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	for i := range 12 {
		p.run(chromedp.Navigate(fmt.Sprintf("%s/console/?load=%d#/cases/loc-100/case-1002", server.URL, i)))
		p.wait("document.querySelector('main h1') && customElements.get('related-ros')")
		p.sees("related-ros", "50123")
	}
	p.quiet()
}
