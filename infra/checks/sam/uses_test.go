package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// use is a function's use of AWS, as the permissions that its calls need, for example
// "dynamodb:GetItem".
type use struct {
	actions map[string]bool
	index   bool // the function queries the table's index
}

// sdkUses returns the AWS calls of each function in functions/. The linker removes every
// unreachable method, so a function's policy must allow exactly the operations that are left in its
// binary.
func sdkUses(ctx context.Context) (map[string]use, error) {
	folders, err := filepath.Glob("functions/*")
	if err != nil || len(folders) == 0 {
		return nil, fmt.Errorf("find the functions: %w", err)
	}
	scratch, err := os.MkdirTemp("", "related-ro-sam-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	uses := make(map[string]use)
	for _, folder := range folders {
		name := filepath.Base(folder)
		binary := filepath.Join(scratch, name)
		// Without inlining, so that the symbols also include our own functions.
		build := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-gcflags=related-ro/...=-l", "-o", binary, "./"+folder)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w %s", name, err, output)
		}
		symbols, err := exec.CommandContext(ctx, "go", "tool", "nm", binary).Output()
		if err != nil {
			return nil, fmt.Errorf("symbols of %s: %w", name, err)
		}
		if uses[name], err = useOf(string(symbols), "pkg/dynamo"); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return uses, nil
}

var (
	operationSymbol = regexp.MustCompile(`service/(dynamodb|sqs|secretsmanager|eventbridge)\.\(\*Client\)\.([A-Z]\w+)$`)
	ownSymbol       = regexp.MustCompile(`related-ro/pkg/dynamo\.(?:\(?\*?(\w+)\)?\.)?(\w+)$`)
)

// useOf returns the AWS use that the symbols of a binary indicate. store is the directory of the
// package that makes transactions, whose parts need separate permissions.
func useOf(symbols, store string) (use, error) {
	u := use{actions: make(map[string]bool)}
	linked := make(map[string]bool)
	for line := range strings.Lines(symbols) {
		line = strings.TrimSpace(line)
		if found := operationSymbol.FindStringSubmatch(line); found != nil {
			for _, action := range actionsOf(found[1], found[2]) {
				u.actions[action] = true
			}
		}
		if found := ownSymbol.FindStringSubmatch(line); found != nil {
			linked[found[1]+"."+found[2]] = true
		}
	}
	used, err := usedIn(store, linked)
	if err != nil {
		return u, err
	}
	u.index = used[indexName]
	for part, action := range map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
		"ConditionCheck": "ConditionCheckItem"} {
		if used["TransactWriteItem."+part] {
			u.actions["dynamodb:"+action] = true
		}
	}
	return u, nil
}

// actionsOf returns the permissions that an operation of a service needs, according to AWS's
// service authorization reference: SQS batches need the permissions of their single-message
// actions, transactions those of their parts.
func actionsOf(service, operation string) []string {
	switch {
	// These client methods send no request.
	case operation == "DescribeEndpoints", operation == "Options":
		return nil
	case operation == "TransactWriteItems":
		return nil
	case service == "eventbridge":
		return []string{"events:" + operation}
	case service == "sqs":
		return []string{"sqs:" + strings.TrimSuffix(operation, "Batch")}
	}
	return []string{service + ":" + operation}
}

// indexName is the table's index, as named in the template.
const indexName = "GSI1"

// usedIn returns the fields, as Type.Field, that a package's linked functions set in struct
// literals. It includes indexName if they use a constant with that value.
func usedIn(folder string, linked map[string]bool) (map[string]bool, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	index := make(map[string]bool) // names of constants
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		ast.Inspect(file, func(node ast.Node) bool {
			if constant, ok := node.(*ast.ValueSpec); ok && len(constant.Values) == 1 &&
				slices.Equal(texts(constant.Values[0]), []string{indexName}) {
				index[constant.Names[0].Name] = true
			}
			return true
		})
	}
	used := make(map[string]bool)
	for _, file := range files {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || !linked[receiver(function)+"."+function.Name.Name] {
				continue
			}
			maps.Copy(used, fieldsSet(function))
			ast.Inspect(function, func(node ast.Node) bool {
				if name, ok := node.(*ast.Ident); ok && index[name.Name] {
					used[indexName] = true
				}
				return true
			})
		}
	}
	return used, nil
}

// fieldsSet returns the fields that a function's struct literals set, as Type.Field. A literal
// without a type inside a slice literal has the slice's element type.
func fieldsSet(function *ast.FuncDecl) map[string]bool {
	fields := make(map[string]bool)
	typeOf := make(map[*ast.CompositeLit]string)
	ast.Inspect(function, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if literal.Type != nil {
			typeOf[literal] = typeName(literal.Type)
		}
		for _, element := range literal.Elts {
			if inner, ok := element.(*ast.CompositeLit); ok && inner.Type == nil {
				typeOf[inner] = typeOf[literal]
			}
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.Ident); ok {
					fields[typeOf[literal]+"."+key.Name] = true
				}
			}
		}
		return true
	})
	return fields
}

// typeName returns the last part of a type's name; for a slice, that of its element type.
func typeName(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func receiver(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return ""
	}
	expression := function.Recv.List[0].Type
	if pointer, ok := expression.(*ast.StarExpr); ok {
		expression = pointer.X
	}
	return typeName(expression)
}

// metricGroups returns the dimensions of each metric, from the calls of Metrics.Group below a
// directory.
func metricGroups(folder string) (map[string][][]string, error) {
	groups := make(map[string][][]string)
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || typeName(call.Fun) != "Group" || len(call.Args) == 0 {
				return true
			}
			name := typeName(call.Args[0]) // a constant is identified by its name
			if literals := texts(call.Args[0]); len(literals) == 1 {
				name = literals[0]
			}
			for _, group := range call.Args[1:] {
				groups[name] = append(groups[name], texts(group))
			}
			return true
		})
		return nil
	})
	return groups, err
}

// texts returns the string literals in an expression, sorted.
func texts(expression ast.Expr) []string {
	var all []string
	ast.Inspect(expression, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			all = append(all, strings.Trim(literal.Value, `"`))
		}
		return true
	})
	slices.Sort(all)
	return all
}

// headings returns the anchors of a Markdown page's headings.
func headings(path string) (map[string]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	anchors := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			anchors[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-")] = true
		}
	}
	return anchors, nil
}
