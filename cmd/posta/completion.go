package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"Shell: ${enum}." enum:"bash,zsh,fish"`
}

// Run prints a completion script made from the commands themselves.
func (c *completionCmd) Run(parser *kong.Kong, s streams) error {
	words := map[string][]string{}
	collect(parser.Model.Node, "", words)
	paths := make([]string, 0, len(words))
	for path := range words {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	var out strings.Builder
	switch c.Shell {
	case "fish":
		for _, path := range paths {
			condition := "test (count (commandline -opc)) -eq 1"
			if path != "" {
				condition = fmt.Sprintf("string match -q 'posta %s*' (commandline -opc | string join ' ')", path)
			}
			fmt.Fprintf(&out, "complete -c posta -f -n \"%s\" -a '%s'\n", condition, strings.Join(words[path], " "))
		}
	default:
		if c.Shell == "zsh" {
			out.WriteString("autoload -U +X bashcompinit && bashcompinit\n")
		}
		out.WriteString("_posta() {\n  local path= word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $word in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n  done\n  case $path in\n")
		for i := len(paths) - 1; i >= 0; i-- { // longer paths first
			pattern := "\"" + paths[i] + "\"*"
			if paths[i] == "" {
				pattern = "*"
			}
			fmt.Fprintf(&out, "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"${COMP_WORDS[COMP_CWORD]}\")) ;;\n", pattern, strings.Join(words[paths[i]], " "))
		}
		out.WriteString("  esac\n}\ncomplete -o default -F _posta posta\n")
	}
	_, err := fmt.Fprint(s.out, out.String())
	return err
}

// collect gathers what may follow each command: its commands and flags.
func collect(node *kong.Node, path string, words map[string][]string) {
	for _, child := range node.Children {
		if child.Hidden || child.Type != kong.CommandNode {
			continue
		}
		words[path] = append(words[path], child.Name)
		collect(child, strings.TrimSpace(path+" "+child.Name), words)
	}
	for _, flag := range node.Flags {
		words[path] = append(words[path], "--"+flag.Name)
	}
}
