package project

import (
	"context"
	"strings"

	"posta"
)

// HandOffTo ends a project: production was watched long enough and found good,
// and the client is told by mail who supports it from now on. In one commit the
// project is handed off, its open questions are closed for the reason
// "handed_off", and the mail is on its way; its name is the project's, so there is
// only ever one. A repeat gives the project as it is. Errors: not_found;
// forbidden; invalid with fields channel (required, too_long), contacts (required:
// somebody of the client must be told); not_allowed_in_state
// with Params["reason"] "conditions" (and ["missing"], each a field as well),
// "stage_jump".
func (s *Service) HandOffTo(ctx context.Context, a Actor, id posta.ProjectID, channel string) (Project, error) {
	if err := a.May(Work, id); err != nil {
		return Project{}, err
	}
	var wrong posta.Problems
	channel = checkLine(&wrong, "channel", channel, maxLine, true)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil || p.Stage == HandedOff {
		return p, err
	}
	l, err := s.look(ctx, p)
	if err != nil {
		return p, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return p, err
	}
	p, err = s.changeActive(ctx, a, Work, id, func(r *Record) error {
		l, err := l.again(r)
		switch {
		case err != nil:
			return err
		case r.Project.Stage == HandedOff:
			return nil
		case r.Project.Stage != GoLive:
			return refuse("stage_jump", "next", string(r.Project.following()))
		}
		if len(r.Project.taking(func(Contact) bool { return true })) == 0 {
			return posta.Invalid("contacts", "required")
		}
		l.p.HandOff.Channel = channel
		if err := l.step().refusal(); err != nil {
			return err
		}
		for i := range r.Clocks {
			s.stop(r, w, &r.Clocks[i], a, l.now, "", "handed_off")
		}
		m := s.letter(r, w, handOffMessage(id), "handed_off", "channel", channel)
		r.Project.HandOff = HandOff{Channel: channel, At: l.now, By: a.By(), Message: m.ID}
		r.Project.enter(HandedOff, l.t, l.now)
		s.tell(r, a, "handed_off", told{"channel": channel, "message": m.ID})
		return nil
	})
	if err == nil {
		s.placeFreed(ctx, a.Merchant)
	}
	return p, err
}

// handOffMessage is the one name that a project's last mail can have.
func handOffMessage(id posta.ProjectID) posta.MessageID {
	return posta.IDFrom[posta.MessageID](strings.TrimPrefix(string(id), id.Prefix()+"_"))
}
