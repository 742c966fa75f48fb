package mail_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"posta"
	"posta/mail"
)

// raw writes a mail as it goes over the wire.
func raw(lines ...string) []byte {
	return []byte(strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\r\n"))
}

func parse(t *testing.T, message []byte) mail.Inbound {
	t.Helper()
	in, err := mail.Parse(message)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func head(more ...string) string {
	return strings.Join(append([]string{"From: Ana <ana@cliente.example>", "To: desk+k3v9@posta.example", "Message-ID: <1@cliente.example>", "Subject: Re: Kickoff"}, more...), "\n")
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// The samples have the shape that mail programs give; people and hosts are made up.
func TestMailsOfRealPrograms(t *testing.T) {
	for _, tc := range []struct {
		file, from, subject, text, quoted string
		files                             []string
		inReplyTo                         string
		auto                              bool
	}{
		{file: "gmail-es.eml", from: "Ana Pérez <ana@cliente.example>", subject: "Re: Inicio de la integración", text: "Sí, confirmamos el martes a las 10.\n\nSaludos,\nAna",
			quoted: "El lun, 2 mar 2026 a las 12:04, Posta (<desk+k3v9@posta.example>)\nescribió:\n\n> Hola, Ana:", inReplyTo: "msg1.prj1@posta.example"},
		{file: "gmail-pt-html.eml", from: "João <joao@cliente.example>", subject: "Re: Início", text: "Bom dia, segue a planilha. Veja o portal <https://portal.example/x?a=1&b=2>.\n- um\n- dois",
			quoted: "Em seg., 2 de mar. de 2026 às 12:04, Posta <desk@posta.example> escreveu:\n> Olá, João:"},
		{file: "outlook-es.eml", from: "Compras Cliente <compras@cliente.example>", subject: "RE: Terminales de prueba – envío", text: "Buenas tardes:\n\nAdjunto el CUIT y la dirección. El costo es de 10 €.",
			quoted: "________________________________\nDe: Posta <desk@posta.example>", files: []string{"image001.png", "dirección.pdf"}, inReplyTo: "msg2.prj1@posta.example"},
		{file: "outlook-en-html.eml", from: "Sam <sam@client.example>", subject: "RE: Kickoff", text: "Fine with us.\n\nSam", quoted: "From: Posta <desk@posta.example>\nSent: Monday, March 2, 2026 12:04 PM"},
		{file: "thunderbird-pt.eml", from: "Maria <maria@cliente.example>", subject: "Re: Homologação", text: "Em anexo.", quoted: "Em 02/03/2026 12:04, Posta escreveu:\n> Olá", files: []string{"planilha preenchida.xlsx"}},
		{file: "apple-inline.eml", from: "Sam <sam@client.example>", subject: "Re: Kickoff", text: "On 2 Mar 2026, at 12:04, Posta <desk@posta.example> wrote:\n\n> When?\n\nTuesday.\n\n> Who?\n\nSam and Ana.\n\nSent from my phone", files: []string{"photo.jpg"}},
		{file: "away-outlook.eml", from: "Ana <ana@cliente.example>", subject: "Respuesta automática: Inicio", text: "Estoy de vacaciones hasta el 9.", auto: true},
	} {
		t.Run(tc.file, func(t *testing.T) {
			in := parse(t, sample(t, tc.file))
			var files []string
			for _, f := range in.Attachments {
				files = append(files, f.Name)
			}
			if got := in.From.Name + " <" + in.From.Email + ">"; got != tc.from || in.Subject != tc.subject || in.Auto != tc.auto || in.InReplyTo != tc.inReplyTo {
				t.Errorf("from %q, subject %q, auto %v, in reply to %q", got, in.Subject, in.Auto, in.InReplyTo)
			}
			if in.Text != tc.text {
				t.Errorf("text %q\nwant %q", in.Text, tc.text)
			}
			if !strings.HasPrefix(in.Quoted, tc.quoted) || (in.Quoted == "") != (tc.quoted == "") {
				t.Errorf("quoted %q\nwant %q…", in.Quoted, tc.quoted)
			}
			if !slices.Equal(files, tc.files) {
				t.Errorf("files %q, want %q", files, tc.files)
			}
			if token, ok := mail.TokenOf(in.Recipients(), "desk@posta.example"); !ok || token != "k3v9" {
				t.Errorf("token %q in %v", token, in.Recipients())
			}
		})
	}
}

func TestWhatIsCutOffAsQuotation(t *testing.T) {
	for name, tc := range map[string]struct{ text, own string }{
		"none":               {"Hola.\n\nEl 5 llegamos: somos dos.", "Hola.\n\nEl 5 llegamos: somos dos."},
		"es":                 {"Sí.\n\nEl 2/3/26 a las 12:04, Posta escribió:\n> Hola", "Sí."},
		"es folded":          {"Sí.\n\nEl lun, 2 mar 2026 a las 12:04, Posta\n(<desk@posta.example>)\nescribió:\n> Hola", "Sí."},
		"pt":                 {"Sim.\n\nEm seg., 2 de mar. de 2026 12:04, Posta <d@posta.example> escreveu:\n\n> Olá", "Sim."},
		"en":                 {"Yes.\n\nOn Mon, Mar 2, 2026 at 12:04 PM Posta <d@posta.example> wrote:\n> Hi", "Yes."},
		"en not marked":      {"Yes.\n\nOn Mon, Mar 2, 2026 at 12:04 PM Posta wrote:\n\nHi", "Yes."},
		"name wrote":         {"Yes.\n\nPosta <d@posta.example> wrote:\n> Hi", "Yes."},
		"a person's colon":   {"Juan escribió:\nque no", "Juan escribió:\nque no"},
		"original es":        {"Sí.\n\n-----Mensaje original-----\nDe: Posta\nHola", "Sí."},
		"original pt":        {"Sim.\n\n-----Mensagem original-----\nDe: Posta", "Sim."},
		"original en":        {"Yes.\n\n-----Original Message-----\nFrom: Posta", "Yes."},
		"headers es":         {"Sí.\n\nDe: Posta <d@posta.example>\nEnviado el: lunes, 2 de marzo\nPara: Ana\nAsunto: Hola\n\nHola", "Sí."},
		"headers pt":         {"Sim.\n\nDe: Posta\nEnviada em: segunda-feira\nPara: Ana\nAssunto: Olá\n\nOlá", "Sim."},
		"headers starred":    {"Yes.\n\n*From:* Posta\n*Sent:* Monday\n*To:* Ana\n\nHi", "Yes."},
		"an address typed":   {"Los datos:\nDe: Rosario\nson 3 terminales", "Los datos:\nDe: Rosario\nson 3 terminales"},
		"marked only":        {"Sí.\n\n> Hola\n> ¿viene?\n", "Sí."},
		"answers in between": {"> ¿Cuándo?\nEl martes.\n> ¿Quién?\nAna.", "> ¿Cuándo?\nEl martes.\n> ¿Quién?\nAna."},
		"answer below":       {"El 2/3/26, Posta escribió:\n> Hola\n\nSí.", "El 2/3/26, Posta escribió:\n> Hola\n\nSí."},
		"below, then quoted": {"> ¿Cuándo?\nEl martes.\n\n-----Mensaje original-----\nHola", "> ¿Cuándo?\nEl martes."},
		"nothing of its own": {"El 2/3/26 a las 12:04, Posta escribió:\n> Hola", "El 2/3/26 a las 12:04, Posta escribió:\n> Hola"},
	} {
		in := parse(t, raw(head("Content-Type: text/plain; charset=utf-8"), "", tc.text))
		if in.Text != tc.own {
			t.Errorf("%s: %q, quoted %q", name, in.Text, in.Quoted)
		}
		if in.Quoted != "" && !strings.HasSuffix(strings.TrimSpace(tc.text), in.Quoted) {
			t.Errorf("%s: quoted %q is not the end of it", name, in.Quoted)
		}
	}
}

func TestCharsets(t *testing.T) {
	for name, tc := range map[string]struct{ charset, body string }{
		"latin1":              {"charset=ISO-8859-1", "Homologaci\xf3n a\xe7\xe3o"},
		"cp1252":              {`charset="windows-1252"`, "Homologaci\xf3n a\xe7\xe3o"},
		"utf-8":               {"charset=UTF-8", "Homologación ação"},
		"none, latin1":        {"format=flowed", "Homologaci\xf3n a\xe7\xe3o"},
		"none, utf-8":         {"format=flowed", "Homologación ação"},
		"a lie":               {"charset=utf-8", "Homologaci\xf3n a\xe7\xe3o"},
		"unknown":             {"charset=x-mars", "Homologación ação"},
		"an evil replacement": {"charset=iso-2022-kr", "Homologación ação"},
	} {
		if in := parse(t, raw(head("Content-Type: text/plain; "+tc.charset), "", tc.body)); in.Text != "Homologación ação" {
			t.Errorf("%s: %q", name, in.Text)
		}
	}
	in := parse(t, raw("From: =?ISO-8859-1?Q?Jos=E9_P=E9rez?= <jose@cliente.example>", "Subject: =?windows-1252?B?"+base64.StdEncoding.EncodeToString([]byte("10 \x80 \x96 s\xed"))+"?=",
		"Content-Type: text/plain; charset=iso-8859-1", "", "10 \x80"))
	if in.From.Name != "José Pérez" || in.Subject != "10 € – sí" || in.Text != "10 €" {
		t.Errorf("%+v", in)
	}
}

func TestDeliveryNotices(t *testing.T) {
	in := parse(t, sample(t, "bounce-postfix.eml"))
	want := mail.Bounce{Address: "ana@cliente.example", Permanent: true, Status: "5.1.1", MessageID: "msg1.prj1@posta.example", Also: []string{"jose@cliente.example"},
		Diagnostic: "550 5.1.1 <ana@cliente.example>: Recipient address rejected: User unknown"}
	if b := in.Bounce; b == nil || fmt.Sprint(*b) != fmt.Sprint(want) || !in.Auto || len(in.Attachments) != 0 || !strings.Contains(in.Text, "could not be delivered") {
		t.Errorf("%+v of %+v", in.Bounce, in)
	}
	in = parse(t, sample(t, "delayed-exim.eml"))
	if b := in.Bounce; b == nil || b.Permanent || b.Address != "ana@cliente.example" || b.Status != "4.4.1" || b.MessageID != "msg1.prj1@posta.example" {
		t.Errorf("%+v", in.Bounce)
	}
	// A notice of success is no bounce, nor is a report that says nothing.
	for _, action := range []string{"delivered", "relayed", "nonsense"} {
		text := strings.ReplaceAll(string(sample(t, "bounce-postfix.eml")), "Action: failed", "Action: "+action)
		if in := parse(t, []byte(text)); in.Bounce != nil || !in.Auto {
			t.Errorf("%s: %+v", action, in.Bounce)
		}
	}
}

func TestMailThatNoPersonWrote(t *testing.T) {
	for header, auto := range map[string]bool{
		"Auto-Submitted: auto-replied": true, "Auto-Submitted: auto-generated (vacation)": true, "Auto-Submitted: no": false, "X-Autoreply: yes": true,
		"Precedence: bulk": true, "Precedence: auto_reply": true, "Precedence: first-class": false, "List-Unsubscribe: <mailto:x@lists.example>": true,
		"Return-Path: <>": true, "Return-Path: <ana@cliente.example>": false, "X-Mailer: Outlook": false, "Subject: x": false,
	} {
		if in := parse(t, raw(head(header), "", "Hola")); in.Auto != auto {
			t.Errorf("%s: %v", header, in.Auto)
		}
	}
	for subject, auto := range map[string]bool{"Automatic reply: Kickoff": true, "Resposta automática: Kickoff": true, "Fuera de la oficina Re: x": true, "Out of Office: x": true,
		"Re: Out of office hours of the shop": false, "La respuesta automática del sistema": false} {
		if in := parse(t, raw("From: ana@cliente.example", "Subject: "+subject, "", "Hola")); in.Auto != auto {
			t.Errorf("%s: %v", subject, in.Auto)
		}
	}
}

func TestOddButHonestMails(t *testing.T) {
	in := parse(t, raw("From ana@cliente.example Mon Mar  2 12:04:05 2026", "From: ana@cliente.example", "X-Original-To: desk+k3v9@posta.example", "To: undisclosed-recipients:;", "", "Hola", "", "."))
	if in.Text != "Hola\n\n." || in.MessageID != "" || len(in.Delivered) != 1 || len(in.To) != 0 {
		t.Errorf("%+v", in)
	}
	if in := parse(t, raw("From: Ana, la de compras <ana@cliente.example>", "To: a@x.example; b@x.example", "", "x")); in.From.Email != "ana@cliente.example" || len(in.To) != 2 {
		t.Errorf("%+v", in)
	}
	// The last boundary is missing, the encoding is unknown.
	in = parse(t, raw(head(`Content-Type: multipart/mixed; boundary="b"`), "", "--b", "Content-Transfer-Encoding: 8-bit", "", "Sí", "--b", "Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "", "JVBERg=="))
	if in.Text != "Sí" || len(in.Attachments) != 1 || in.Attachments[0].Name != "attachment-1.pdf" || string(in.Attachments[0].Data) != "%PDF" {
		t.Errorf("%+v", in)
	}
	// A forwarded mail is a file, and no part of this one.
	in = parse(t, raw(head(`Content-Type: multipart/mixed; boundary="b"`), "", "--b", "", "Mire:", "--b", "Content-Type: message/rfc822", "", "From: x@y.example", "Subject: z", "", "ajeno", "--b--"))
	if in.Text != "Mire:" || len(in.Attachments) != 1 || in.Attachments[0].Name != "attachment-1.eml" || in.Bounce != nil {
		t.Errorf("%+v", in)
	}
	// What hides in HTML is not text.
	in = parse(t, raw(head("Content-Type: text/html; charset=utf-8"), "", `<html><head><title>t</title><style>p{x:y}</style></head><body><script>alert(1)</script><p>Uno&nbsp;&amp;<b>dos</b></p><!-- c --><table><tr><td>a</td><td>b</td></tr></table><p>tres<br>cuatro</p></body></html>`))
	if in.Text != "Uno &dos\na b\n\ntres\ncuatro" && in.Text != "Uno &dos\n\na b\n\ntres\ncuatro" {
		t.Errorf("%q", in.Text)
	}
}

// Sabotage that turns it red: leave out the limits on parts, depth, headers or
// attachments.
func TestHostileMailsAreRefused(t *testing.T) {
	nested := func(depth int) []byte {
		var b bytes.Buffer
		b.WriteString(head() + "\n")
		for n := range depth {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", n, n)
		}
		b.WriteString("\nx\n")
		return raw(b.String())
	}
	multipart := head(`Content-Type: multipart/mixed; boundary="b"`) + "\n\n"
	file := "--b\nContent-Type: application/x; name=a\nContent-Transfer-Encoding: base64\n\n"
	for name, tc := range map[string]struct {
		message []byte
		code    posta.Code
	}{
		"empty":               {nil, posta.CodeInvalid},
		"no header":           {raw("hola"), posta.CodeInvalid},
		"no sender":           {raw("To: desk@posta.example", "", "x"), posta.CodeInvalid},
		"too long":            {make([]byte, mail.MaxRawBytes+1), posta.CodeTooLarge},
		"100k headers":        {raw("From: a@b.example\n" + strings.Repeat("X-A: b\n", 100_000) + "\nx"), posta.CodeInvalid},
		"a long header":       {raw("From: a@b.example\nX-A: " + strings.Repeat("b", 1<<20) + "\n\nx"), posta.CodeInvalid},
		"a part's headers":    {raw(multipart + "--b\n" + strings.Repeat("X:\n", 1_000_000) + "\nx\n--b--"), posta.CodeInvalid},
		"deep":                {nested(13), posta.CodeInvalid},
		"very deep":           {nested(20_000), posta.CodeInvalid},
		"many parts":          {raw(multipart + strings.Repeat("--b\n\nx\n", 400) + "--b--"), posta.CodeInvalid},
		"many files":          {raw(multipart + strings.Repeat(file+"eA==\n", 21) + "--b--"), posta.CodeTooLarge},
		"big files":           {raw(multipart + strings.Repeat(file+base64.StdEncoding.EncodeToString(make([]byte, 4<<20))+"\n", 3) + "--b--"), posta.CodeTooLarge},
		"bad base64":          {raw(multipart + file + "!!!!\n--b--"), posta.CodeInvalid},
		"a long text":         {raw(head(), "", strings.Repeat("x\n", 1<<20)), posta.CodeTooLarge},
		"no part at all":      {raw(multipart + "nothing"), posta.CodeInvalid},
		"a boundary of 1 MB":  {raw(head("Content-Type: multipart/mixed; boundary="+strings.Repeat("b", 1<<20)), "", "x"), posta.CodeInvalid},
		"a colon in the name": {raw("From : : :\n: x", "", "x"), posta.CodeInvalid},
	} {
		if _, err := mail.Parse(tc.message); posta.ErrorCode(err) != tc.code {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	// What can be read is, at a bounded price.
	for name, message := range map[string][]byte{
		"angle brackets":    raw(head("Content-Type: text/html"), "", strings.Repeat("<", 3<<20)),
		"blockquotes":       raw(head("Content-Type: text/html"), "", strings.Repeat("<blockquote>", 200_000)+"x"),
		"marked lines":      raw(head(), "", strings.Repeat(">\n", 200_000)+"x"),
		"marks and answers": raw(head(), "", strings.Repeat("> a\nb\n", 80_000)),
		"attributions":      raw(head(), "", strings.Repeat("El 2 escribió:\nOn 3\n", 20_000)),
		"references":        raw(head("References: "+strings.Repeat("<a@b> ", 20_000)), "", "x"),
		"recipients":        raw(head("Cc: "+strings.Repeat("a@b.example, ", 15_000)+"a@b.example"), "", "x"),
		"encoded words":     raw("From: a@b.example", "Subject: "+strings.Repeat("=?utf-8?q?a?= ", 15_000), "", "x"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in, err := mail.Parse(message)
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err != nil && posta.ErrorCode(err) != posta.CodeTooLarge || taken > 256<<20 {
			t.Errorf("%s: %v, %d MB", name, err, taken>>20)
		}
		if len(in.References) > 50 || len(in.Cc) > 200 || len(in.Subject) > 2000 {
			t.Errorf("%s: %d references, %d in copy, %d bytes of subject", name, len(in.References), len(in.Cc), len(in.Subject))
		}
	}
}

// FuzzParse holds what every caller relies on, whatever comes in.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		f.Fatal(err, files)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
	}
	f.Add([]byte("From: a@b\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n----\n"))
	f.Add([]byte("From: a@b\nContent-Type: multipart/report; boundary=b; report-type=delivery-status\n\n--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822;\x00a\n\n\n\nAction: failed\n--b--"))
	f.Fuzz(func(t *testing.T, message []byte) {
		in, err := mail.Parse(message)
		if err != nil {
			if code := posta.ErrorCode(err); code != posta.CodeInvalid && code != posta.CodeTooLarge {
				t.Fatalf("code %s: %v", code, err)
			}
			return
		}
		texts := []string{in.Subject, in.Text, in.Quoted, in.From.Name, in.From.Email, in.MessageID, in.InReplyTo}
		size := 0
		for _, a := range in.Attachments {
			texts = append(texts, a.Name, a.Type)
			size += len(a.Data)
			if a.Name == "" || mail.CleanName(a.Name) != a.Name {
				t.Fatalf("name %q", a.Name)
			}
		}
		if in.Bounce != nil {
			texts = append(texts, in.Bounce.Address, in.Bounce.Diagnostic, in.Bounce.Status, in.Bounce.MessageID)
			texts = append(texts, in.Bounce.Also...)
		} else if in.From.Email == "" {
			t.Fatal("nobody sent it")
		}
		texts = append(texts, in.References...)
		for _, text := range texts {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Fatalf("%q is no text", text)
			}
		}
		if strings.ContainsAny(in.Subject+in.From.Name+in.From.Email+in.MessageID+in.InReplyTo, "\r\n") || len(in.Attachments) > mail.MaxAttachments || size > mail.MaxAttachmentBytes {
			t.Fatalf("%+v", in)
		}
	})
}
