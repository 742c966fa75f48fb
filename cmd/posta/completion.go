package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"Shell: ${enum}." enum:"bash,zsh,fish"`
}

// Help is shown by --help.
func (c *completionCmd) Help() string {
	return `Put the line for your shell in its start-up file:

  source <(posta completion bash)     ~/.bashrc
  source <(posta completion zsh)      ~/.zshrc, after compinit
  posta completion fish | source      ~/.config/fish/config.fish`
}

// words are what may follow one command.
type words struct {
	path     string   // "payments create"; "" is posta itself
	commands []string // or the values of its argument
	flags    []string
	values   map[string][]string // of flags that take one: which they may be, none if any
}

// Run prints a completion script made from the commands themselves.
func (c *completionCmd) Run(parser *kong.Kong, t terminal) error {
	all := collect(parser.Model.Node, "", words{})
	var paths []string
	for _, w := range all {
		if w.path != "" {
			paths = append(paths, `"`+w.path+`"`)
		}
	}
	write := map[string]func(*strings.Builder, []words, []string){"bash": bash, "zsh": zsh, "fish": fish}[c.Shell]
	var out strings.Builder
	write(&out, all, paths)
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

// collect gathers what may follow each command; above is the command's parent.
func collect(node *kong.Node, path string, above words) []words {
	mine := words{path: path, flags: slices.Clone(above.flags), values: maps.Clone(above.values)}
	if mine.values == nil {
		mine.values = map[string][]string{}
	}
	for _, flag := range node.Flags {
		mine.flags = append(mine.flags, "--"+flag.Name)
		if !flag.IsBool() && flag.Target.Kind() != reflect.Bool {
			mine.values["--"+flag.Name] = options(flag.Value)
		}
	}
	for _, argument := range node.Positional {
		mine.commands = append(mine.commands, options(argument)...)
	}
	all := []words{mine}
	for _, child := range node.Children {
		if child.Hidden || child.Type != kong.CommandNode {
			continue
		}
		all[0].commands = append(all[0].commands, child.Name)
		all = append(all, collect(child, strings.TrimSpace(path+" "+child.Name), mine)...)
	}
	return all
}

// valued writes what follows the flags that take a value: for each command
// those whose values are few, by choose, and then that of all others.
func valued(out *strings.Builder, all []words, choose func(where string, choices []string) string) (others []string) {
	for _, w := range all {
		for _, flag := range slices.Sorted(maps.Keys(w.values)) {
			if choices := w.values[flag]; len(choices) > 0 {
				out.WriteString(choose(strings.TrimSpace(w.path+" "+flag), choices))
			}
			others = append(others, flag)
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}

func options(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return strings.FieldsFunc(v.Enum, func(r rune) bool { return r == ',' || r == ' ' })
}

func bash(out *strings.Builder, all []words, paths []string) {
	out.WriteString(`_posta() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${path:+$path }${COMP_WORDS[i]}" in
`)
	fmt.Fprintf(out, "      %s) path=\"${path:+$path }${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  case \"${path:+$path }$prev\" in\n", strings.Join(paths, "|"))
	others := valued(out, all, func(where string, choices []string) string {
		return fmt.Sprintf(`    "%s") COMPREPLY=($(compgen -W "%s" -- "$cur")); return ;;`+"\n", where, strings.Join(choices, " "))
	})
	fmt.Fprintf(out, "  esac\n  case \"$prev\" in\n    %s) return ;;\n", strings.Join(others, "|"))
	out.WriteString("  esac\n  case \"$path\" in\n")
	for _, w := range all {
		fmt.Fprintf(out, `    "%s") if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "%s" -- "$cur")); else COMPREPLY=($(compgen -W "%s" -- "$cur")); fi ;;`+"\n",
			w.path, strings.Join(w.flags, " "), strings.Join(w.commands, " "))
	}
	out.WriteString("  esac\n}\ncomplete -o default -F _posta posta\n")
}

func zsh(out *strings.Builder, all []words, paths []string) {
	out.WriteString(`_posta() {
  local at="" i
  for ((i = 2; i < CURRENT; i++)); do
    case "${at:+$at }$words[i]" in
`)
	fmt.Fprintf(out, "      (%s) at=\"${at:+$at }$words[i]\" ;;\n    esac\n  done\n  case \"${at:+$at }$words[CURRENT-1]\" in\n", strings.Join(paths, "|"))
	others := valued(out, all, func(where string, choices []string) string {
		return fmt.Sprintf("    (\"%s\") compadd -- %s; return ;;\n", where, strings.Join(choices, " "))
	})
	fmt.Fprintf(out, "  esac\n  case \"$words[CURRENT-1]\" in\n    (%s) _files; return ;;\n", strings.Join(others, "|"))
	out.WriteString("  esac\n  case \"$at\" in\n")
	for _, w := range all {
		other := "_files"
		if len(w.commands) > 0 {
			other = "compadd -- " + strings.Join(w.commands, " ")
		}
		fmt.Fprintf(out, "    (\"%s\") if [[ $words[CURRENT] == -* ]]; then compadd -- %s; else %s; fi ;;\n", w.path, strings.Join(w.flags, " "), other)
	}
	out.WriteString("  esac\n}\ncompdef _posta posta\n")
}

func fish(out *strings.Builder, all []words, paths []string) {
	fmt.Fprintf(out, `function __posta_at
  set -l at ""
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$at $word")
    contains -- "$next" %s; and set at $next
  end
  test "$at" = "$argv[1]"
end
complete -c posta -e
`, strings.Join(paths, " "))
	for _, w := range all {
		condition := fmt.Sprintf("-n '__posta_at \"%s\"'", w.path)
		if len(w.commands) > 0 {
			fmt.Fprintf(out, "complete -c posta -f %s -a '%s'\n", condition, strings.Join(w.commands, " "))
		}
		for _, flag := range w.flags {
			fmt.Fprintf(out, "complete -c posta %s -l %s", condition, strings.TrimPrefix(flag, "--"))
			if choices, takes := w.values[flag]; takes {
				out.WriteString(" -r")
				if len(choices) > 0 {
					fmt.Fprintf(out, " -f -a '%s'", strings.Join(choices, " "))
				}
			}
			out.WriteString("\n")
		}
	}
}
