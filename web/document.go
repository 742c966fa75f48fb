package web

import (
	"net/http"

	"posta/project"
)

// documentRoutes registers a project's files.
func (s *server) documentRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}/documents", s.member(func(v *visit) error { return s.documentsPage(v, sent{}) }))
	s.deed(mux, s.member, "/projects/{project}/documents/add", s.documentsPage, s.addDocuments)
}

// shownFile is a file of a project as lists show it.
type shownFile struct {
	project.Attachment
	Who string
}

// documentsData is what the page of the documents shows.
type documentsData struct {
	Frame projectFrame
	Sent  sent
	Files []shownFile
	Kinds []option
}

func (s *server) documentsPage(v *visit, back sent) error {
	frame, err := v.frame("documents")
	if err != nil {
		return err
	}
	thread, err := s.Projects.Thread(v.ctx(), v.actor(), frame.ID)
	if err != nil {
		return err
	}
	data := documentsData{Frame: frame, Sent: back}
	who := v.peopleOf(frame.Project)
	for i := len(thread.Files) - 1; i >= 0; i-- { // the newest first
		data.Files = append(data.Files, shownFile{thread.Files[i], who.Name(thread.Files[i].By)})
	}
	for _, kind := range []string{"document", "evidence", "sheet", "report"} {
		data.Kinds = append(data.Kinds, option{kind, v.T("desk.kind." + kind), false})
	}
	return v.renderAs(back.answered(), "documents", data)
}

func (s *server) addDocuments(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	files, err := v.files("file")
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		files = []project.File{{}}
	}
	for _, f := range files {
		if _, err := s.Projects.Attach(v.ctx(), v.actor(), project.Upload{Project: id, Kind: v.value("kind"), Internal: v.ticked("internal"), File: f}); err != nil {
			return "", err
		}
	}
	v.say("desk.document.added")
	return v.home("/documents"), nil
}
