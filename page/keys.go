package page

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// Keys returns the sorted keys that {{t "key"}} uses in the kit and in the
// templates of fsys (patterns as in New), for a test that the catalog has them
// all. Keys that a template puts together ((print "state." .)) end in "*".
func Keys(fsys fs.FS, patterns ...string) ([]string, error) {
	if len(patterns) == 0 {
		patterns = []string{"*.html"}
	}
	seen := map[string]bool{}
	read := func(fsys fs.FS, pattern string) error {
		names, err := fs.Glob(fsys, pattern)
		if err != nil {
			return fmt.Errorf("page: pattern %q: %w", pattern, err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(fsys, name)
			if err != nil {
				return fmt.Errorf("page: read %s: %w", name, err)
			}
			tree := parse.New(name)
			tree.Mode = parse.SkipFuncCheck
			trees := map[string]*parse.Tree{}
			if _, err := tree.Parse(string(raw), "", "", trees); err != nil {
				return fmt.Errorf("page: parse %s: %w", name, err)
			}
			for _, one := range trees {
				walk(one.Root, func(node parse.Node) { keyOf(node, seen) })
			}
		}
		return nil
	}
	if err := read(kit, "html/*.html"); err != nil {
		return nil, err
	}
	for _, pattern := range patterns {
		if err := read(fsys, pattern); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// keyOf notes the key of one call of t.
func keyOf(node parse.Node, seen map[string]bool) {
	call, ok := node.(*parse.CommandNode)
	if !ok || len(call.Args) < 2 {
		return
	}
	if name, ok := call.Args[0].(*parse.IdentifierNode); !ok || name.Ident != "t" {
		return
	}
	switch key := call.Args[1].(type) {
	case *parse.StringNode:
		seen[key.Text] = true
	case *parse.PipeNode: // (print "error." .code ".title")
		if args := key.Cmds[0].Args; len(args) > 1 {
			if prefix, ok := args[1].(*parse.StringNode); ok {
				seen[prefix.Text+"*"] = true
			}
		}
	}
}

// Missing returns those of Keys that has does not know; keys that end in "*"
// are left out.
func Missing(has func(key string) bool, fsys fs.FS, patterns ...string) ([]string, error) {
	keys, err := Keys(fsys, patterns...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(keys, func(key string) bool { return strings.HasSuffix(key, "*") || has(key) }), nil
}
