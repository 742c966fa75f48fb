package e2e_test

import (
	"archive/zip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"posta/app"
)

// TestDoctorFromATerminal: of a hub that runs, of one that was killed, and of
// nothing; in the terminal's language, with its exit code.
func TestDoctorFromATerminal(t *testing.T) {
	d := demoFromNothing(t)
	data := filepath.Join(d.folder, "posta-demo")
	got := postaIn(t, d.folder, "", "doctor")
	if got.code != 0 || !strings.Contains(got.out, "Sealing key: Opens all that is sealed") {
		t.Errorf("%+v", got)
	}
	for lang, want := range map[string]string{"pt_BR.UTF-8": "Chave de selagem: Abre tudo", "es_AR.UTF-8": "Clave de sellado: Abre todo"} {
		file, _ := binary()
		command := exec.Command(file, "doctor")
		command.Dir, command.Env = d.folder, []string{"LC_ALL=" + lang}
		if out, err := command.Output(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v %s", lang, err, out)
		}
	}
	bundle := filepath.Join(d.folder, "soporte.zip")
	got = postaIn(t, d.folder, "", "doctor", "--json", "--bundle", bundle)
	var found struct {
		app.Diagnosis
		Failed   bool
		Findings []struct{ Check, Level, Text string } `json:"findings"`
	}
	if err := json.Unmarshal([]byte(got.out), &found); err != nil || got.code != 0 || found.Failed || !found.Running || len(found.Findings) < 10 {
		t.Errorf("%v %+v", err, got)
	}
	for _, f := range found.Findings {
		if f.Text == "" || strings.HasPrefix(f.Text, "doctor.") {
			t.Errorf("%+v", f)
		}
	}
	archive, err := zip.OpenReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if info, err := os.Stat(bundle); err != nil || info.Mode().Perm() != 0o600 || len(archive.File) < 8 {
		t.Errorf("%v, %d files", err, len(archive.File))
	}
	if got := postaIn(t, d.folder, "", "doctor", "--bundle", bundle); got.code != 6 {
		t.Errorf("over a bundle that is there: %+v", got)
	}
	d.kill() // leaves its note
	if got := postaIn(t, d.folder, "", "doctor", "--data", data); got.code != 0 || !strings.Contains(got.out, "Does not run on this folder") || strings.Contains(got.out, "mercadopago.com") {
		t.Errorf("of a demo that was killed: %+v", got)
	}
	if err := os.Remove(filepath.Join(data, "seal.key")); err != nil {
		t.Fatal(err)
	}
	if got := postaIn(t, d.folder, "", "doctor", "--data", data); got.code != 1 || !strings.Contains(got.out, "FAIL   Sealing key: There is no seal.key") || got.err != "" {
		t.Errorf("without its key: %+v", got)
	}
	if got := postaIn(t, d.folder, "", "doctor", "--data", filepath.Join(d.folder, "none")); got.code != 1 || !strings.Contains(got.out, "posta setup") {
		t.Errorf("of nothing: %+v", got)
	}
	if got := postaIn(t, d.folder, "", "doctor", "--public-url", "pagos"); got.code != 2 {
		t.Errorf("misused: %+v", got)
	}
}
