package relatedro

import "testing"

func TestActorSees(t *testing.T) {
	for name, c := range map[string]struct {
		actor    Actor
		location string
		want     bool
	}{
		"own":                      {Actor{Locations: []string{"loc-1", "loc-2"}}, "loc-2", true},
		"other":                    {Actor{Locations: []string{"loc-1"}}, "loc-10", false},
		"everywhere":               {Actor{Everywhere: true}, "loc-10", true},
		"a star is no wildcard":    {Actor{Locations: []string{"*"}}, "loc-1", false},
		"no actor":                 {Actor{}, "loc-1", false},
		"no location":              {Actor{Locations: []string{"", "loc-1"}}, "", false},
		"no location, yet support": {Actor{Everywhere: true}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.actor.Sees(c.location); got != c.want {
				t.Errorf("Sees = %t", got)
			}
		})
	}
}

func TestActorHas(t *testing.T) {
	advisor := Actor{Roles: []Role{ServiceAdvisor, FieldManager}}
	if !advisor.Has(Support, FieldManager) || advisor.Has(Support) || advisor.Has() || (Actor{}).Has(Support) {
		t.Error("Has misjudges the roles of an advisor or of the zero Actor")
	}
}

func TestRoleKnown(t *testing.T) {
	for role, want := range map[Role]bool{
		Administrator: true, ServiceManager: true, ServiceAdvisor: true, FieldManager: true, Support: true,
		"": false, "root": false, "Support": false,
	} {
		if role.Known() != want {
			t.Errorf("%q: Known = %t, want %t", role, !want, want)
		}
	}
}
