package app

import (
	"fmt"
	"io"

	"posta/text"
)

// Print writes the diagnosis for a person, one line for each finding and, where
// something is wrong, what the machine said.
func (d Diagnosis) Print(w io.Writer, words *text.Localizer) {
	count := map[Level]int{}
	for _, f := range d.Findings {
		count[f.Level]++
		params := map[string]any{}
		for k, v := range f.Params {
			params[k] = v
		}
		title := words.T("doctor." + f.Check)
		if f.Subject != "" {
			title += " (" + f.Subject + ")"
		}
		fmt.Fprintf(w, "%-6s %s: %s\n", words.T("doctor.level."+string(f.Level)), title, words.T(f.Words, params))
		if f.Level != LevelOK && f.Detail != "" {
			fmt.Fprintf(w, "       %s\n", f.Detail)
		}
	}
	switch {
	case count[LevelFail] > 0:
		fmt.Fprintf(w, "\n%s\n", words.T("doctor.summary.fail", "count", count[LevelFail]))
	case count[LevelWarn] > 0:
		fmt.Fprintf(w, "\n%s\n", words.T("doctor.summary.warn", "count", count[LevelWarn]))
	default:
		fmt.Fprintf(w, "\n%s\n", words.T("doctor.summary.ok"))
	}
}
