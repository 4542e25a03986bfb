package gateway

import "testing"

func TestMatchPathAtItsEdges(t *testing.T) {
	for _, tt := range []struct {
		name, pattern, path string
		matches             bool
	}{
		{"a slash at the end is another path", "/console", "/console/", false},
		{"which a greedy parameter takes", "/console/{proxy+}", "/console/", true},
		{"but not the path without it", "/console/{proxy+}", "/console", false},
		{"nor only one segment", "/console/{proxy+}", "/console/a/b", true},
		{"no parameter is empty", "/cases/{id}/ros", "/cases//ros", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, ok := matchPath(tt.pattern, tt.path); ok != tt.matches {
				t.Errorf("%s matches %s: %v", tt.pattern, tt.path, ok)
			}
		})
	}
}
