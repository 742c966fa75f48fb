package project

import (
	"time"

	"posta"
)

// Message is one of a project's thread.
type Message struct {
	ID         posta.MessageID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	Kind       MessageKind
	Channel    Channel
	OffTable   bool   // the channel is none of the stage's table
	By         string // "user:…", "contact:…"; "" for Posta's own and for mail of strangers
	FromName   string
	FromEmail  string
	To, Cc     []Address
	Subject    string
	Text       string
	Quoted     string // what the mail repeats of earlier ones
	MailID     string // RFC 5322 Message-ID, without brackets
	InReplyTo  string
	Clock      posta.ClockID // the clock it started; "" if none
	State      MessageState  // of an outgoing mail
	Bounced    []string      // addresses that refused it
	Detail     string        // the mail server's words; DetailAuto, DetailUnknown; of what was said elsewhere who noted it
	Tries      int
	DueAt      time.Time // when to try to send; zero when none is due
	At         time.Time // when it was written or came
	SentAt     time.Time
}

// Address is a person's mail address.
type Address struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// MessageKind says whose message it is.
type MessageKind string

// The kinds.
const (
	Incoming MessageKind = "incoming" // the client's
	Outgoing MessageKind = "outgoing" // the team's, or Posta's own to the client
	Note     MessageKind = "note"     // the team's own, never shown to the client
)

// MessageState says what became of an outgoing message.
type MessageState string

// The states. Queued waits for the mail server; Kept goes by no mail, because
// it was said elsewhere or no mail server is set.
const (
	Kept    MessageState = "kept"
	Queued  MessageState = "queued"
	Sent    MessageState = "sent"
	Bounced MessageState = "bounced" // one address or more refused it
	Failed  MessageState = "failed"  // given up
)

// Attachment is a file of a project: of a message, a document, a sheet.
type Attachment struct {
	ID         posta.AttachmentID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	MessageID  posta.MessageID // "" for a document by itself
	Kind       string          // "attachment", "document", "evidence", "sheet", "report"
	Name       string
	Type       string // media type
	Size       int64  // bytes
	SHA256     string // hex
	Internal   bool   // never shown to the client
	By         string
	At         time.Time
	Data       []byte // only where it is asked for
}

// MaxAttachment is the largest file, in bytes.
const MaxAttachment = 10 << 20

// Clock is a response clock: a question of the client that waits for an answer.
type Clock struct {
	ID         posta.ClockID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	MessageID  posta.MessageID // the question
	Phase      Phase
	Hours      int
	StartedAt  time.Time
	WarnAt     time.Time
	LimitAt    time.Time // when it breaches
	WarnedAt   time.Time // zero until it warned
	BreachedAt time.Time // LimitAt, once it passed unanswered; zero if it did not
	StoppedAt  time.Time
	StoppedBy  string
	Answer     posta.MessageID // "" where it was closed without one
	Reason     string          // why it needed none, or "handed_off"
	Took       time.Duration   // counted time until StoppedAt: working time where the desk counts that
	DueAt      time.Time       // next of WarnAt and LimitAt; zero once stopped or breached
}

// Open reports whether the question still waits.
func (c Clock) Open() bool { return c.StoppedAt.IsZero() }
