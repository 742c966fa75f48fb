package homologation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Two kinds that no caller sees.
const (
	columnEither = "either" // "caso": the number where another column is the title, otherwise the title
	columnOther  = "other"  // an id that is not the payment's, so that it is not taken for it
)

// headerWords are the names that columns have in providers' sheets, in the
// form that plainHeader gives. A "*" at an end stands for further words there.
// Where several kinds fit one header, an exact name wins, then the first kind.
var headerWords = []struct {
	kind  string
	words []string
}{
	{columnOther, []string{
		"*ecr transaction id*", "*external reference*", "*referencia externa*", "terminal id*", "id terminal*", "id de terminal*", "id de la terminal*", "id do terminal*",
		"*reversal id*", "*id de reversa*", "*id reversa*", "*id da reversao*", "*refund id*", "*id de devolucion*", "*id devolucion*", "*id da devolucao*", "*id do estorno*",
		"*settlement id*", "*id de cierre*", "*store id*", "*merchant id*", "*id de comercio*", "*id del comercio*", "*id da loja*",
	}},
	{ColumnPaymentID, []string{
		"*payment id*", "*payments id*", "*paymentid*", "*payment ids*", "id payment", "id de payment", "id del payment", "*id pago*", "idpago", "*id de pago*", "*id del pago*",
		"*pago id*", "*identificador de pago*", "*identificador del pago*", "n de pago", "no de pago", "nro de pago", "numero de pago", "numero del pago",
		"*id pagamento*", "*id do pagamento*", "*id de pagamento*", "*pagamento id*", "*identificador do pagamento*", "*identificador de pagamento*", "n do pagamento", "no do pagamento", "numero do pagamento",
		"*transaction id*", "*id transaccion*", "*id de transaccion*", "*id de la transaccion*", "*id trx*", "*id transacao*", "*id da transacao*", "*id de transacao*",
		"numero de transaccion", "nro de transaccion", "numero da transacao", "operation id*", "id operacion*", "id de operacion*", "id de la operacion*", "id operacao*", "id da operacao*",
		"n de operacion", "no de operacion", "nro de operacion", "numero de operacion", "numero da operacao", "id cobro", "id de cobro", "id del cobro", "payment number", "payment",
	}},
	{ColumnExpected, []string{
		"esperado", "*esperado", "*esperado *", "*esperada", "*esperada *", "*esperados", "*expected*", "criterio de aceptacion*", "criterios de aceptacion*", "criterio de aceite*", "acceptance criteria*",
	}},
	{ColumnNote, []string{
		"observacion*", "observaciones*", "obs", "comentario*", "comentarios*", "nota", "notas", "nota *", "notas *", "observacao*", "observacoes*", "comments*", "comment*", "notes*", "note", "remarks*", "aclaraciones*",
	}},
	{ColumnDate, []string{
		"fecha*", "data", "data *", "date", "date *", "*execution date", "*test date", "dia", "hora", "fecha y hora*", "data e hora*",
	}},
	{ColumnNumber, []string{
		"n", "no", "nro", "num", "nr", "numero", "number", "id", "item", "it", "codigo", "cod", "code", "orden", "ordem", "seq", "secuencia", "sequencia", "identificador",
		"n de caso*", "n caso*", "no de caso*", "no caso*", "nro de caso*", "nro caso*", "num caso*", "numero de caso*", "numero caso*", "numero del caso*", "n do caso*", "no do caso*", "numero do caso*", "caso n", "caso no", "caso nro", "caso numero",
		"n de prueba*", "no de prueba*", "nro de prueba*", "nro prueba*", "numero de prueba*", "n de la prueba*", "n do teste*", "no do teste*", "numero do teste*", "n teste", "teste no",
		"id caso*", "id de caso*", "id del caso*", "id do caso*", "id prueba*", "id de prueba*", "id de la prueba*", "id teste*", "id do teste*", "codigo de caso*", "codigo del caso*", "codigo do caso*", "codigo de prueba*",
		"case id*", "case no*", "case number*", "case n", "test id*", "test no", "test number*", "test case id*", "test case no*", "test case number*", "item no", "item n",
	}},
	{columnEither, []string{
		"caso", "casos", "caso de prueba*", "casos de prueba*", "caso de uso*", "casos de uso*", "caso de homologacion*", "caso de teste*", "casos de teste*", "caso de homologacao*", "prueba", "pruebas", "teste", "testes", "case", "cases", "test", "test case*", "use case*",
	}},
	{ColumnTitle, []string{
		"casuistica*", "casuisticas*", "descripcion*", "descripciones*", "detalle", "detalle *", "escenario*", "escenarios*", "titulo*", "nombre", "nombre del caso*", "nombre de la prueba*", "nombre de caso*", "objetivo*", "accion*", "funcionalidad*", "flujo*",
		"transaccion", "operacion", "operatoria", "tipo de transaccion", "tipo de operacion", "tipo de prueba", "concepto", "descricao*", "cenario*", "cenarios*", "detalhe*", "nome", "nome do caso*", "nome do teste*", "acao*", "funcionalidade*", "fluxo*", "transacao", "operacao", "tipo de transacao", "tipo de operacao",
		"description*", "scenario*", "title*", "name", "test name*", "case name*", "transaction", "operation", "summary",
	}},
	{ColumnResult, []string{
		"resultado", "resultados", "resultado *", "*obtenido", "*obtenida", "*obtido", "*obtida", "estado", "estado *", "estatus*", "status", "status *", "situacao*", "veredicto*", "result", "result *", "results", "actual result*", "test result*", "verdict",
		"ok nok", "ok no ok", "ok ko", "ok error", "ok falla", "nok", "pasa no pasa", "paso no paso", "passou nao passou", "pass fail", "passed", "aprobado", "aprobado rechazado", "aprovado", "aprovado reprovado", "cumple", "cumple no cumple", "cumple si no", "cumple s n", "conforme", "conforme no conforme",
	}},
}

