// Package homologation proves an integration before the provider does: cases of
// what to do and what must be true, evidence fetched and kept, the provider's own
// sheet filled in. Cases are data (cases/*.json); what an assertion reads is code.
package homologation

import (
	"context"
	"time"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/settlement"
)

// Case is one thing to prove.
type Case struct {
	Key      string        `json:"key"`
	Number   string        `json:"number"` // as a candidate list counts it, "12.1"
	Title    project.Words `json:"title"`
	Do       project.Words `json:"do"`   // what a person does
	Must     project.Words `json:"must"` // what must be true
	About    Subject       `json:"about"`
	Asserts  []Assertion   `json:"asserts"`
	Script   string        `json:"script"` // how a driver brings it about, step by step (docs/states.md)
	Optional bool          `json:"optional,omitempty"`
	// Aliases are words by which a provider's sheet may call the case, in any of
	// its languages; all words of one alias must be there.
	Aliases []string `json:"aliases"`
	Source  string   `json:"source"` // docs/providers/…md §N, with its mark
}

// Subject is what a case is about, and what its evidence names.
type Subject string

// The subjects.
const (
	AboutPayment    Subject = "payment"
	AboutRefund     Subject = "refund"     // judged by the payment that is given back
	AboutSettlement Subject = "settlement" // judged by the batch close
	AboutCall       Subject = "call"       // judged by one recorded call of the connection
)

// Assertion is one thing that must be true of the evidence.
type Assertion struct {
	Field string `json:"field"` // of Fields, or "http.OPERATION", "sent.OPERATION.PATH"…
	// Is holds one of these; "*" for anything but nothing; ">1" for a number.
	Is []string `json:"is"`
}

// Verdict is what an evidence proves.
type Verdict string

// The verdicts. Unprovable means that the evidence lacks what an assertion reads.
const (
	Pass       Verdict = "pass"
	Fail       Verdict = "fail"
	Unprovable Verdict = "unprovable"
)

// Finding is one assertion as it turned out.
type Finding struct {
	Field   string  `json:"field"`
	Want    string  `json:"want"`
	Got     string  `json:"got"` // "" when there is nothing
	Verdict Verdict `json:"verdict"`
}

// Evidence is what a case was judged by, as it was fetched then.
type Evidence struct {
	ID         posta.EvidenceID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	Case       string
	Mode       posta.Mode
	Payment    posta.PaymentID // "" where the case is about none
	Settlement posta.SettlementID
	Call       posta.CallID
	ProviderID string // what the provider calls it: what goes into its sheet
	Verdict    Verdict
	Findings   []Finding
	Raw        []byte // the provider's answers, masked, as JSON; only where it is asked for
	SHA256     string // hex, of Raw
	By         string
	At         time.Time
	Current    bool // the newest of its case
}

// Subject names what the evidence is about: a payment, a batch close or a call.
func (e Evidence) Subject() string {
	switch {
	case e.Payment != "":
		return string(e.Payment)
	case e.Settlement != "":
		return string(e.Settlement)
	}
	return string(e.Call)
}

// Facts are what assertions are read off.
type Facts struct {
	Payment    payment.Payment
	Refunds    []payment.Refund // oldest first
	ClosedAt   time.Time        // when the batch of the sale was closed from here; zero if it was not
	Settlement *settlement.Settlement
	Moved      int           // movements of the terminal's batch when its close was asked for
	Events     []posta.Event // oldest first
	Calls      []Call        // oldest first
	Notices    []Notice      // oldest first
}

// Call is a recorded exchange with the provider, masked.
type Call struct {
	ID        posta.CallID
	Operation string // create, cancel, refund, enquiry, token, settle, settlement, probe…
	Method    string
	URL       string
	Status    int    // 0 if no answer came
	Error     string // why
	Request   []byte
	Response  []byte
	At        time.Time
}

// Notice is a provider's notice that led to a payment.
type Notice struct {
	Topic   string
	Verdict string
	Result  string
	At      time.Time // when it came
}

// Run is one go through the cases of a project against a simulator.
type Run struct {
	State     RunState          `json:"state"`
	Cases     []string          `json:"cases"` // keys, in order
	Done      int               `json:"done"`
	Doing     string            `json:"doing"`             // key of the case under way
	Tries     int               `json:"tries"`             // times that case was begun
	Trouble   map[string]string `json:"trouble,omitempty"` // case → posta.Code of why it was not brought about
	StartedAt time.Time         `json:"started_at"`
	EndedAt   time.Time         `json:"ended_at"`
	By        string            `json:"by"`
	StopAsked bool              `json:"stop_asked"`
	Error     string            `json:"error"` // why it ended early: a posta.Code
}

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	Idle    RunState = ""
	Running RunState = "running"
	Ended   RunState = "ended"
	Stopped RunState = "stopped"
)

// File is the homologation of one project: its sheet, its run.
type File struct {
	ProjectID  posta.ProjectID
	MerchantID posta.MerchantID
	Sheet      posta.AttachmentID // the provider's workbook as it came; "" if none
	SheetName  string
	Tables     []SheetTable   // how its columns were understood
	Warnings   []SheetWarning // about it
	Rows       []Row          // of the sheet
	Run        Run
	Confirmed  time.Time // when somebody said that all is proven; zero until then
	By         string
	DueAt      time.Time // when the run's next case is due
	UpdatedAt  time.Time
}

// Row is a row of the provider's sheet, and the case that it means.
type Row struct {
	SheetRow
	Case   string // "" while nobody knows
	Chosen bool   // by a person
}

// Submission is a filled sheet that went out.
type Submission struct {
	ID         posta.SubmissionID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	Filled     posta.AttachmentID
	Message    posta.MessageID
	State      SubmissionState
	Note       string   // the reviewer's
	Without    []string // cases that the reviewer accepted it without
	By         string
	At         time.Time
	AnsweredBy string
	AnsweredAt time.Time
}

