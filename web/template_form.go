package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"posta"
	"posta/project"
)

// templateForm is a new version of a process as a person fills it in. It begins
// with what the newest version says.
type templateForm struct {
	Sent     sent
	Template project.Template
	Changed  string
	Stages   []stageForm
	Tables   []tableForm
	Channels []project.Channel
	Gate     []option
	Language string
	Problems []string
}

type stageForm struct {
	project.StageRule
	Rules []ruleForm
	Items []checkForm
}

// ruleForm is one condition that code looks at: asked on entering or leaving.
type ruleForm struct {
	Name, Title, Side string
	Says              string // blocks, warns or off
}

// checkForm is one item of a checklist.
type checkForm struct {
	Field string
	project.Item
	Title string
	Says  string // blocks, warns or off: whether leaving the stage asks for it
}

type tableForm struct {
	Name string
	Rows []supportForm
}

type supportForm struct {
	project.Support
	Field string
}

// Uses reports whether a phase is supported by a channel.
func (f supportForm) Uses(c project.Channel) bool { return slices.Contains(f.Channels, c) }

// gateKeys are what a gate can ask for.
var gateKeys = []string{"credentials", "tls", "notices", "homologation", "refund", "quality", "date", "pilot"}

func (s *server) templateFormPage(v *visit, back sent, typed *project.Template) error {
	if err := v.actor().May(project.Manage, ""); err != nil {
		return err
	}
	t, err := v.newestOf(v.r.PathValue("key"))
	if err != nil {
		return err
	}
	if typed != nil {
		t = *typed
	}
	form := templateForm{Sent: back, Template: t, Language: v.words.Lang(), Channels: project.Channels}
	if typed != nil {
		form.Changed = t.Changed[form.Language]
	}
	for _, field := range back.Wrong {
		form.Problems = append(form.Problems, field)
	}
	for i, stage := range t.Stages {
		form.Stages = append(form.Stages, v.stageForm(i, stage))
	}
	for _, name := range sortedTables(t) {
		table := tableForm{Name: name}
		for _, row := range t.Tables[name] {
			table.Rows = append(table.Rows, supportForm{row, "table-" + name + "-" + string(row.Phase)})
		}
		form.Tables = append(form.Tables, table)
	}
	for _, key := range gateKeys {
		form.Gate = append(form.Gate, option{key, v.T("desk.gate." + key), slices.Contains(t.Gate, key)})
	}
	return v.renderAs(back.answered(), "template-form", form)
}

