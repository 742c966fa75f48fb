package project

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/mail"
)

// File is a file that somebody hands in.
type File struct {
	Name string
	Type string // media type; "" is found by nothing and kept as application/octet-stream
	Data []byte
}

// FileKinds are what a file of a project is for.
var FileKinds = []string{"attachment", "document", "evidence", "sheet", "report"}

var mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}$`)

// attachment makes a file one that is kept: its name without folders, its type
// without parameters.
func (s *Service) attachment(r *Record, a Actor, kind string, message posta.MessageID, f File) Attachment {
	name := mail.CleanName(f.Name)
	if name == "" {
		name = "file"
	}
	media, _, _ := strings.Cut(strings.ToLower(f.Type), ";")
	if media = strings.TrimSpace(media); !mediaType.MatchString(media) {
		media = "application/octet-stream"
	}
	at := s.Clock.Now().Add(time.Duration(len(r.Attachments)) * time.Microsecond) // files of one message keep their order
	sum := sha256.Sum256(f.Data)
	kept := Attachment{ID: posta.NewID[posta.AttachmentID](at), MerchantID: r.Project.MerchantID, ProjectID: r.Project.ID, MessageID: message, Kind: kind,
		Name: name, Type: media, Size: int64(len(f.Data)), SHA256: hex.EncodeToString(sum[:]), By: a.By(), At: at, Data: f.Data}
	r.Attachments = append(r.Attachments, kept)
	return kept
}

// checkFiles notes what is wrong with the files of one message.
func checkFiles(p *posta.Problems, files []File) {
	p.Add(len(files) > mail.MaxAttachments, "files", "too_many")
	size := 0
	for i, f := range files {
		size += len(f.Data)
		p.Add(len(f.Data) == 0, fmt.Sprintf("files[%d]", i), "empty")
	}
	p.Add(size > MaxAttachment, "files", "too_large")
}

// Upload is a file for a project, beside its thread.
type Upload struct {
	ID       posta.AttachmentID // "" makes one up; given, it makes a repeat find the first
	Project  posta.ProjectID
	Kind     string // "document", "evidence", "sheet", "report"; "" is a document
	Internal bool   // never shown to the client
	File
}

// Attach keeps a file: a document handed over, evidence, a sheet. Contacts may
// hand in documents. Errors: not_found, forbidden; invalid with fields kind, file
// (empty, too_large).
func (s *Service) Attach(ctx context.Context, a Actor, u Upload) (Attachment, error) {
	if err := a.May(Talk, u.Project); err != nil {
		return Attachment{}, err
	}
	if u.Kind == "" || a.Contact != "" {
		u.Kind, u.Internal = "document", u.Internal && a.Contact == ""
	}
	var wrong posta.Problems
	wrong.Add(!slices.Contains(FileKinds[1:], u.Kind), "kind", "unknown")
	wrong.Add(len(u.Data) == 0, "file", "empty")
	wrong.Add(len(u.Data) > MaxAttachment, "file", "too_large")
	if err := wrong.Err(); err != nil {
		return Attachment{}, err
	}
	var kept Attachment
	_, err := s.change(ctx, a, Talk, u.Project, func(r *Record) error {
		kept = s.attachment(r, a, u.Kind, "", u.File)
		if u.ID != "" {
			kept.ID = u.ID
		}
		kept.Internal = u.Internal
		r.Attachments[len(r.Attachments)-1] = kept
		s.tell(r, a, "attached", told{"attachment": kept.ID, "kind": kept.Kind, "name": kept.Name})
		return nil
	})
	if posta.ErrorCode(err) == posta.CodeConflict && u.ID != "" {
		there, found := s.Store.Attachment(ctx, a.Merchant, u.ID)
		if found != nil || there.ProjectID != u.Project || there.By != a.By() {
			return Attachment{}, err
		}
		kept, err = there, nil
	}
	if err != nil {
		return Attachment{}, err
	}
	kept.Data = nil
	return kept, nil
}

// File finds a file of a project with its data. Contacts find what they may see.
// Errors: not_found, forbidden.
func (s *Service) File(ctx context.Context, a Actor, id posta.ProjectID, file posta.AttachmentID) (Attachment, error) {
	thread, err := s.Thread(ctx, a, id)
	if err != nil {
		return Attachment{}, err
	}
	if !slices.ContainsFunc(thread.Files, func(f Attachment) bool { return f.ID == file }) {
		return Attachment{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return s.Store.Attachment(ctx, a.Merchant, file)
}
