package mercadopago

import "net/http"

// operation is one call of the provider's API. Its name is what fault rules
// match.
type operation struct {
	name, pattern string
	family        family
	do            func(*call) reply
}

// operations is the whole API. Products are added by adding their list.
func operations() []operation {
	var list []operation
	for _, part := range [][]operation{accountOperations, storeOperations, posOperations, posV2Operations,
		legacyOperations, dynamicOperations, merchantOrderOperations, paymentOperations, orderOperations, pointOperations,
		customerOperations, preferenceOperations, catalogueOperations} {
		list = append(list, part...)
	}
	return append(append(list, planOperations...), subscriptionOperations...)
}

var accountOperations = []operation{
	{"users_me", "GET /users/me", classic, getUser},
	{"test_user_create", "POST /users/test", classic, createTestUser},
	{"test_user_create", "POST /users/test_user", classic, createTestUser},
	{"test_user_search", "GET /test_user/search", classic, searchTestUsers},
	{"credentials_check", "GET /plugins-credentials-wrapper/credentials", public, checkCredentials},
	{"application_get", "GET /applications/{id}", classic, getApplication},
	{"oauth_token", "POST /oauth/token", open, createToken},
}

var storeOperations = []operation{
	{"store_create", "POST /users/{user}/stores", classic, createStore},
	{"store_search", "GET /users/{user}/stores/search", classic, searchStores},
	{"store_get", "GET /stores/{store}", classic, getStore},
	{"store_update", "PUT /users/{user}/stores/{store}", classic, updateStore},
	{"store_delete", "DELETE /users/{user}/stores/{store}", classic, deleteStore},
}

var posOperations = []operation{
	{"pos_create", "POST /pos", classic, createPOS},
	{"pos_search", "GET /pos", classic, searchPOS},
	{"pos_get", "GET /pos/{pos}", classic, getPOS},
	{"pos_update", "PUT /pos/{pos}", classic, updatePOS},
	{"pos_delete", "DELETE /pos/{pos}", classic, deletePOS},
}

var posV2Operations = []operation{
	{"pos2_create", "POST /v2/pos", unified, createPOSV2},
	{"pos2_search", "GET /v2/pos", unified, searchPOSV2},
	{"pos2_get", "GET /v2/pos/{pos}", unified, getPOSV2},
	{"pos2_update", "PATCH /v2/pos/{pos}", unified, updatePOSV2},
	{"pos2_delete", "DELETE /v2/pos/{pos}", unified, deletePOSV2},
}

var legacyOperations = []operation{
	{"legacy_create", "PUT /instore/qr/seller/collectors/{user}/stores/{store}/pos/{pos}/orders", legacyQR, putLegacy},
	{"legacy_get", "GET /instore/qr/seller/collectors/{user}/pos/{pos}/orders", legacyQR, getLegacy},
	{"legacy_delete", "DELETE /instore/qr/seller/collectors/{user}/pos/{pos}/orders", legacyQR, deleteLegacy},
}

var dynamicOperations = []operation{
	{"dynamic_create", "POST /instore/orders/qr/seller/collectors/{user}/pos/{pos}/qrs", legacyQR, postDynamic},
	{"hybrid_create", "PUT /instore/orders/qr/seller/collectors/{user}/pos/{pos}/qrs", legacyQR, putHybrid},
	{"hybrid_get", "GET /instore/orders/qr/seller/collectors/{user}/pos/{pos}/qrs", legacyQR, getLegacy},
	{"hybrid_delete", "DELETE /instore/orders/qr/seller/collectors/{user}/pos/{pos}/qrs", legacyQR, deleteLegacy},
}

var merchantOrderOperations = []operation{
	{"merchant_order_search", "GET /merchant_orders/search", merchantOrders, searchMerchantOrders},
	{"merchant_order_get", "GET /merchant_orders/{id}", merchantOrders, getMerchantOrder},
	{"merchant_order_create", "POST /merchant_orders", merchantOrders, createMerchantOrder},
	{"merchant_order_update", "PUT /merchant_orders/{id}", merchantOrders, updateMerchantOrder},
}

var paymentOperations = []operation{
	{"payment_search", "GET /v1/payments/search", classic, searchPayments},
	{"payment_get", "GET /v1/payments/{id}", classic, getPayment},
	{"payment_create", "POST /v1/payments", classic, createPayment},
	{"payment_update", "PUT /v1/payments/{id}", classic, updatePayment},
	{"refund_create", "POST /v1/payments/{id}/refunds", classic, createRefund},
	{"refund_list", "GET /v1/payments/{id}/refunds", classic, listRefunds},
	{"refund_get", "GET /v1/payments/{id}/refunds/{refund}", classic, getRefund},
}

