package api

import (
	"context"
	"mime"
	"net/http"
	"time"

	"posta"
	"posta/project"
)

// maxUpload is the largest body that brings a file: the file in base64.
const maxUpload = project.MaxAttachment*4/3 + 1<<16

// ProjectFile is a file of a project.
type ProjectFile struct {
	ID       posta.AttachmentID `json:"id"`
	Message  posta.MessageID    `json:"message_id,omitempty" doc:"that it came with"`
	Kind     string             `json:"kind" enum:"attachment,document,evidence,sheet,report"`
	Name     string             `json:"name"`
	Type     string             `json:"type" doc:"media type"`
	Size     int64              `json:"size" doc:"bytes"`
	SHA256   string             `json:"sha256"`
	Internal bool               `json:"internal" doc:"never shown to the client"`
	By       string             `json:"by,omitempty"`
	At       time.Time          `json:"at"`
}

// ProjectFileList is a project's files.
type ProjectFileList struct {
	Data []ProjectFile `json:"data"`
}

// NewFile is a file handed in.
type NewFile struct {
	Name     string `json:"name" example:"guia.pdf"`
	Type     string `json:"type,omitempty" doc:"media type" example:"application/pdf"`
	Kind     string `json:"kind,omitempty" enum:"document,evidence,sheet,report" doc:"document if left out"`
	Internal bool   `json:"internal,omitempty"`
	Data     []byte `json:"data" doc:"base64, 10 MB at most"`
}

// FilePath names a file of a project.
type FilePath struct {
	ProjectPath
	File string `path:"attachment" doc:"att_…"`
}

var exampleFile = ProjectFile{ID: posta.IDFrom[posta.AttachmentID](exampleULID), Kind: "document", Name: "guia.pdf", Type: "application/pdf", Size: 48213,
	SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", At: exampleAt}

func (a *server) attachments() {
	add(a, http.MethodGet, "/v1/projects/{id}/attachments", about{id: "list_project_attachments", tag: projectsTag, summary: "List a project's files",
		codes: []posta.Code{posta.CodeForbidden}, answer: ProjectFileList{Data: []ProjectFile{exampleFile}}},
		func(ctx context.Context, in *ProjectPath) (*struct{ Body ProjectFileList }, error) {
			thread, err := a.thread(ctx, in.ID)
			out := ProjectFileList{Data: []ProjectFile{}}
			for _, f := range thread.Files {
				out.Data = append(out.Data, fileView(f))
			}
			return &struct{ Body ProjectFileList }{out}, err
		})
	add(a, http.MethodPost, "/v1/projects/{id}/attachments", about{id: "create_project_attachment", tag: projectsTag, summary: "Hand in a file", status: http.StatusCreated,
		codes: []posta.Code{posta.CodeForbidden}, body: maxUpload, request: NewFile{Name: "guia.pdf", Type: "application/pdf", Data: []byte("%PDF-")}, answer: exampleFile}, a.createAttachment)
	add(a, http.MethodGet, "/v1/projects/{id}/attachments/{attachment}", about{id: "get_project_attachment", tag: projectsTag, summary: "Download a file of a project",
		codes: []posta.Code{posta.CodeForbidden}, media: "application/octet-stream", answer: "%PDF-1.7…"}, func(ctx context.Context, in *FilePath) (*poster, error) {
		id, err := found[posta.ProjectID](in.ID)
		if err != nil {
			return nil, err
		}
		file, err := found[posta.AttachmentID](in.File)
		if err != nil {
			return nil, err
		}
		f, err := a.Projects.File(ctx, callOf(ctx).actor(), id, file)
		return download(f.Name, f.Type, f.Data, err)
	})
}

func (a *server) createAttachment(ctx context.Context, in *struct {
	ProjectPath
	Body NewFile
}) (*struct{ Body ProjectFile }, error) {
	id, err := found[posta.ProjectID](in.ID)
	if err != nil {
		return nil, err
	}
	call, b := callOf(ctx), in.Body
	f, err := a.Projects.Attach(ctx, call.actor(), project.Upload{ID: posta.IDFrom[posta.AttachmentID](call.claim.ULID), Project: id, Kind: b.Kind, Internal: b.Internal,
		File: project.File{Name: b.Name, Type: b.Type, Data: b.Data}})
	if err != nil {
		return nil, err
	}
	return &struct{ Body ProjectFile }{fileView(f)}, nil
}

// download gives a file to be kept, never shown as a page of ours.
func download(name, media string, data []byte, err error) (*poster, error) {
	if err != nil {
		return nil, err
	}
	return &poster{media, mime.FormatMediaType("attachment", map[string]string{"filename": name}), "sandbox", data}, nil
}

func fileView(f project.Attachment) ProjectFile {
	return ProjectFile{f.ID, f.MessageID, f.Kind, f.Name, f.Type, f.Size, f.SHA256, f.Internal, f.By, f.At}
}
