package api

import (
	"maps"
	"slices"

	"posta/homologation"
)

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func overviewView(o homologation.Overview) Homologation {
	out := Homologation{Project: o.Project.ID, Standing: ProjectStanding(o.Standing), Passed: o.Passed, Failed: o.Failed, Open: o.Open,
		Missing: append([]string{}, o.Missing...), Cases: []HomologationCase{}, Submissions: []HomologationSubmission{}}
	for _, c := range o.Cases {
		shown := HomologationCase{Key: c.Case.Key, Number: c.Case.Number, Title: c.Case.Title, Do: c.Case.Do, Must: c.Case.Must, About: c.Case.About,
			Optional: c.Case.Optional, Driven: o.Drivable && c.Case.Script != ""}
		if c.Evidence != nil {
			e := evidenceView(*c.Evidence)
			shown.Evidence = &e
		}
		out.Cases = append(out.Cases, shown)
	}
	if o.File.Sheet != "" {
		sheet := &HomologationSheet{ID: o.File.Sheet, Name: o.File.SheetName, Rows: len(o.File.Rows), Warnings: o.File.Warnings, Unknown: []HomologationRow{}}
		for _, r := range o.Unmatched {
			sheet.Unknown = append(sheet.Unknown, HomologationRow{r.Worksheet, r.Row, r.Title})
		}
		sheet.Known = sheet.Rows - len(sheet.Unknown)
		out.Sheet = sheet
	}
	if o.File.Run.State != homologation.Idle {
		run := o.File.Run
		out.Run = &run
	}
	for _, s := range o.Submissions {
		out.Submissions = append(out.Submissions, HomologationSubmission{s.ID, s.Filled, s.Message, s.State, s.Note, s.At})
	}
	return out
}

func evidenceView(e homologation.Evidence) HomologationEvidence {
	return HomologationEvidence{ID: e.ID, Case: e.Case, Subject: e.Subject(), ProviderID: e.ProviderID, Verdict: e.Verdict,
		Findings: append([]homologation.Finding{}, e.Findings...), SHA256: e.SHA256, By: e.By, At: e.At, Current: e.Current}
}
