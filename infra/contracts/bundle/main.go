// Command bundle writes the HTTP contract, infra/contracts/openapi.yaml, as one JSON document without YAML
// anchors, which some client generators do not support. The result, infra/contracts/openapi.json, is
// committed; update it with go generate in this directory.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"

	"gopkg.in/yaml.v3"
)

//go:generate go run . -contract ../openapi.yaml -o ../openapi.json

func main() {
	contract := flag.String("contract", "infra/contracts/openapi.yaml", "the contract")
	out := flag.String("o", "infra/contracts/openapi.json", "output file")
	flag.Parse()
	bundled, err := bundle(*contract)
	if err == nil {
		err = os.WriteFile(*out, bundled, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// bundle returns a YAML file as JSON, in the same order.
func bundle(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 {
		return nil, errors.New("must contain exactly one document")
	}
	var compact, indented bytes.Buffer
	if err := write(&compact, document.Content[0]); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := json.Indent(&indented, compact.Bytes(), "", " "); err != nil {
		return nil, err
	}
	return append(indented.Bytes(), '\n'), nil
}

func write(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		return write(out, n.Alias)
	case yaml.MappingNode:
		return list(out, '{', '}', merged(n), 2, func(pair []*yaml.Node) error {
			out.Write(encode(pair[0].Value))
			out.WriteByte(':')
			return write(out, pair[1])
		})
	case yaml.SequenceNode:
		return list(out, '[', ']', n.Content, 1, func(item []*yaml.Node) error { return write(out, item[0]) })
	}
	var scalar any
	if err := n.Decode(&scalar); err != nil {
		return err
	}
	out.Write(encode(scalar))
	return nil
}

// merged returns the names and values of a mapping alternately, with each "<<" replaced by the
// pairs of the mapping that it names.
func merged(n *yaml.Node) (pairs []*yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			pairs = append(pairs, n.Content[i+1].Alias.Content...)
		} else {
			pairs = append(pairs, n.Content[i], n.Content[i+1])
		}
	}
	return pairs
}

// list writes an array or an object; each element takes `each` nodes.
func list(out *bytes.Buffer, opening, closing byte, nodes []*yaml.Node, each int, one func([]*yaml.Node) error) error {
	out.WriteByte(opening)
	for i := 0; i < len(nodes); i += each {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := one(nodes[i : i+each]); err != nil {
			return err
		}
	}
	out.WriteByte(closing)
	return nil
}

// encode returns a scalar as JSON without HTML escaping.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // unreachable for a scalar
	}
	return bytes.TrimSpace(b.Bytes())
}
