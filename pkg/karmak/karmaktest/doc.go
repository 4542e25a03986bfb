// Package karmaktest is a strict simulator of the HTTP interfaces of the DMS Karmak Fusion, Unity and the newer Report Data Access,
// over the same data. Tests start it with
// [Start], the local stack mounts the [Simulator] that [New] returns, and a client that is wrong fails against it.
//
//	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
//	defer sim.Close()
//	sim.AddAccount(karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}})
//	sim.AddRO("acct-1", karmaktest.RO{Number: "50123", Branch: "MAIN"})
//	sim.Spinoff("acct-1", "50123", "MAIN", karmaktest.RO{Number: "50124"})
//
// It serves the token call, the views RepairOrderHeader and RepairOrderTask, the list of branches and the system status; by the newer
// interface the views alone. An account is reached by one of them at a time, and [Simulator.Move] moves it to the other. Each rule that it
// goes by is in infra/docs/simulator.md, with where Karmak publishes it, or that it is our choice. How an account's answers are written is
// its [Rendering]; what else differs from one account to another, its [Rules]; what goes wrong, a [Fault].
//
// # Control API
//
// The same handler serves a JSON API under /control/ that changes the simulator while it runs. It is never counted and no fault
// touches it. A wrong request is a 400 that names the field, an unknown account or RO a 404. In set, null empties a field.
//
//	GET    /control/state            accounts (?account= for one) with their ROs, and the faults: the form that load takes
//	GET    /control/counts           requests counted by call and account
//	DELETE /control/counts           start counting anew; forgets the recorded requests too
//	GET    /control/requests         the recorded requests, oldest first
//	POST   /control/load             {"accounts":[{"id","users","fusionVersion","ros":[…]}],"faults":[…]}
//	POST   /control/account          {"id","users","fusionVersion",…}: adds an account, or replaces its own fields
//	PATCH  /control/account          {"id","set":{"maxPageSize":100,"rules":{…},"rendering":{…},…}}; "face":"rda" or "unity" moves it
//	POST   /control/ro               {"account","ro":{"number","branch","original",…}}
//	PATCH  /control/ro               {"account","number","branch","set":{"status":"INVOICED",…}}
//	DELETE /control/ro               ?account=&number=&branch=
//	POST   /control/spinoff          {"account","from","branch","ro":{"number",…}}
//	POST   /control/task             {"account","number","branch","task":{"number":3,"alternateBillingCustomer",…}}: one more of the RO
//	POST   /control/reopen           {"account","number","branch"}: an invoiced RO is open again
//	POST   /control/combine          {"account","number","branch","into"}: the RO becomes part of another and is gone
//	POST   /control/fault            {"account","call","ro","kind","times","latency":"2s","retryAfter","status",…}
//	DELETE /control/faults           end all faults
//	POST   /control/revoke           {"account"}: revoke its tokens; without account, everybody's
//	POST   /control/secret           {"clientSecret","subscriptionKey"}, one or both: as when Karmak gives out new ones
package karmaktest
