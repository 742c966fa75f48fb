package homologation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"posta"
	"posta/project"
)

// SheetType is the media type of a provider's workbook.
const SheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Import takes the provider's workbook in: it is kept among the project's files,
// and its rows are matched to cases by what they are called. Rows whose case
// nobody knows are left for a person (ChooseCase). A later import takes the place
// of an earlier one; a bad sheet changes nothing. Errors: not_found, forbidden,
// invalid with field sheet (see ReadSheet), not_allowed_in_state (no_cases).
func (s *Service) Import(ctx context.Context, actor project.Actor, id posta.ProjectID, name string, data []byte) (File, error) {
	p, err := s.project(ctx, actor, project.Work, id)
	if err != nil {
		return File{}, err
	}
	cases := Set(p.Product)
	if len(cases) == 0 {
		return File{}, refused("reason", "no_cases")
	}
	sheet, err := ReadSheet(data)
	if err != nil {
		return File{}, err
	}
	file, err := s.attach(ctx, actor, p, posta.NewID[posta.AttachmentID](s.Clock.Now()), cleanName(name, "homologacion.xlsx"), SheetType, data)
	if err != nil {
		return File{}, err
	}
	rows := matchRows(cases, sheet.Rows)
	return s.change(ctx, p.MerchantID, id, func(f *File) ([]posta.Event, error) {
		f.Sheet, f.SheetName, f.Tables, f.Warnings, f.Rows = file.ID, file.Name, sheet.Tables, sheet.Warnings, rows
		known := len(slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Case == "" }))
		return []posta.Event{s.event(actor.By(), "imported", p.MerchantID, id, map[string]any{"sheet": file.ID, "name": file.Name, "rows": len(rows), "known": known})}, nil
	})
}

// ChooseCase says which case a row of the sheet means; "" takes the answer away.
// Errors: not_found (the row or the case), forbidden.
func (s *Service) ChooseCase(ctx context.Context, actor project.Actor, id posta.ProjectID, worksheet string, row int, key string) (File, error) {
	p, err := s.project(ctx, actor, project.Work, id)
	if err != nil {
		return File{}, err
	}
	if key != "" {
		if _, err := find(p.Product, key); err != nil {
			return File{}, err
		}
	}
	return s.change(ctx, p.MerchantID, id, func(f *File) ([]posta.Event, error) {
		for i := range f.Rows {
			if r := &f.Rows[i]; r.Worksheet == worksheet && r.Row == row {
				r.Case, r.Chosen = key, key != ""
				return []posta.Event{s.event(actor.By(), "row_chosen", p.MerchantID, id, map[string]any{"worksheet": worksheet, "row": row, "case": key})}, nil
			}
		}
		return nil, &posta.Error{Code: posta.CodeNotFound}
	})
}

// fileOf names the file of a submission: the same sheet of the same submission
// is one file, however often it is tried.
func fileOf(id posta.SubmissionID, data []byte) posta.AttachmentID {
	sum := sha256.Sum256(data)
	at, _ := ulid.ParseStrict(strings.TrimPrefix(string(id), id.Prefix()+"_"))
	return posta.IDFrom[posta.AttachmentID](ulid.MustNew(at.Time(), bytes.NewReader(append(at.Entropy()[:5:5], sum[:5]...))).String())
}

// attach keeps a sheet among a project's files, seen by the client; one that is
// there already by its id is given.
func (s *Service) attach(ctx context.Context, actor project.Actor, p project.Project, id posta.AttachmentID, name, media string, data []byte) (project.Attachment, error) {
	if len(data) > project.MaxAttachment {
		return project.Attachment{}, posta.Invalid("sheet", "too_large")
	}
	now, sum := s.Clock.Now(), sha256.Sum256(data)
	a := project.Attachment{ID: id, MerchantID: p.MerchantID, ProjectID: p.ID, Kind: "sheet", Name: name, Type: media,
		Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), By: actor.By(), At: now, Data: data}
	_, err := s.Store.ChangeProject(ctx, p.MerchantID, p.ID, func(r *project.Record) error {
		r.Attachments = append(r.Attachments, a)
		return nil
	})
	if posta.ErrorCode(err) == posta.CodeConflict {
		if there, found := s.Store.Attachment(ctx, p.MerchantID, id); found == nil && there.ProjectID == p.ID {
			return there, nil
		}
	}
	return a, err
}

// cleanName makes a file's name of what somebody sent: no path, nothing that
// cannot be seen, no longer than 100 characters.
func cleanName(name, otherwise string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"|?*`, r) {
			return -1
		}
		return r
	}, name))
	if utf8.RuneCountInString(name) > 100 {
		runes := []rune(name)
		name = string(runes[len(runes)-100:])
	}
	if name == "" || name == "." || name == "/" {
		return otherwise
	}
	return name
}

// matchRows says which case each row means: the one whose alias has the most
// words that are all in the row's, each case once.
func matchRows(cases []Case, rows []SheetRow) []Row {
	type fit struct{ row, of, score int }
	var fits []fit
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i].SheetRow = r
		title, more := wordsOf(r.Title), wordsOf(r.Title+" "+r.Expected)
		for j, c := range cases {
			best := 0
			if named(c, title) {
				best = certain
			}
			for _, alias := range c.Aliases {
				words := wordsOf(alias)
				switch {
				case len(words) == 0:
				case holds(title, words):
					best = max(best, 2*len(words)+1)
				case holds(more, words):
					best = max(best, 2*len(words))
				}
			}
			if best > 0 {
				fits = append(fits, fit{i, j, best})
			}
		}
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(b.score, a.score) })
	taken := map[int]bool{}
	for _, f := range fits {
		if out[f.row].Case == "" && !taken[f.of] {
			out[f.row].Case, taken[f.of] = cases[f.of].Key, true
		}
	}
	return out
}

// certain is more than what any alias tells.
const certain = 1000

// named reports whether the words are a case's own title in one of its languages.
func named(c Case, words []string) bool {
	for _, title := range c.Title {
		if len(words) > 0 && slices.Equal(wordsOf(title), words) {
			return true
		}
	}
	return false
}

func holds(text, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(text, w) })
}

// small are words that tell nothing.
var small = strings.Fields("de del la el los las un una en por con y a al o do da dos das em com e the of by with and in on for to que se")

// wordsOf gives the words of a text without accents, case and endings of plurals.
func wordsOf(text string) (out []string) {
	for w := range strings.FieldsSeq(plainHeader(text)) {
		if slices.Contains(small, w) {
			continue
		}
		if len(w) > 4 {
			w = strings.TrimSuffix(w, "s")
		}
		out = append(out, w)
	}
	return out
}
