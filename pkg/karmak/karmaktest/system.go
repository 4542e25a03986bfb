package karmaktest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// systemStatus is the published body of the system status.
type systemStatus struct {
	IsOnline      bool
	BridgeVersion string
	FusionVersion string
	Account       string
	User          string
	Message       string
	ProcessGUID   string
}

func (a *account) systemStatus(c call, fault Kind) response {
	status := systemStatus{
		IsOnline:      fault != Offline,
		BridgeVersion: a.FusionVersion,
		FusionVersion: a.FusionVersion,
		Account:       c.account,
		User:          c.user,
		Message:       "Successfully sent message to Bridge",
		ProcessGUID:   processGUID(),
	}
	if !status.IsOnline {
		status.Message = "Fusion is offline."
	}
	return jsonResponse(http.StatusOK, status)
}

// processGUID returns a request's identifier at Unity: 32 hexadecimal digits.
func processGUID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// Branch is a branch of an account in Unity's list of branches.
type Branch struct {
	ID       string `json:"id"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Inactive bool   `json:"inactive,omitempty"` // not listed
}

// listBranches answers with the active branches, or with the refusal of a rule.
func (a *account) listBranches() response {
	switch status := a.Rules.Branches; {
	case status == http.StatusForbidden:
		return message(status, "The user has no permission for Branch.")
	case status != 0 || !a.hasBranchList():
		return message(http.StatusNotFound, "no such resource: %s", branchPath)
	}
	type listed struct{ ID, BranchCode, BranchName, CustomerBaseBranchID string }
	var list []listed
	for _, b := range a.branches() {
		if !b.Inactive {
			list = append(list, listed{b.ID, b.Code, b.Name, b.ID})
		}
	}
	if len(list) == 0 {
		return a.Rendering.noRows()
	}
	listing := jsonResponse(http.StatusOK, list)
	listing.rows = len(list)
	return listing
}

// branches returns the account's branches. If it has none, they are those of its ROs.
func (a *account) branches() []Branch {
	if len(a.Branches) > 0 {
		return a.Branches
	}
	codes := make(map[string]bool)
	for _, e := range a.ros {
		if e.ro.Branch != "" {
			codes[e.ro.Branch] = true
		}
	}
	var branches []Branch
	for i, code := range slices.Sorted(maps.Keys(codes)) {
		branches = append(branches, Branch{ID: fmt.Sprint(i + 1), Code: code, Name: "Branch " + code})
	}
	return branches
}

// hasBranchList reports whether the account's Fusion version is unknown, or 3.62 or newer.
func (a *account) hasBranchList() bool {
	var major, minor int
	fmt.Sscanf(a.FusionVersion, "%d.%d", &major, &minor) // an invalid number counts as 0
	return a.FusionVersion == "" || major > 3 || major == 3 && minor >= 62
}
