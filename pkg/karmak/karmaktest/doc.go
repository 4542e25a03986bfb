// Package karmaktest is a strict simulator of the HTTP interfaces of the DMS Karmak Fusion: Unity
// and the newer Report Data Access, over the same data. Tests start it with [Start]. The local
// stack mounts the [Simulator] that [New] returns. A faulty client fails against it.
//
//	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
//	defer sim.Close()
//	sim.AddAccount(karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}})
//	sim.AddRO("acct-1", karmaktest.RO{Number: "50123", Branch: "MAIN"})
//	sim.Spinoff("acct-1", "50123", "MAIN", karmaktest.RO{Number: "50124"})
//
// It serves the token call, the views RepairOrderHeader and RepairOrderTask, the list of branches
// and the system status; the newer interface has the views alone. One of the two reaches an account
// at a time, and [Simulator.Move] moves the account to the other. infra/docs/simulator.md states
// each rule of the simulator and its source: a page of Karmak's, or our choice. [Rendering] sets
// how an account's answers are written, [Rules] sets other differences between accounts, and a
// [Fault] makes calls fail.
//
// # Control API
//
// The same handler serves a JSON API under /control/ that changes the simulator while it runs. Its
// requests are not counted, and faults do not affect them. It answers an invalid request with a 400
// that names the field, and an unknown account or RO with a 404. In set, null empties a field.
//
//	GET    /control/state            accounts (?account= for one) with their ROs, and faults,
//	                                 in the form of load
//	GET    /control/counts           requests counted by call and account
//	DELETE /control/counts           reset the counts and drop the recorded requests
//	GET    /control/requests         the recorded requests, oldest first
//	POST   /control/load             {"accounts":[{"id","users","fusionVersion","ros":[…]}],
//	                                 "faults":[…]}
//	POST   /control/account          {"id","users","fusionVersion",…}: add an account, or replace
//	                                 its own fields
//	PATCH  /control/account          {"id","set":{"maxPageSize":100,"rules":{…},
//	                                 "rendering":{…},…}}; "face":"rda" or "unity" moves it
//	POST   /control/ro               {"account","ro":{"number","branch","original",…}}
//	PATCH  /control/ro               {"account","number","branch","set":{"status":"INVOICED",…}}
//	DELETE /control/ro               ?account=&number=&branch=
//	POST   /control/spinoff          {"account","from","branch","ro":{"number",…}}
//	POST   /control/fault            {"account","call","ro","kind","times","latency":"2s",
//	                                 "retryAfter","status",…}
//	DELETE /control/faults           end all faults
package karmaktest
