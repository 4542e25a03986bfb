// Package karmaktest is a strict simulator of Karmak Unity, the HTTP interface of the DMS Karmak Fusion. Tests start it with
// [Start], the local stack mounts the [Simulator] that [New] returns, and a client that is wrong fails against it.
//
//	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
//	defer sim.Close()
//	sim.AddAccount(karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}})
//	sim.AddRO("acct-1", karmaktest.RO{Number: "50123", Branch: "MAIN"})
//	sim.Spinoff("acct-1", "50123", "MAIN", karmaktest.RO{Number: "50124"})
//
// It serves the token call, the views RepairOrderHeader and RepairOrderTask, and the system status, as Karmak publishes them.
//
// # Choices where Karmak publishes nothing
//
// Requests. A parameter given twice, or one that Unity does not have, is a 400: a typo must not pass unseen. A URL of more than
// 2,000 characters is a 414. Names, operators and the word NULL are told apart by case.
//
// Token calls. One that is no form, lacks a field, or has one twice or too many is a 400 invalid_request; another grant type or
// scope is a 400 as OAuth names it. Several tokens of one account and user are valid side by side.
//
// Filters. RO, invoice, customer and task numbers compare as numbers when both sides are digits only (so 007 equals 7), else as
// text, digits before text. Dates are RFC 3339, or the same without zone, or a day, taken as UTC. Booleans are true, false, 1, 0,
// Y or N and know no order. Text compares without case. An empty cell meets no condition but EQ NULL; it sorts first. A value
// that is empty, or of the wrong type for its column, or holds one of the separators, is a 400.
//
// Pages. Without pagesize a page has the view's maximum, without page it is the first. Both views sort by RONumber by default.
// ROs that sort alike come in the order in which they were added on odd pages and in the reverse on even ones: no database promises
// an order between them from one request to the next.
//
// Answers. An error outside the token call is {"message":"…"}. How numbers, booleans, dates and empty cells are written is the
// account's [Rendering].
//
// Offline. With the fault [Offline] the token call works (it is the cloud's), the status says IsOnline false, and look-ups answer
// 503, or the fault's Status.
//
// Not activated. With the fault [NotActivated] look-ups answer 403; or, with Status 404, that the view does not exist; or, with
// Status 400, RepairOrderHeader is without its column OriginalRONumber.
//
// # Control API
//
// The same handler serves a JSON API under /control/ that changes the simulator while it runs. It is never counted and no fault
// touches it. A wrong request is a 400 that names the field, an unknown account or RO a 404.
//
//	GET    /control/state            accounts (?account= for one) with their ROs, and the faults: the form that load takes
//	GET    /control/counts           requests counted by call and account
//	DELETE /control/counts           start counting anew; forgets the recorded requests too
//	GET    /control/requests         the recorded requests, oldest first
//	POST   /control/load             {"accounts":[{"id","users","fusionVersion","ros":[…]}],"faults":[…]}
//	POST   /control/account          {"id","users","fusionVersion",…}: adds or changes an account
//	POST   /control/ro               {"account","ro":{"number","branch","original",…}}
//	PATCH  /control/ro               {"account","number","branch","set":{"status":"INVOICED",…}}
//	DELETE /control/ro               ?account=&number=&branch=
//	POST   /control/spinoff          {"account","from","branch","ro":{"number",…}}
//	POST   /control/fault            {"account","call","kind","times","latency":"2s","retryAfter","status",…}
//	DELETE /control/faults           end all faults
//	POST   /control/revoke           {"account"}: revoke its tokens; without account, everybody's
//	POST   /control/secret           {"clientSecret"}: as when Karmak gives out a new secret
package karmaktest
