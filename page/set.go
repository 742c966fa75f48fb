package page

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"text/template/parse"
)

// set is one page. Functions such as t depend on the request, and templates
// bind functions, not requests: so each execution runs in a copy whose
// functions read the copy's own state. Copies are kept and used again.
type set struct {
	parse func() (*template.Template, error) // anew: to keep every page parsed would cost more memory than all the rest
	kit   *Templates
	free  chan *copied
}

type copied struct {
	tree  *template.Template
	state *state
}

func (s *set) take() (*copied, error) {
	select {
	case one := <-s.free:
		return one, nil
	default:
	}
	tree, err := s.parse()
	if err != nil {
		return nil, fmt.Errorf("page: parse: %w", err)
	}
	own := &state{}
	return &copied{tree: tree.Funcs(own.funcs(s.kit)), state: own}, nil
}

func (s *set) give(one *copied) {
	one.state.Context = Context{}
	select {
	case s.free <- one:
	default:
	}
}

// check refuses a page that calls a template which does not exist (its title
// and main, which the layout calls, are the first to be missed), at start-up instead of before a reader. The tree is not to be used afterwards.
func check(tree *template.Template) error {
	for _, one := range tree.Templates() {
		if one.Tree == nil {
			continue
		}
		var missing error
		walk(one.Tree.Root, func(node parse.Node) {
			if call, ok := node.(*parse.TemplateNode); ok && tree.Lookup(call.Name) == nil && missing == nil {
				missing = fmt.Errorf("template %q is called but not defined", call.Name)
			}
		})
		if missing != nil {
			return missing
		}
	}
	// Escaping happens at the first execution and can fail too: do it now. Without
	// data the execution itself may fail, which says nothing.
	var escape *template.Error
	if err := tree.ExecuteTemplate(io.Discard, "layout.html", nil); errors.As(err, &escape) {
		return escape
	}
	return nil
}

// walk visits every node of a template.
func walk(node parse.Node, visit func(parse.Node)) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			walk(child, visit)
		}
		return
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, command := range n.Cmds {
			walk(command, visit)
		}
		return
	case *parse.CommandNode:
		for _, arg := range n.Args {
			walk(arg, visit)
		}
	}
	visit(node)
}

func walkBranch(n *parse.BranchNode, visit func(parse.Node)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	walk(n.ElseList, visit)
}
