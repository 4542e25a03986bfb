package main

import (
	"bytes"
	"os"
	"testing"
)

func TestBundleIsMadeOfTheContract(t *testing.T) {
	want, err := bundle("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../openapi.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("infra/contracts/openapi.json does not match infra/contracts/openapi.yaml, %v: run go generate ./infra/contracts/bundle",
			err)
	}
}

func TestBundleResolvesAnchors(t *testing.T) {
	file := t.TempDir() + "/contract.yaml"
	text := "a: &shared {x: 1, y: [true, null, 1.5, \"<&>\"]}\nb: *shared\nc: {z: 2, <<: *shared}\n'200': ok\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := bundle(file)
	if err != nil {
		t.Fatal(err)
	}
	const shared = `"x":1,"y":[true,null,1.5,"<&>"]`
	want := `{"a":{` + shared + `},"b":{` + shared + `},"c":{"z":2,` + shared + `},"200":"ok"}`
	if compact := bytes.Join(bytes.Fields(got), nil); string(compact) != want {
		t.Errorf("got  %s\nwant %s", compact, want)
	}
}
