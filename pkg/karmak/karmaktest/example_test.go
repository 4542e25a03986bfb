package karmaktest_test

import (
	"fmt"
	"net/http"
	"net/url"

	"related-ro/pkg/karmak/karmaktest"
)

func Example() {
	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
	defer sim.Close()
	account := karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}, ROs: []karmaktest.RO{{Number: "50123", Branch: "MAIN"}}}
	if err := sim.AddAccount(account); err != nil {
		fmt.Println(err)
	}
	if err := sim.Spinoff("acct-1", "50123", "MAIN", karmaktest.RO{Number: "50124"}); err != nil {
		fmt.Println(err)
	}

	resp, err := http.PostForm(sim.URL+"/auth/connect/token", url.Values{
		"client_id": {"id"}, "client_secret": {"secret"}, "grant_type": {"karmak_identity"}, "scope": {"api"},
		"account": {"acct-1"}, "user": {"user-1"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()

	alternate, err := sim.RO("acct-1", "50124", "MAIN")
	fmt.Println(resp.StatusCode, sim.Counts().Calls, alternate.Original, err)
	// Output: 200 map[token:1] 50123 <nil>
}

func ExampleSimulator_SetFault() {
	sim := karmaktest.Start(karmaktest.Config{})
	defer sim.Close()
	fault := karmaktest.Fault{Call: karmaktest.CallToken, Kind: karmaktest.RateLimited, RetryAfter: "30", Times: 1}
	if err := sim.SetFault(fault); err != nil {
		fmt.Println(err)
	}

	for range 2 {
		resp, err := http.PostForm(sim.URL+"/auth/connect/token", url.Values{"account": {"acct-1"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status, resp.Header.Get("Retry-After"))
	}
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// 429 Too Many Requests 30
	// 400 Bad Request
}
