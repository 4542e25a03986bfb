package karmak_test

import (
	"fmt"
	"strings"
	"testing"

	"related-ro/pkg/karmak"
	"related-ro/pkg/relatedro"
)

func TestCheckConnection(t *testing.T) {
	for name, c := range map[string]struct {
		connection     relatedro.Connection
		missing, wrong string
	}{
		"of Unity":                   {atBranch("01"), "", ""},
		"of the newer interface":     {faces()[1].atBranch("01"), "", ""},
		"no account number":          {relatedro.Connection{Kind: karmak.ReportDataAccess}, "accountNumber", ""},
		"a user beside the number":   {relatedro.Connection{Kind: karmak.ReportDataAccess, Account: "1", User: "u"}, "", "user"},
		"another kind":               {relatedro.Connection{Kind: "soap", Account: "1"}, "", "kind"},
		"nothing":                    {relatedro.Connection{}, "account user", ""},
		"no user":                    {relatedro.Connection{Account: "a"}, "user", ""},
		"malformed":                  {relatedro.Connection{Account: "a b", User: "u|"}, "", "account user"},
		"branch of words":            {atBranch("Main St. & 5th (north)"), "", ""},
		"branch as long as may be":   {atBranch(strings.Repeat("b", 64)), "", ""},
		"branch too long":            {atBranch(strings.Repeat("b", 65)), "", "branch"},
		"branch with a comma":        {atBranch("a,b"), "", "branch"},
		"branch with a bar":          {atBranch("a|b"), "", "branch"},
		"branch with brackets":       {atBranch("a[EQ]b"), "", "branch"},
		"branch with a control":      {atBranch("a\nb"), "", "branch"},
		"branch beyond ASCII":        {atBranch("Zürich"), "", "branch"},
		"branch with blanks outside": {atBranch(" 01"), "", "branch"},
		"branch NULL":                {atBranch("NULL"), "", "branch"},
	} {
		t.Run(name, func(t *testing.T) {
			missing, wrong := new(karmak.Client).CheckConnection(c.connection)
			if got := fieldsOf(missing); got != c.missing {
				t.Errorf("missing %q, want %q", got, c.missing)
			}
			if got := fieldsOf(wrong); got != c.wrong {
				t.Errorf("wrong %q, want %q", got, c.wrong)
			}
		})
	}
}

func fieldsOf(errs relatedro.FieldErrors) string {
	var names []string
	for _, err := range errs {
		names = append(names, err.Field)
	}
	return strings.Join(names, " ")
}

func ExampleClient_CheckConnection() {
	missing, wrong := new(karmak.Client).CheckConnection(relatedro.Connection{Account: "6b1f 6a3e", Branch: "DAL"})
	fmt.Println("missing:", missing)
	fmt.Println("wrong:", wrong)
	// Output:
	// missing: user must be 1 to 64 letters, digits, '.', '_' or '-'
	// wrong: account must be 1 to 64 letters, digits, '.', '_' or '-'
}
