package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/homologation"
)

// historyRoutes registers the story of a project.
func (s *server) historyRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}/history", s.member(s.historyPage))
}

// happening is one event of a project as its story shows it.
type happening struct {
	posta.Event
	Title, Who, Clock, Date string
	Gap                     time.Duration
	Lines                   []string
	Raw                     string
	Shown                   string // the state whose look it has
}

// historyData is what the page of the history shows.
type historyData struct {
	Frame  projectFrame
	Events []happening
}

func (s *server) historyPage(v *visit) error {
	frame, err := v.frame("history")
	if err != nil {
		return err
	}
	events, err := s.Projects.Story(v.ctx(), v.actor(), frame.ID)
	if err != nil {
		return err
	}
	data := historyData{Frame: frame}
	who := v.peopleOf(frame.Project)
	titles := map[string]string{}
	for _, c := range homologation.Set(frame.Product) {
		titles[c.Key] = c.Number + " · " + v.pick(c.Title)
	}
	var before time.Time
	for _, e := range events {
		h := happening{Event: e, Who: who.Name(e.Actor), Title: e.Type, Clock: e.CreatedAt.In(v.Zone).Format("15:04"), Shown: happeningLook(e.Type)}
		if key := "event." + e.Type; v.words.Has(key) {
			h.Title = v.T(key)
		}
		if day := v.words.Date(e.CreatedAt, v.Zone); before.IsZero() || day != v.words.Date(before, v.Zone) {
			h.Date = day
		} else if gap := e.CreatedAt.Sub(before); gap >= time.Hour {
			h.Gap = gap
		}
		h.Lines, h.Raw = v.happened(e, titles)
		before = e.CreatedAt
		data.Events = append(data.Events, h)
	}
	return v.render("history", data)
}

// happeningLook is the state whose colour and shape an event has.
func happeningLook(kind string) string {
	switch {
	case strings.Contains(kind, "breach") || strings.Contains(kind, "bounced") || strings.HasSuffix(kind, "stopped"):
		return "rejected"
	case strings.Contains(kind, "warn") || strings.HasSuffix(kind, "returned") || strings.Contains(kind, "waiv"):
		return "declined"
	case strings.HasSuffix(kind, "moved") || strings.HasSuffix(kind, "held") || strings.HasSuffix(kind, "opened") || strings.HasSuffix(kind, "handed_off") || strings.HasSuffix(kind, "widened"):
		return "paid"
	}
	return "pending"
}

// happened tells what an event says in lines that a person reads, and the
// material itself. titles are those of the homologation's cases, by key.
func (v *visit) happened(e posta.Event, titles map[string]string) (lines []string, raw string) {
	var data map[string]any
	if json.Unmarshal(e.Data, &data) != nil || len(data) == 0 {
		return nil, ""
	}
	pretty, _ := json.MarshalIndent(data, "", "  ") // it was JSON a moment ago
	text := func(name string) string { s, _ := data[name].(string); return s }
	stage := func(name string) string { return v.T("project.stage." + text(name)) }
	if text("to") != "" && v.words.Has("project.stage."+text("to")) {
		lines = append(lines, stage("from")+" → "+stage("to"))
	}
	if title := titles[text("case")]; title != "" {
		lines = append(lines, title)
		if verdict := text("verdict"); verdict != "" {
			lines = append(lines, v.T("homologation.verdict."+verdict))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if said := text(name); said != "" && slices.Contains([]string{"reason", "note", "channel", "incident", "subject", "name", "text"}, name) {
			if name == "channel" && v.words.Has("project.channel."+said) {
				said = v.T("project.channel." + said)
			}
			lines = append(lines, said)
		}
	}
	if key := text("key"); key != "" {
		lines = append(lines, v.conditionWords(key))
	}
	if terminals, ok := data["terminals"].([]any); ok && len(lines) == 0 {
		lines = append(lines, strings.Trim(fmt.Sprint(terminals), "[]"))
	}
	return lines, string(pretty)
}