// SubmissionState is what the reviewer said.
type SubmissionState string

// The states of a submission.
const (
	Submitted SubmissionState = "submitted"
	Accepted  SubmissionState = "accepted"
	Returned  SubmissionState = "returned"
)

// Driver brings a case about against a simulator: it charges through the hub's
// own services and plays customer, network and clock. It returns what the case
// is judged by. Errors: not_allowed_in_state with Params["script"] where the
// provider's side is no simulator; those of the services it charges through.
type Driver interface {
	Drive(ctx context.Context, c Case, at Place) (Produced, error)
	// Place finds where a connection of test mode charges. Errors:
	// not_allowed_in_state with Params["script"] as above, or with
	// Params["reason"] no_till or no_terminal.
	Place(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Place, error)
}

// Place is where a run charges.
type Place struct {
	MerchantID posta.MerchantID
	Connection posta.ConnectionID
	Provider   string // the connector's name
	Flow       string // how the connection charges, where it can choose: "legacy", "orders"
	Simulator  string // its address, without a slash at the end
	Till       posta.TillID
	Terminals  []posta.TerminalID // those of the connection on which the till charges
	Codes      []string           // their numbers at the provider, in the same order
}

// Produced names what a driven case brought about.
type Produced struct {
	Payment    posta.PaymentID
	Settlement posta.SettlementID
	Call       posta.CallID
}

// ID is the identifier of what was brought about; "" if nothing was.
func (p Produced) ID() string {
	switch {
	case p.Settlement != "":
		return string(p.Settlement)
	case p.Call != "":
		return string(p.Call)
	}
	return string(p.Payment)
}

// Store keeps homologations. Its errors are *posta.Error.
type Store interface {
	// HomologationFile finds a project's; an empty one where there is none yet.
	HomologationFile(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (File, error)
	// ChangeHomologation loads one, nobody else changing it meanwhile, and
	// commits what change makes of it with the events it returns. change may run
	// more than once and must not call the store.
	ChangeHomologation(ctx context.Context, m posta.MerchantID, p posta.ProjectID, change func(*File) ([]posta.Event, error)) (File, error)
	// ClaimRuns takes files whose DueAt has come and moves it to now+lease.
	ClaimRuns(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]File, error)
	// InsertEvidence commits the newest evidence of a case. What it names frees
	// itself from evidence that did not pass. Errors: conflict with
	// Params["project"] and ["case"] when it is passing evidence of another case
	// or project.
	InsertEvidence(ctx context.Context, e Evidence, events []posta.Event) error
	// Evidence lists a project's current evidence by case, without Raw;
	// EvidenceOf all of one case, newest first, with Raw.
	Evidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (map[string]Evidence, error)
	EvidenceOf(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string) ([]Evidence, error)
	// EvidenceUses lists what is passing evidence anywhere of the merchant:
	// subject → its evidence, without Raw.
	EvidenceUses(ctx context.Context, m posta.MerchantID) (map[string]Evidence, error)
	// DropEvidence makes the current evidence of a case current no more.
	// Errors: not_found.
	DropEvidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string, events []posta.Event) error
	// InsertSubmission commits one. Errors: conflict while another one of the
	// project waits for its answer, or its id is taken.
	InsertSubmission(ctx context.Context, s Submission, events []posta.Event) error
	// AnswerSubmission notes the answer. Errors: conflict when it has one.
	AnswerSubmission(ctx context.Context, s Submission, events []posta.Event) error
	// Submissions lists a project's, newest first.
	Submissions(ctx context.Context, m posta.MerchantID, p posta.ProjectID) ([]Submission, error)
	Submission(ctx context.Context, m posta.MerchantID, id posta.SubmissionID) (Submission, error)

	// NamedByProvider finds the connection's payment or batch close that the
	// provider calls so. Errors: not_found.
	NamedByProvider(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, name string) (posta.PaymentID, posta.SettlementID, error)
	// RecentPayments, RecentSettlements and RecentProbes list what a connection
	// did in test mode, newest first.
	RecentPayments(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]payment.Payment, error)
	RecentSettlements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]settlement.Settlement, error)
	RecentProbes(ctx context.Context, c posta.ConnectionID, limit int) ([]Call, error)
	// PaymentCalls are those made for a payment, SettlementCalls those of the
	// connection about no payment in a span, ProbeCall one by its id; oldest first.
	PaymentCalls(ctx context.Context, id posta.PaymentID) ([]Call, error)
	SettlementCalls(ctx context.Context, c posta.ConnectionID, from, to time.Time) ([]Call, error)
	ProbeCall(ctx context.Context, c posta.ConnectionID, id posta.CallID) (Call, error)
	// ProofNotices are the notices that led to a payment, oldest first.
	ProofNotices(ctx context.Context, id posta.PaymentID) ([]Notice, error)

	// Of other packages' stores.
	Project(ctx context.Context, m posta.MerchantID, id posta.ProjectID) (project.Project, error)
	ChangeProject(ctx context.Context, m posta.MerchantID, id posta.ProjectID, change func(*project.Record) error) (project.Record, error)
	Attachment(ctx context.Context, m posta.MerchantID, id posta.AttachmentID) (project.Attachment, error)
	ListRefunds(ctx context.Context, id posta.PaymentID) ([]payment.Refund, error)
	ClosedAfter(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, at time.Time) (settlement.Settlement, error)
	EventsAbout(ctx context.Context, m posta.MerchantID, id posta.PaymentID) ([]posta.Event, error)
	SettlementEvents(ctx context.Context, m posta.MerchantID, id posta.SettlementID) ([]posta.Event, error)
}
