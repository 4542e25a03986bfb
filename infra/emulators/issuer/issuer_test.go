package issuer

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestLoadKeyMakesOneAndKeepsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "key.pem")
	var wg sync.WaitGroup
	ids := make([]string, 4)
	for i := range ids {
		wg.Go(func() {
			key, err := LoadKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i], _ = key.Public()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Errorf("keys are %q, want the same key for all", ids)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.FileMode(0o600) {
		t.Errorf("mode is %v", info.Mode())
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("%d files are left in the directory, want only the key", len(entries))
	}
}

func TestLoadKeyExplainsHowToReplaceAForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), "delete the file") {
		t.Errorf("error is %v", err)
	}
}

func TestJWKSHoldsThePublicKeyAlone(t *testing.T) {
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Issuer, Audience string
		Keys             []map[string]string
	}
	if err := json.Unmarshal([]byte(key.JWKS()), &set); err != nil {
		t.Fatal(err)
	}
	id, _ := key.Public()
	if len(set.Keys) != 1 || set.Keys[0]["kid"] != id || set.Issuer != Issuer || set.Audience != Audience {
		t.Errorf("key set is %+v, want key %s", set, id)
	}
	if _, private := set.Keys[0]["d"]; private || len(set.Keys[0]) != 6 {
		t.Errorf("the key has members %v", set.Keys[0])
	}
}
