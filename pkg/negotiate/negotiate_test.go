package negotiate

import "testing"

func TestGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "deflate, gzip;q=0.5": true, "br, *": true, "gzip, deflate, br, zstd": true,
		"identity": false, "gzip;q=0": false, "gzip; q=0.000": false, "*;q=0": false, "*;q=0, gzip": true, "*, gzip;q=0": false,
		"gzipped": false, "x-gzip2, gz": false,
	} {
		if got := Gzip(header); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
}

func TestHas(t *testing.T) {
	const etag = `"1-ab"`
	for header, want := range map[string]bool{
		"": false, `"1-ab"`: true, `W/"1-ab"`: true, `"x", "1-ab"`: true, "*": true, `"1-a"`: false, `1-ab`: false, `"1-ab`: false,
		",": false,
	} {
		if got := Has(header, etag); got != want {
			t.Errorf("%s: %t, want %t", header, got, want)
		}
	}
	if !Has(`"1-ab"`, `W/"1-ab"`) {
		t.Error("a strong ETag does not match its weak form")
	}
}
