package project

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one thing in which two versions of a template differ.
type Difference struct {
	Where string // "design.entry", "integration.checklist", "tables.A.golive", "gate", "milestones", "monitor_days", "pilot", "thresholds", "follow_up", "name"
	Kind  string // "added", "removed", "changed"
	Key   string // of the condition, item, gate item; "" where the place says it all
	Old   string // as text; "" of what is added
	New   string
}

// Differences tells in what the second version differs from the first: by
// stage, in the order of the board, and then the rest.
func Differences(a, b Template) (out []Difference) {
	compare := func(where string, old, new map[string]string) {
		keys := maps.Clone(old)
		maps.Copy(keys, new)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			was, before := old[key]
			is, now := new[key]
			kind := "changed"
			switch {
			case before && now && was == is:
				continue
			case !before:
				kind = "added"
			case !now:
				kind = "removed"
			}
			out = append(out, Difference{where, kind, key, was, is})
		}
	}
	for _, stage := range Stages {
		from, to := a.Rule(stage), b.Rule(stage)
		compare(string(stage)+".entry", hardness(from.Entry), hardness(to.Entry))
		compare(string(stage)+".exit", hardness(from.Exit), hardness(to.Exit))
		compare(string(stage)+".checklist", titles(from.Checklist), titles(to.Checklist))
		one(&out, string(stage)+".follow_up", from.FollowUp, to.FollowUp)
	}
	tables := maps.Clone(a.Tables)
	maps.Copy(tables, b.Tables)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		compare("tables."+name, rows(a.Tables[name]), rows(b.Tables[name]))
	}
	gate := func(keys []string) map[string]string {
		m := map[string]string{}
		for _, key := range keys {
			m[key] = key
		}
		return m
	}
	compare("gate", gate(a.Gate), gate(b.Gate))
	stones := func(list []Milestone) map[string]string {
		m := map[string]string{}
		for _, stone := range list {
			m[stone.Key] = stone.Title.text()
		}
		return m
	}
	compare("milestones", stones(a.Milestones), stones(b.Milestones))
	one(&out, "monitor_days", a.MonitorDays, b.MonitorDays)
	one(&out, "pilot", a.Pilot, b.Pilot)
	one(&out, "thresholds", a.Thresholds, b.Thresholds)
	one(&out, "name", a.Name.text(), b.Name.text())
	return out
}

func one[T comparable](out *[]Difference, where string, old, new T) {
	if old != new {
		*out = append(*out, Difference{where, "changed", "", fmt.Sprint(old), fmt.Sprint(new)})
	}
}

func hardness(rules []Rule) map[string]string {
	m := map[string]string{}
	for _, r := range rules {
		m[r.Key] = "warns"
		if r.Hard {
			m[r.Key] = "blocks"
		}
	}
	return m
}

func titles(items []Item) map[string]string {
	m := map[string]string{}
	for _, i := range items {
		text := i.Title.text()
		if i.Evidence {
			text += " +evidence"
		}
		if i.Client {
			text += " +client"
		}
		if i.When != "" {
			text += " @" + i.When
		}
		m[i.Key] = text
	}
	return m
}

func rows(table []Support) map[string]string {
	m := map[string]string{}
	for _, row := range table {
		var names []string
		for _, c := range row.Channels {
			names = append(names, string(c))
		}
		m[string(row.Phase)] = fmt.Sprintf("%s %d h", strings.Join(names, ", "), row.Hours)
	}
	return m
}

// text is the words in all languages, to compare them.
func (w Words) text() string {
	var parts []string
	for _, language := range languages {
		parts = append(parts, w[language])
	}
	return strings.Join(parts, " | ")
}