// longestHeader is the most words that a header has; a sentence that speaks of
// payment ids is an instruction, not a header.
const longestHeader = 9

var ordinal = strings.NewReplacer("º", "", "ª", "", "°", "", "#", " nro ")

// plainHeader is s without case, accents, punctuation and line breaks.
func plainHeader(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(ordinal.Replace(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// exactHeaders are the kinds by whole name; where two share one, the first has it.
var exactHeaders = func() map[string]string {
	kinds := map[string]string{}
	for _, entry := range headerWords {
		for _, word := range entry.words {
			if name := strings.Trim(word, "* "); kinds[name] == "" {
				kinds[name] = entry.kind
			}
		}
	}
	return kinds
}()

// headerKind is the kind of column that a header's text names, "" for none,
// and whether it names it exactly.
func headerKind(header string) (kind string, exact bool) {
	if kind = exactHeaderKind(header); kind != "" {
		return kind, true
	}
	text := plainHeader(header)
	if text == "" || strings.Count(text, " ") >= longestHeader {
		return "", false
	}
	for _, entry := range headerWords {
		for _, word := range entry.words {
			if headerMatches(text, word) {
				return entry.kind, false
			}
		}
	}
	return "", false
}

// exactHeaderKind is headerKind for whole names only.
func exactHeaderKind(header string) string {
	if len(header) > 200 {
		return ""
	}
	return exactHeaders[plainHeader(header)]
}

// headerMatches reports whether the whole words of pattern stand in text: at its
// beginning, unless pattern begins with "*", and at its end, unless it ends so.
func headerMatches(text, pattern string) bool {
	word := " " + strings.TrimSpace(strings.Trim(pattern, "*")) + " "
	text = " " + text + " "
	switch before, after := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*"); {
	case before && after:
		return strings.Contains(text, word)
	case before:
		return strings.HasSuffix(text, word)
	case after:
		return strings.HasPrefix(text, word)
	}
	return text == word
}
