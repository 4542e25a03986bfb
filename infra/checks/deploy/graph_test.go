package deploy

import (
	"maps"
	"regexp"
	"slices"
)

// substitution matches a ${...} of Fn::Sub up to its attribute.
var substitution = regexp.MustCompile(`\$\{([A-Za-z0-9]+)`)

// references returns the logical IDs that a template node refers to.
func references(node any) (ids []string) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			ids = append(ids, references(item)...)
		}
	case object:
		for key, value := range node {
			text, _ := value.(string)
			list, _ := value.([]any)
			switch {
			case key == "Ref":
				ids = append(ids, text)
			case key == "Fn::GetAtt" && len(list) > 0:
				id, _ := list[0].(string)
				ids = append(ids, id)
			case key == "DependsOn":
				for _, id := range listOf(value) {
					text, _ := id.(string)
					ids = append(ids, text)
				}
			case key == "Fn::Sub":
				if len(list) > 0 {
					text, _ = list[0].(string)
				}
				for _, found := range substitution.FindAllStringSubmatch(text, -1) {
					ids = append(ids, found[1])
				}
				fallthrough
			default:
				ids = append(ids, references(value)...)
			}
		}
	}
	return ids
}

// circle returns the logical IDs of a reference cycle, or nil.
func circle(template object) []string {
	resources := template["Resources"].(map[string]any)
	done := make(map[string]bool)
	var visit func(id string, path []string) []string
	visit = func(id string, path []string) []string {
		if start := slices.Index(path, id); start >= 0 {
			return append(slices.Clone(path[start:]), id)
		}
		if done[id] {
			return nil
		}
		for _, next := range references(resources[id]) {
			if _, ok := resources[next]; ok {
				if found := visit(next, append(slices.Clone(path), id)); found != nil {
					return found
				}
			}
		}
		done[id] = true
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		if found := visit(id, nil); found != nil {
			return found
		}
	}
	return nil
}
