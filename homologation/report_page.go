package homologation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"html/template"
	"regexp"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"posta"
	"posta/project"
)

// reportPage shows a report by itself: it is sent and kept as a file.
var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1c1c}h1{font-size:1.6rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .5rem;border-bottom:1px solid #ccc}td code{font-size:.8rem;overflow-wrap:anywhere}.pass{color:#0a6b2b}.fail{color:#a3161a}.unprovable{color:#7a5200}
footer{margin-top:2rem;font-size:.8rem;overflow-wrap:anywhere}@media print{body{margin:0}}</style></head><body>
<h1>{{.Title}}</h1><p>{{.Head}}</p><p><strong>{{.Result}}</strong></p>
<table><thead><tr>{{range .Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Lines}}<tr><td>{{.Number}}</td><td>{{.Title}}{{range .Wrong}}<br><small>{{.}}</small>{{end}}</td><td class="{{.Class}}">{{.Verdict}}</td><td><code>{{.ID}}</code></td><td>{{.At}}</td><td><code>{{.Hash}}</code></td></tr>
{{end}}</tbody></table>
<footer><p>{{.SignedWords}}</p><p><code id="signature">{{.Signature}}</code></p></footer>
<script type="application/json" id="report" data-zone="{{.Zone}}" data-base64="{{.JSON}}"></script>
</body></html>
`))

type reportView struct {
	Language, Title, Head, Result, SignedWords, Signature, Zone, JSON string
	Columns                                                           []string
	Lines                                                             []reportLine
}

type reportLine struct {
	Number, Title, Verdict, Class, ID, At, Hash string
	Wrong                                       []string
}

func (s *Service) view(r Report, language string, zone *time.Location) reportView {
	say := func(key string, args ...any) string { return s.Say(language, "homologation.report."+key, args...) }
	v := reportView{Language: language, Title: say("title", "name", r.Name), Result: say("not_passed"), SignedWords: say("signed"),
		Head:      say("head", "client", r.Client, "project", string(r.Project), "at", r.Made.In(zone).Format("2006-01-02 15:04 MST")),
		Signature: r.Signature, Zone: zone.String(), JSON: base64.StdEncoding.EncodeToString(r.JSON())}
	if r.Passed {
		v.Result = say("passed")
	}
	for _, name := range []string{"number", "case", "verdict", "id", "at", "hash"} {
		v.Columns = append(v.Columns, say("column."+name))
	}
	for _, c := range r.Cases {
		line := reportLine{Number: c.Number, Title: pick(c.Title, language), Verdict: s.Say(language, "homologation.verdict."+none(string(c.Verdict))),
			Class: string(c.Verdict), ID: c.ProviderID, Hash: c.SHA256}
		if line.ID == "" {
			line.ID = c.Subject
		}
		if !c.At.IsZero() {
			line.At = c.At.In(zone).Format("2006-01-02 15:04:05")
		}
		for _, f := range Wrong(c.Findings) {
			key, args := FieldWords(f.Field)
			line.Wrong = append(line.Wrong, say("wrong", "field", s.Say(language, key, args...), "got", none(f.Got), "want", f.Want))
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// HTML is the report as a page of its own, in a language ("es", "pt", "en") and a
// time zone. The element "report" bears the signed text, "signature" its
// signature: ReadReport gives them back.
func (s *Service) HTML(r Report, language string, zone *time.Location) []byte {
	var out bytes.Buffer
	if err := reportPage.Execute(&out, s.view(r, language, zone)); err != nil {
		panic(err) // our own template on our own types: a defect
	}
	return out.Bytes()
}

// PDF is the same as a PDF file, whose keywords bear the signature.
func (s *Service) PDF(r Report, language string, zone *time.Location) ([]byte, error) {
	v := s.view(r, language, zone)
	doc := fpdf.New("L", "mm", "A4", "")
	text := doc.UnicodeTranslatorFromDescriptor("") // cp1252: Spanish and Portuguese are in it
	doc.SetCreationDate(r.Made)
	doc.SetModificationDate(r.Made)
	doc.SetTitle(v.Title, true)
	doc.SetKeywords("posta-signature:"+r.Signature, true)
	doc.SetCatalogSort(true)
	doc.AddPage()
	doc.SetFont("Helvetica", "B", 15)
	doc.MultiCell(0, 8, text(v.Title), "", "L", false)
	doc.SetFont("Helvetica", "", 9)
	doc.MultiCell(0, 5, text(v.Head), "", "L", false)
	doc.SetFont("Helvetica", "B", 11)
	doc.MultiCell(0, 8, text(v.Result), "", "L", false)
	widths := []float64{14, 96, 32, 66, 36, 33}
	line := func(style string, cells []string) {
		doc.SetFont("Helvetica", style, 7.5)
		high := 1
		for i, cell := range cells {
			high = max(high, len(doc.SplitLines([]byte(text(cell)), widths[i]-2)))
		}
		if _, page := doc.GetPageSize(); doc.GetY()+4*float64(high) > page-15 {
			doc.AddPage()
		}
		x, y := doc.GetXY()
		for i, cell := range cells {
			doc.SetXY(x, y)
			doc.MultiCell(widths[i], 4, text(cell), "", "L", false)
			x += widths[i]
		}
		left, _, _, _ := doc.GetMargins()
		doc.SetXY(left, y+4*float64(high)+1)
	}
	line("B", v.Columns)
	for _, l := range v.Lines {
		title := l.Title
		for _, wrong := range l.Wrong {
			title += "\n" + wrong
		}
		line("", []string{l.Number, title, l.Verdict, l.ID, l.At, short(l.Hash)})
	}
	doc.SetFont("Helvetica", "", 7.5)
	doc.Ln(3)
	doc.MultiCell(0, 4, text(v.SignedWords)+"\n"+r.Signature, "", "L", false)
	var out bytes.Buffer
	err := doc.Output(&out)
	return out.Bytes(), err
}

// short is the beginning of a hash, enough to compare by eye.
func short(hash string) string { return hash[:min(len(hash), 16)] }

// pick gives a text in a language, or else in Spanish.
func pick(w project.Words, language string) string {
	if text := w[language]; text != "" {
		return text
	}
	return w["es"]
}

var (
	reportData      = regexp.MustCompile(`id="report" data-zone="([^"]*)" data-base64="([^"]*)"`)
	reportLanguage  = regexp.MustCompile(`<html lang="([a-z]*)">`)
	reportSignature = regexp.MustCompile(`<code id="signature">([^<]*)</code>`)
)

// ReadReport gives the signed text and its signature out of a report's page.
// Errors: invalid with field report.
func ReadReport(page []byte) (text []byte, signature string, err error) {
	data, mark := reportData.FindSubmatch(page), reportSignature.FindSubmatch(page)
	if data == nil || mark == nil {
		return nil, "", posta.Invalid("report", "unreadable")
	}
	text, err = base64.StdEncoding.DecodeString(html.UnescapeString(string(data[2])))
	if err != nil {
		return nil, "", posta.Invalid("report", "unreadable")
	}
	return text, html.UnescapeString(string(mark[1])), nil
}

// VerifyPage checks a report's page as it stands: that this hub signed its text,
// and that what it shows is what was signed, to the last letter. It gives the
// report that was signed. A page made by a version of Posta with other words shows
// otherwise. Errors: invalid with field report (unreadable, signature, changed).
func (s *Service) VerifyPage(page []byte) (Report, error) {
	var r Report
	text, signature, err := ReadReport(page)
	if err != nil {
		return r, err
	}
	if !s.Verify(text, signature) || json.Unmarshal(text, &r) != nil {
		return Report{}, posta.Invalid("report", "signature")
	}
	r.Signature = signature
	language, zone := reportLanguage.FindSubmatch(page), reportData.FindSubmatch(page)[1]
	place, err := time.LoadLocation(html.UnescapeString(string(zone)))
	if err != nil || language == nil || !bytes.Equal(page, s.HTML(r, string(language[1]), place)) {
		return r, posta.Invalid("report", "changed")
	}
	return r, nil
}
