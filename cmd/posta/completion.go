package main

import (
	"fmt"
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
}

// Run prints a completion script made from the commands themselves.
func (c *completionCmd) Run(parser *kong.Kong, t terminal) error {
	all, values := collect(parser.Model.Node, "", nil, map[string][]string{})
	var paths []string
	for _, w := range all {
		if w.path != "" {
			paths = append(paths, `"`+w.path+`"`)
		}
	}
	flags := make([]string, 0, len(values))
	for flag := range values {
		flags = append(flags, flag)
	}
	slices.Sort(flags)
	write := map[string]func(*strings.Builder, []words, []string, []string, map[string][]string){"bash": bash, "zsh": zsh, "fish": fish}[c.Shell]
	var out strings.Builder
	write(&out, all, paths, flags, values)
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

// collect gathers what may follow each command, and of each flag that takes a
// value which ones it may be, if they are few.
func collect(node *kong.Node, path string, above []string, values map[string][]string) ([]words, map[string][]string) {
	mine := words{path: path, flags: slices.Clone(above)}
	for _, flag := range node.Flags {
		mine.flags = append(mine.flags, "--"+flag.Name)
		if !flag.IsBool() && flag.Target.Kind() != reflect.Bool {
			values["--"+flag.Name] = options(flag.Value)
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
		below, _ := collect(child, strings.TrimSpace(path+" "+child.Name), mine.flags, values)
		all = append(all, below...)
	}
	return all, values
}

func options(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return strings.FieldsFunc(v.Enum, func(r rune) bool { return r == ',' || r == ' ' })
}

func bash(out *strings.Builder, all []words, paths, flags []string, values map[string][]string) {
	out.WriteString(`_posta() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${path:+$path }${COMP_WORDS[i]}" in
`)
	fmt.Fprintf(out, "      %s) path=\"${path:+$path }${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  case \"$prev\" in\n", strings.Join(paths, "|"))
	for _, flag := range flags {
		choice := ""
		if len(values[flag]) > 0 {
			choice = fmt.Sprintf(`COMPREPLY=($(compgen -W "%s" -- "$cur")); `, strings.Join(values[flag], " "))
		}
		fmt.Fprintf(out, "    %s) %sreturn ;;\n", flag, choice)
	}
	out.WriteString("  esac\n  case \"$path\" in\n")
	for _, w := range all {
		fmt.Fprintf(out, `    "%s") if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "%s" -- "$cur")); else COMPREPLY=($(compgen -W "%s" -- "$cur")); fi ;;`+"\n",
			w.path, strings.Join(w.flags, " "), strings.Join(w.commands, " "))
	}
	out.WriteString("  esac\n}\ncomplete -o default -F _posta posta\n")
}

func zsh(out *strings.Builder, all []words, paths, flags []string, values map[string][]string) {
	out.WriteString(`_posta() {
  local at="" i
  for ((i = 2; i < CURRENT; i++)); do
    case "${at:+$at }$words[i]" in
`)
	fmt.Fprintf(out, "      (%s) at=\"${at:+$at }$words[i]\" ;;\n    esac\n  done\n  case \"$words[CURRENT-1]\" in\n", strings.Join(paths, "|"))
	for _, flag := range flags {
		choice := "_files"
		if len(values[flag]) > 0 {
			choice = "compadd -- " + strings.Join(values[flag], " ")
		}
		fmt.Fprintf(out, "    (%s) %s; return ;;\n", flag, choice)
	}
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

func fish(out *strings.Builder, all []words, paths, flags []string, values map[string][]string) {
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
			if choices, takes := values[flag]; takes {
				out.WriteString(" -r")
				if len(choices) > 0 {
					fmt.Fprintf(out, " -f -a '%s'", strings.Join(choices, " "))
				}
			}
			out.WriteString("\n")
		}
	}
}
