package relatedro

import "testing"

func TestCustomersAreToldApartByNumber(t *testing.T) {
	for name, tt := range map[string]struct {
		a, b Customer
		same bool
	}{
		"one number, two names":    {Customer{"9001", "Freightliner"}, Customer{"9001", "FREIGHTLINER WARRANTY"}, true},
		"one number, letters":      {Customer{"w100", ""}, Customer{"W100", ""}, true},
		"two numbers, one name":    {Customer{"9001", "Warranty"}, Customer{"9002", "Warranty"}, false},
		"a number that is missing": {Customer{"9001", "Warranty"}, Customer{"", "warranty"}, true},
		"both empty":               {Customer{}, Customer{}, false},
		"a number against neither": {Customer{"9001", ""}, Customer{}, false},
	} {
		if tt.a.is(tt.b) != tt.same || tt.b.is(tt.a) != tt.same {
			t.Errorf("%s: same customer is not %t", name, tt.same)
		}
	}
}

// An expected RO is not an RO: it is neither searchable nor published.
func TestExpectedIsNotLinkedAndNoNews(t *testing.T) {
	before := Case{Key: key, RO: "50123", Related: []RelatedRO{{RO: "50124"}}, Revision: 1}
	after := before
	after.Revision, after.Expected = 2, []Expected{{Customer: Customer{"9001", "Freightliner Warranty"}, Tasks: 2}}
	if len(after.Links()) != 2 {
		t.Errorf("the expected RO has a link: %v", after.Links())
	}
	if notices := CaseNotices(before, after); len(notices) != 0 {
		t.Errorf("the expected RO makes notices: %+v", notices)
	}
}
