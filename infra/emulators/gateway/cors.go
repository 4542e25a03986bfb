package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"related-ro/infra/emulators/template"
)

// applyCORS sets the CORS headers that the API's configuration asks for. Like API Gateway, it
// ignores CORS headers from the function. A nil configuration sets none.
func applyCORS(c *template.CORS, header http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if c == nil || origin == "" {
		return
	}
	allowed := ""
	for _, candidate := range c.AllowOrigins {
		if candidate == "*" || strings.EqualFold(candidate, origin) {
			allowed = candidate
			break
		}
	}
	if allowed == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", allowed)
	if allowed != "*" {
		header.Add("Vary", "Origin")
	}
	if c.AllowCredentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			header.Set(name, strings.Join(values, ","))
		}
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		list("Access-Control-Allow-Methods", c.AllowMethods)
		list("Access-Control-Allow-Headers", c.AllowHeaders)
		if c.MaxAge > 0 {
			header.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
		}
		return
	}
	list("Access-Control-Expose-Headers", c.ExposeHeaders)
}
