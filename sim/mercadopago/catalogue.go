package mercadopago

import (
	"slices"
	"strings"
)

// places is the closed, accent-sensitive catalogue of states and cities in
// which a store can lie: a small part of the provider's
// (docs/providers/mercadopago.md §2.1).
var places = map[string]map[string][]string{
	"MLA": {
		"Buenos Aires":    {"La Plata", "Mar del Plata", "Bahía Blanca", "Quilmes", "San Isidro", "Vicente López", "Morón", "Tandil"},
		"Capital Federal": {"Palermo", "Belgrano", "Recoleta", "Caballito", "San Nicolás", "Almagro", "Balvanera", "Monserrat", "Puerto Madero", "Villa Crespo"},
		"Córdoba":         {"Córdoba", "Villa María", "Río Cuarto", "Villa Carlos Paz"},
		"Santa Fe":        {"Rosario", "Santa Fe", "Rafaela"},
		"Mendoza":         {"Mendoza", "Godoy Cruz", "San Rafael", "Guaymallén"},
		"Tucumán":         {"San Miguel de Tucumán", "Yerba Buena"},
		"Salta":           {"Salta"}, "Neuquén": {"Neuquén"}, "Río Negro": {"Bariloche", "Viedma"}, "Entre Ríos": {"Paraná", "Concordia"},
	},
	"MLB": {
		"São Paulo":         {"São Paulo", "Campinas", "Santos", "Osasco", "Guarulhos"},
		"Rio de Janeiro":    {"Rio de Janeiro", "Niterói", "Petrópolis"},
		"Minas Gerais":      {"Belo Horizonte", "Uberlândia", "Juiz de Fora"},
		"Paraná":            {"Curitiba", "Londrina", "Maringá"},
		"Rio Grande do Sul": {"Porto Alegre", "Caxias do Sul"},
		"Bahia":             {"Salvador", "Feira de Santana"}, "Distrito Federal": {"Brasília"}, "Santa Catarina": {"Florianópolis", "Joinville"},
	},
	"MLM": {
		"Distrito Federal": {"Benito Juárez", "Cuauhtémoc", "Miguel Hidalgo", "Coyoacán"},
		"Jalisco":          {"Guadalajara", "Zapopan"}, "Nuevo León": {"Monterrey", "San Pedro Garza García"}, "Puebla": {"Puebla"},
	},
	"MLC": {
		"RM (Metropolitana)": {"Santiago", "Providencia", "Las Condes", "Ñuñoa"},
		"Valparaíso":         {"Valparaíso", "Viña del Mar"}, "Biobío": {"Concepción"},
	},
	"MCO": {
		"Bogotá D.C.": {"Chapinero", "Usaquén", "Suba"}, "Antioquia": {"Medellín", "Envigado"}, "Valle Del Cauca": {"Cali"},
	},
	"MPE": {"Lima": {"Lima", "Miraflores", "San Isidro", "Surco"}, "Arequipa": {"Arequipa"}, "Cusco": {"Cusco"}},
	"MLU": {"Montevideo": {"Montevideo", "Pocitos", "Ciudad Vieja", "Centro"}, "Maldonado": {"Punta del Este", "Maldonado"}, "Canelones": {"Las Piedras", "Ciudad de la Costa"}},
}

// place looks a city up. When state or city is wrong it says which, and lists
// the valid ones as the provider does.
func place(siteID, state, city string) (field, valid string) {
	cities, ok := places[siteID][state]
	if !ok {
		var list []string
		for s := range places[siteID] {
			list = append(list, s)
		}
		slices.Sort(list)
		return "state_name", strings.Join(list, ", ")
	}
	if !slices.Contains(cities, city) {
		return "city_name", strings.Join(cities, ", ")
	}
	return "", ""
}
