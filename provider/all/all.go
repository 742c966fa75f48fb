// Package all is the one visible list of connectors.
package all

import (
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/provider/prisma"
)

// Descriptions introduces every connector of Posta.
func Descriptions() []provider.Description {
	return []provider.Description{
		mercadopago.Description(),
		prisma.Description(),
	}
}
