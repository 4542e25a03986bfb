// Command bundle writes the HTTP contract, infra/openapi.yaml, as one JSON document without YAML's anchors, which not every
// generator of clients reads. The result, infra/openapi.json, is committed: run it with go generate in this folder.
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

//go:generate go run . -contract ../../openapi.yaml -o ../../openapi.json

func main() {
	contract := flag.String("contract", "infra/openapi.yaml", "the contract")
	out := flag.String("o", "infra/openapi.json", "where to write")
	flag.Parse()
	bundled, err := bundle(*contract)
	if err == nil {
		err = os.WriteFile(*out, bundled, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// bundle returns a YAML file as JSON, in its order.
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
		return nil, errors.New("not one document")
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

// merged returns names and values of a mapping in turns, with those of the mapping that a "<<" names in its place.
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

// list writes an array or object of so many nodes each.
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

// encode returns a scalar as JSON, with its characters as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of a scalar
	}
	return bytes.TrimSpace(b.Bytes())
}
