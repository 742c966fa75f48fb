package project

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"posta"
)

// Products are what templates can be for, with the provider of each.
var Products = map[string]string{"mercadopago_online": "mercadopago", "mercadopago_qr": "mercadopago", "prisma_ecr": "prisma"}

// What templates may name, besides conditions and their own items.
var (
	phases     = []Phase{Presales, KickoffPhase, IntegrationPhase, GoLivePhase}
	channels   = []Channel{Email, Chat, InPerson, Video, Checkpoint, Portal, Phone}
	gateItems  = []string{"credentials", "tls", "notices", "homologation", "refund", "quality", "date", "pilot"}
	milestones = []string{KickoffHeld, Homologated, Opened, HandsOff}
	answers    = []string{"", "gateway", "test_users"}
	languages  = []string{"es", "pt", "en"}
	tableForm  = regexp.MustCompile(`^[A-Z]$`)
	keyForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{1,59}$`)
)

const (
	mostHours   = 999
	mostMonitor = 730 // days
	mostItems   = 100 // of a checklist
)

// Check tells what is wrong with a template. Errors: invalid with fields key
// (malformed), name.es, changed.pt …(required, too_long), product (unknown),
// provider, stages[0].stage (unknown, twice), stages (missing),
// stages[0].entry[0] (unknown, twice), stages[0].checklist[0].key (malformed,
// twice, fixed), …title.es, …when (unknown), tables (required), tables.A[0].phase,
// ….channels, ….hours (out_of_range), milestones[0], gate[0], monitor_days,
// thresholds.approval, thresholds.lost, thresholds.unmatched.
func (t Template) Check() error {
	var p posta.Problems
	p.Add(!keyForm.MatchString(t.Key), "key", "malformed")
	checkWords(&p, "name", t.Name, maxName)
	checkWords(&p, "changed", t.Changed, maxText)
	p.Add(Products[t.Product] == "", "product", "unknown")
	p.Add(Products[t.Product] != "" && Products[t.Product] != t.Provider, "provider", "other_provider")
	t.checkStages(&p)
	t.checkTables(&p)
	checkList(&p, "milestones", keysOf(t.Milestones, func(m Milestone) string { return m.Key }), milestones)
	for i, m := range t.Milestones {
		checkWords(&p, at("milestones", i)+".title", m.Title, maxLine)
	}
	checkList(&p, "gate", t.Gate, gateItems)
	p.Add(t.MonitorDays < 0 || t.MonitorDays > mostMonitor, "monitor_days", "out_of_range")
	t.Thresholds.check(&p)
	return p.Err()
}

func (t Template) checkStages(p *posta.Problems) {
	var names []Stage
	items := map[string]bool{}
	for i, r := range t.Stages {
		at := at("stages", i)
		p.Add(place(r.Stage) < 0, at+".stage", "unknown")
		p.Add(slices.Contains(names, r.Stage), at+".stage", "twice")
		names = append(names, r.Stage)
		p.Add(len(r.Checklist) > mostItems, at+".checklist", "too_many")
		for j, item := range r.Checklist {
			at := fmt.Sprintf("%s.checklist[%d]", at, j)
			p.Add(!keyForm.MatchString(item.Key), at+".key", "malformed")
			p.Add(items[item.Key], at+".key", "twice")
			p.Add(conditions[item.Key].stand != nil, at+".key", "fixed")
			p.Add(!slices.Contains(answers, item.When), at+".when", "unknown")
			checkWords(p, at+".title", item.Title, maxLine)
			items[item.Key] = true
		}
	}
	for _, stage := range Stages {
		p.Add(stage.Active() && !slices.Contains(names, stage), "stages", "missing")
	}
	known := append(slices.Collect(maps.Keys(items)), slices.Collect(maps.Keys(conditions))...)
	for i, r := range t.Stages {
		rule := func(r Rule) string { return r.Key }
		checkList(p, at("stages", i)+".entry", keysOf(r.Entry, rule), known)
		checkList(p, at("stages", i)+".exit", keysOf(r.Exit, rule), known)
	}
}

func (t Template) checkTables(p *posta.Problems) {
	p.Add(t.Tables[DefaultTable] == nil, "tables", "required")
	for _, name := range slices.Sorted(maps.Keys(t.Tables)) {
		table := "tables." + name
		p.Add(!tableForm.MatchString(name), table, "malformed")
		var seen []Phase
		for i, row := range t.Tables[name] {
			at := at(table, i)
			p.Add(!slices.Contains(phases, row.Phase), at+".phase", "unknown")
			p.Add(slices.Contains(seen, row.Phase), at+".phase", "twice")
			seen = append(seen, row.Phase)
			p.Add(len(row.Channels) == 0, at+".channels", "required")
			checkList(p, at+".channels", row.Channels, channels)
			p.Add(row.Hours < 0 || row.Hours > mostHours, at+".hours", "out_of_range")
		}
	}
}

// check notes thresholds that no pilot could be held to.
func (t Thresholds) check(p *posta.Problems) {
	p.Add(t.Approval < 0 || t.Approval > 100, "thresholds.approval", "out_of_range")
	p.Add(t.Lost < 0 || t.Lost > mostHours, "thresholds.lost", "out_of_range")
	p.Add(t.Unmatched < 0 || t.Unmatched > mostHours, "thresholds.unmatched", "out_of_range")
}

// checkWords notes a language without words.
func checkWords(p *posta.Problems, field string, w Words, most int) {
	for _, language := range languages {
		checkLine(p, field+"."+language, w[language], most, true)
	}
	for _, language := range slices.Sorted(maps.Keys(w)) {
		p.Add(!slices.Contains(languages, language), field+"."+language, "unknown")
	}
}

// checkList notes what is not among the known, or twice.
func checkList[T ~string](p *posta.Problems, field string, list, known []T) {
	for i, key := range list {
		p.Add(!slices.Contains(known, key), at(field, i), "unknown")
		p.Add(slices.Contains(list[:i], key), at(field, i), "twice")
	}
}

func keysOf[T any](list []T, key func(T) string) (out []string) {
	for _, v := range list {
		out = append(out, key(v))
	}
	return out
}
