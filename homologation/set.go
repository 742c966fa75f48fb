package homologation

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"posta"
)

//go:embed cases/*.json
var caseFiles embed.FS

var sets = sync.OnceValue(func() map[string][]Case {
	out := map[string][]Case{}
	for _, product := range Products {
		data, err := caseFiles.ReadFile("cases/" + product + ".json")
		var cases []Case
		if err == nil {
			err = json.Unmarshal(data, &cases)
		}
		if err != nil {
			panic(fmt.Sprintf("homologation: cases of %s: %v", product, err)) // embedded: a defect of ours
		}
		out[product] = cases
	}
	return out
})

// Products are those that have a case set.
var Products = []string{"prisma_ecr", "mercadopago_qr"}

// Reviewed reports whether a product's provider reviews a filled sheet
// (docs/providers/prisma.md §14): then its acceptance counts, and nobody's word.
func Reviewed(product string) bool { return product == "prisma_ecr" }

// Set gives the cases of a product in their order; none for a product that has
// no case set.
func Set(product string) []Case { return slices.Clone(sets()[product]) }

// find gives a case of a product. Errors: not_found.
func find(product, key string) (Case, error) {
	for _, c := range sets()[product] {
		if c.Key == key {
			return c, nil
		}
	}
	return Case{}, &posta.Error{Code: posta.CodeNotFound}
}
