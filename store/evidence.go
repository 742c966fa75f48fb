package store

import (
	"context"
	"database/sql"
	"strings"

	"posta"
	"posta/homologation"
)

const evidenceColumns = "id, merchant_id, project_id, case_key, mode, payment_id, settlement_id, call_id, provider_id, verdict, findings, raw, sha256, judged_by, at, current"

func evidenceValues(e homologation.Evidence) []any {
	return []any{e.ID, e.MerchantID, e.ProjectID, e.Case, e.Mode, e.Payment, e.Settlement, e.Call, e.ProviderID, e.Verdict, asJSON{e.Findings},
		e.Raw, e.SHA256, e.By, e.At, e.Current}
}

func scanEvidence(rows *sql.Rows) (e homologation.Evidence, err error) {
	err = rows.Scan(&e.ID, &e.MerchantID, &e.ProjectID, &e.Case, &e.Mode, &e.Payment, &e.Settlement, &e.Call, &e.ProviderID, &e.Verdict,
		object{&e.Findings}, octets{&e.Raw}, &e.SHA256, &e.By, instant{&e.At}, flag{&e.Current})
	return e, err
}

// evidenceLight is all of an evidence but what the provider answered.
var evidenceLight = "SELECT " + strings.Replace(evidenceColumns, " raw,", " '' AS raw,", 1) + " FROM evidence "

// InsertEvidence commits the newest evidence of a case with its events. What it
// names frees itself from evidence that did not pass. Errors: conflict with
// Params["project"] and ["case"] when it is passing evidence of another case or
// project.
func (db *DB) InsertEvidence(ctx context.Context, e homologation.Evidence, events []posta.Event) error {
	const same = `current = 1 AND merchant_id = ? AND (payment_id = ? AND payment_id <> '' OR settlement_id = ? AND settlement_id <> ''
		OR call_id = ? AND call_id <> '')`
	err := db.tell(ctx, events, func(t *tx) error {
		if _, err := t.exec("UPDATE evidence SET current = 0 WHERE current = 1 AND merchant_id = ? AND project_id = ? AND case_key = ?",
			e.MerchantID, e.ProjectID, e.Case); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE evidence SET current = 0 WHERE verdict <> 'pass' AND "+same, e.MerchantID, e.Payment, e.Settlement, e.Call); err != nil {
			return err
		}
		used, err := all(t, scanEvidence, evidenceLight+"WHERE "+same, e.MerchantID, e.Payment, e.Settlement, e.Call)
		if err != nil {
			return err
		}
		if len(used) > 0 {
			return &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"project": string(used[0].ProjectID), "case": used[0].Case}}
		}
		return t.insert(row{"evidence", evidenceColumns, evidenceValues(e)})
	})
	return err
}

// Evidence lists a project's current evidence by case, without Raw.
func (db *DB) Evidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (map[string]homologation.Evidence, error) {
	list, err := all(db.read(ctx), scanEvidence, evidenceLight+"WHERE merchant_id = ? AND project_id = ? AND current = 1", m, p)
	out := map[string]homologation.Evidence{}
	for _, e := range list {
		out[e.Case] = e
	}
	return out, err
}

// EvidenceOf lists all evidence of a case, newest first.
func (db *DB) EvidenceOf(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string) ([]homologation.Evidence, error) {
	return all(db.read(ctx), scanEvidence, "SELECT "+evidenceColumns+" FROM evidence WHERE merchant_id = ? AND project_id = ? AND case_key = ? ORDER BY id DESC", m, p, key)
}

// EvidenceUses lists what is passing evidence anywhere of the merchant, without
// Raw: subject → its evidence.
func (db *DB) EvidenceUses(ctx context.Context, m posta.MerchantID) (map[string]homologation.Evidence, error) {
	list, err := all(db.read(ctx), scanEvidence, evidenceLight+"WHERE merchant_id = ? AND current = 1 AND verdict = 'pass'", m)
	out := map[string]homologation.Evidence{}
	for _, e := range list {
		out[e.Subject()] = e
	}
	return out, err
}

// DropEvidence makes the current evidence of a case current no more. Errors:
// not_found.
func (db *DB) DropEvidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string, events []posta.Event) error {
	return db.tell(ctx, events, func(t *tx) error {
		return t.must("UPDATE evidence SET current = 0 WHERE current = 1 AND merchant_id = ? AND project_id = ? AND case_key = ?", m, p, key)
	})
}