// newestOf is the newest version of a process. Errors: not_found.
func (v *visit) newestOf(key string) (project.Template, error) {
	newest, err := v.newestTemplates()
	for _, t := range newest {
		if t.Key == key {
			return t, nil
		}
	}
	if err == nil {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return project.Template{}, err
}

func says(rules []project.Rule, key string) string {
	for _, r := range rules {
		if r.Key == key && r.Hard {
			return "blocks"
		} else if r.Key == key {
			return "warns"
		}
	}
	return "off"
}

func (v *visit) stageForm(i int, rule project.StageRule) stageForm {
	out := stageForm{StageRule: rule}
	items := map[string]bool{}
	for n, item := range rule.Checklist {
		items[item.Key] = true
		out.Items = append(out.Items, checkForm{Field: fmt.Sprintf("item-%d-%d", i, n), Item: item, Title: item.Title[v.words.Lang()], Says: says(rule.Exit, item.Key)})
	}
	for n := range 2 {
		out.Items = append(out.Items, checkForm{Field: fmt.Sprintf("item-%d-%d", i, len(rule.Checklist)+n), Says: "off"})
	}
	for side, rules := range map[string][]project.Rule{"entry": rule.Entry, "exit": rule.Exit} {
		for _, r := range rules {
			if !items[r.Key] || side == "entry" {
				out.Rules = append(out.Rules, ruleForm{Name: fmt.Sprintf("rule-%d-%s-%s", i, side, r.Key), Title: v.ruleTitle(rule, r.Key), Side: side, Says: says(rules, r.Key)})
			}
		}
	}
	slices.SortStableFunc(out.Rules, func(a, b ruleForm) int { return strings.Compare(a.Side, b.Side) })
	return out
}

func (v *visit) ruleTitle(rule project.StageRule, key string) string {
	for _, item := range rule.Checklist {
		if item.Key == key {
			return item.Title[v.words.Lang()]
		}
	}
	return v.conditionWords(key)
}

func (s *server) newTemplateVersion(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	t, err := v.newestOf(v.r.PathValue("key"))
	if err != nil {
		return err
	}
	r := &reader{v: v}
	v.readTemplate(r, &t)
	err = r.wrong.Err()
	var made project.Template
	if err == nil {
		made, err = s.Projects.NewVersion(v.ctx(), v.actor(), t.Key, t)
	}
	switch posta.ErrorCode(err) {
	case "":
		v.say("desk.template.made", "version", made.Version)
		return v.redirect("/desk/templates/" + made.Key + "/" + strconv.Itoa(made.Version))
	case posta.CodeInvalid, posta.CodeConflict:
		return s.templateFormPage(v, v.refused("template", err), &t)
	}
	return err
}

// inAll says the same in every language.
func inAll(words string) project.Words {
	return project.Words{"es": words, "pt": words, "en": words}
}

// readTemplate changes the newest version into what was typed.
func (v *visit) readTemplate(r *reader, t *project.Template) {
	t.Changed = inAll(v.value("changed"))
	t.MonitorDays, t.Pilot = r.number("monitor_days"), v.ticked("pilot")
	t.Thresholds = project.Thresholds{Approval: r.number("approval"), Lost: r.number("lost"), Unmatched: r.number("unmatched")}
	t.Gate = nil
	for _, key := range gateKeys {
		if slices.Contains(v.r.PostForm["gate"], key) {
			t.Gate = append(t.Gate, key)
		}
	}
	tables := map[string][]project.Support{}
	for name, rows := range t.Tables {
		for _, row := range rows {
			field := "table-" + name + "-" + string(row.Phase)
			row.Hours, row.Channels = r.number(field+"-hours"), nil
			for _, c := range project.Channels {
				if slices.Contains(v.r.PostForm[field], string(c)) {
					row.Channels = append(row.Channels, c)
				}
			}
			tables[name] = append(tables[name], row)
		}
	}
	t.Tables = tables
	stages := make([]project.StageRule, len(t.Stages))
	for i, rule := range t.Stages {
		stages[i] = v.readStage(i, rule)
	}
	t.Stages = stages
}

func (v *visit) readStage(i int, rule project.StageRule) project.StageRule {
	out := project.StageRule{Stage: rule.Stage, FollowUp: v.ticked("follow-" + string(rule.Stage))}
	items := map[string]bool{}
	for _, item := range rule.Checklist {
		items[item.Key] = true
	}
	read := func(side string, rules []project.Rule) (kept []project.Rule) {
		for _, r := range rules {
			if items[r.Key] && side == "exit" {
				continue // its row of the checklist says
			}
			if says := v.value(fmt.Sprintf("rule-%d-%s-%s", i, side, r.Key)); says == "blocks" || says == "warns" {
				kept = append(kept, project.Rule{Key: r.Key, Hard: says == "blocks"})
			}
		}
		return kept
	}
	out.Entry, out.Exit = read("entry", rule.Entry), read("exit", rule.Exit)
	for n := range len(rule.Checklist) + 2 {
		field := fmt.Sprintf("item-%d-%d", i, n)
		title := v.value(field)
		if title == "" {
			continue // taken away, or never filled
		}
		item := project.Item{Key: itemKey(title, items), Title: inAll(title)}
		if n < len(rule.Checklist) {
			item = rule.Checklist[n]
			if item.Title[v.words.Lang()] != title {
				words := project.Words{}
				for language, known := range item.Title {
					words[language] = known
				}
				words[v.words.Lang()] = title
				item.Title = words
			}
		}
		items[item.Key] = true
		item.Evidence, item.Client = v.ticked(field+"-evidence"), v.ticked(field+"-client")
		out.Checklist = append(out.Checklist, item)
		if says := v.value(field + "-says"); says == "blocks" || says == "warns" {
			out.Exit = append(out.Exit, project.Rule{Key: item.Key, Hard: says == "blocks"})
		}
	}
	return out
}

// itemKey makes a key of a title that none of the others has.
func itemKey(title string, taken map[string]bool) string {
	plain, _, _ := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ToLower(title[:min(len(title), 80)])) // what cannot be read is left out below
	var key strings.Builder
	key.WriteString("own_")
	for _, r := range plain {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			key.WriteRune(r)
		case !strings.HasSuffix(key.String(), "_"):
			key.WriteByte('_')
		}
	}
	base := key.String()
	base = strings.TrimRight(base[:min(len(base), 50)], "_")
	made := base
	for n := 2; taken[made]; n++ {
		made = base + "_" + strconv.Itoa(n)
	}
	return made
}