var orderOperations = []operation{
	{"order_create", "POST /v1/orders", unified, createOrder},
	{"order_search", "GET /v1/orders", unified, searchOrders},
	{"order_get", "GET /v1/orders/{id}", unified, getOrder},
	{"order_cancel", "POST /v1/orders/{id}/cancel", unified, cancelOrder},
	{"order_refund", "POST /v1/orders/{id}/refund", unified, refundOrder},
	{"order_process", "POST /v1/orders/{id}/process", unified, onlineDeed(processOrder)},
	{"order_capture", "POST /v1/orders/{id}/capture", unified, onlineDeed(captureOrder)},
	{"transaction_add", "POST /v1/orders/{id}/transactions", unified, onlineDeed(addTransaction)},
	{"transaction_update", "PUT /v1/orders/{id}/transactions/{transaction}", unified, onlineDeed(updateTransaction)},
	{"transaction_delete", "DELETE /v1/orders/{id}/transactions/{transaction}", unified, deleteTransaction},
}

var pointOperations = []operation{
	{"order_event", "POST /v1/orders/{id}/events", unified, createEvent},
	{"terminal_list", "GET /terminals/v1/list", unified, listTerminals},
	{"terminal_setup", "PATCH /terminals/v1/setup", unified, setupTerminals},
	{"intent_create", "POST /point/integration-api/devices/{device}/payment-intents", classic, createIntent},
	{"intent_cancel", "DELETE /point/integration-api/devices/{device}/payment-intents/{intent}", classic, cancelIntent},
	{"intent_get", "GET /point/integration-api/payment-intents/{intent}", classic, getIntent},
	{"intent_status", "GET /point/integration-api/payment-intents/{intent}/events", classic, intentStatus},
	{"intent_list", "GET /point/integration-api/payment-intents/events", classic, listIntents},
	{"device_list", "GET /point/integration-api/devices", classic, listDevices},
	{"device_mode", "PATCH /point/integration-api/devices/{device}", classic, setDeviceMode},
}

var customerOperations = []operation{
	{"customer_create", "POST /v1/customers", classic, createCustomer},
	{"customer_search", "GET /v1/customers/search", classic, searchCustomers},
	{"customer_get", "GET /v1/customers/{customer}", classic, getCustomer},
	{"customer_update", "PUT /v1/customers/{customer}", classic, updateCustomer},
	{"customer_delete", "DELETE /v1/customers/{customer}", classic, deleteCustomer},
	{"customer_card_create", "POST /v1/customers/{customer}/cards", classic, saveCard},
	{"customer_card_list", "GET /v1/customers/{customer}/cards", classic, listCards},
	{"customer_card_get", "GET /v1/customers/{customer}/cards/{card}", classic, getCard},
	{"customer_card_update", "PUT /v1/customers/{customer}/cards/{card}", classic, updateCard},
	{"customer_card_delete", "DELETE /v1/customers/{customer}/cards/{card}", classic, deleteCard},
}

var catalogueOperations = []operation{
	{"card_token_create", "POST /v1/card_tokens", public, createCardToken},
	{"card_token_get", "GET /v1/card_tokens/{id}", public, getCardToken},
	{"method_list", "GET /v1/payment_methods", public, listMethods},
	{"method_search", "GET /v1/payment_methods/search", public, searchMethods},
	{"installments", "GET /v1/payment_methods/installments", public, listInstallments},
	{"issuers", "GET /v1/payment_methods/card_issuers", public, listIssuers},
	{"chargeback_search", "GET /v1/chargebacks/search", classic, searchChargebacks},
	{"chargeback_get", "GET /v1/chargebacks/{id}", classic, getChargeback},
	{"chargeback_evidence_get", "GET /v1/chargebacks/{id}/documentation/{n}", classic, getEvidence},
	{"chargeback_evidence", "POST /v1/chargebacks/{id}/documentation", upload, addEvidence},
	{"identification_types", "GET /v1/identification_types", public, listIdentificationTypes},
}

var preferenceOperations = []operation{
	{"preference_create", "POST /checkout/preferences", classic, createPreference},
	{"preference_search", "GET /checkout/preferences/search", classic, searchPreferences},
	{"preference_get", "GET /checkout/preferences/{id}", classic, getPreference},
	{"preference_update", "PUT /checkout/preferences/{id}", classic, updatePreference},
}

// Handler serves the API at the root, and what is the simulator's own below
// /sim/.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, op := range operations() {
		mux.HandleFunc(op.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &op) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, &operation{name: "unknown", family: classic, do: func(c *call) reply {
			return c.fail(http.StatusNotFound, "resource not found", "Si quieres conocer los recursos de la API que se encuentran disponibles visita el Sitio de Desarrolladores de MercadoLibre (https://developers.mercadopago.com)")
		}})
	})
	preflights(mux)
	s.mountSDK(mux)
	s.mountVouchers(mux)
	s.mountOAuth(mux)
	s.mountChargebacks(mux)
	s.own(mux)
	return mux
}
